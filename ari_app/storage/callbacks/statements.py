"""The SQL of callbacks. A row that is read within a transaction is locked until its end."""

from __future__ import annotations

from ari_app.core.callbacks import CallbackAttempt, CallbackRequest
from ari_app.storage.calls.statements import CALL
from ari_app.storage.db.nodes import gone
from ari_app.storage.db.notifications import NUMBER
from ari_app.storage.db.rows import RowShape
from ari_app.storage.operators.absences import IS_ABSENT

REQUEST = RowShape(CallbackRequest, "callback_request")
ATTEMPT = RowShape(CallbackAttempt, "callback_attempt")

_URGENCY = "plan_by_at, deadline_at, first_contact_at, id"
_OPEN = f"SELECT {REQUEST.listed()} FROM callback_request WHERE closed_at IS NULL"

# --- reading, without a transaction ---

THE_REQUEST = f"SELECT {REQUEST.listed()} FROM callback_request WHERE id = $1"
OPEN_REQUESTS = f"{_OPEN} AND kind = ANY($1) ORDER BY {_URGENCY}"
OPEN_REQUESTS_OF_NUMBER = f"{_OPEN} AND pii_number = $1 AND municipality = ANY($2) ORDER BY {_URGENCY}"
OPEN_REQUESTS_OF_TEAM = f"{_OPEN} AND owner_team = $1 ORDER BY {_URGENCY}"
ABSENCES = "SELECT operator, from_at, until_at, reason FROM operator_absence WHERE until_at IS NULL OR until_at > $1"
KNOWN_REMINDERS = "SELECT DISTINCT key FROM callback_reminder WHERE key = ANY($1)"
#: callers who gave up waiting; a caller who called again and was helped, has a promise since, or was refused one by a
#: limit, is not one
ABANDONED_CALLS = f"""
SELECT {CALL.listed()} FROM call
WHERE municipality = ANY($1) AND arrived_at >= $2 AND end_reason = 'abandoned_waiting'
  AND pii_caller_number IS NOT NULL AND callback_request IS NULL
  AND NOT EXISTS (SELECT FROM call later WHERE later.pii_caller_number = call.pii_caller_number
    AND later.municipality = call.municipality AND later.arrived_at > call.arrived_at
    AND (later.answered_at IS NOT NULL OR later.ended_at IS NULL AND NOT {gone("later.asterisk_id")})
    AND later.arrived_at >= $2)
  AND NOT EXISTS (SELECT FROM callback_request r WHERE r.pii_number = call.pii_caller_number
    AND r.municipality = call.municipality AND (r.call_id = call.id OR r.created_at >= call.arrived_at
      OR EXISTS (SELECT FROM callback_fact f WHERE f.request_id = r.id AND f.kind = 'joined'
        AND f.at >= call.arrived_at)))
  AND NOT EXISTS (SELECT FROM call_fact f WHERE f.call_id = call.id AND f.kind = 'callback_limited')
ORDER BY arrived_at, id"""

#: by a caller: the numbers they are promised a call on, and earlier calls of theirs that are about to confirm one
ASKED_FOR = """
SELECT
  (SELECT count(DISTINCT (c.municipality, c.pii_callback_number)) FROM call c
    WHERE c.arrived_at >= $5 AND c.id <> $4 AND c.pii_caller_number = $2 AND c.pii_callback_number IS NOT NULL)
  + (SELECT count(*) FROM call c, call this
    WHERE c.arrived_at >= $5 AND this.id = $4 AND (c.arrived_at, c.id) < (this.arrived_at, this.id)
      AND c.pii_caller_number = $2 AND c.pii_callback_number IS NULL
      AND c.stage = 'leaving_callback' AND c.ended_at IS NULL) AS by_caller,
  (SELECT count(*) FROM callback_request r WHERE r.pii_number = $3 AND r.created_at >= $5
    AND r.reason = ANY($6::text[]) AND r.call_id IS DISTINCT FROM $4) AS to_number,
  (SELECT count(*) FROM callback_request r WHERE r.municipality = $1 AND r.deadline_at > $5 AND r.created_at >= $5
    AND r.reason = ANY($6::text[]) AND r.call_id IS DISTINCT FROM $4) AS in_municipality"""

# --- reading, locked ---

LOCK_REQUEST = f"{THE_REQUEST} FOR UPDATE"
LOCK_OPEN_REQUEST = f"{_OPEN} AND municipality = $1 AND pii_number = $2 FOR UPDATE"
LOCK_REQUEST_OF_ATTEMPT = (
    f"SELECT {REQUEST.listed()} FROM callback_request"
    " WHERE id = (SELECT request_id FROM callback_attempt WHERE id = $1) FOR UPDATE"
)
LOCK_ASKED_BEFORE = f"""
SELECT {REQUEST.listed(prefix="r.")}, f.kind AS asked_kind FROM callback_request r
JOIN callback_fact f ON f.request_id = r.id AND f.kind IN ('created', 'joined')
WHERE r.municipality = $1 AND r.pii_number = $2 AND f.detail = $3::jsonb
  AND NOT EXISTS (SELECT FROM callback_fact c WHERE c.request_id = r.id AND c.kind = 'closed'
    AND c.detail->>'call_id' = f.detail->>'call_id')
LIMIT 1 FOR UPDATE OF r"""
THE_ATTEMPT = f"SELECT {ATTEMPT.listed()} FROM callback_attempt WHERE id = $1"
ATTEMPTS_OF = f"SELECT {ATTEMPT.listed()} FROM callback_attempt WHERE request_id = $1 ORDER BY number"
#: a citizen who is on the line with us would only be found busy; the rows of a node that is gone say nothing
_ON_THE_LINE = """EXISTS (SELECT FROM call c WHERE c.ended_at IS NULL AND c.pii_caller_number = {number}
    AND c.arrived_at > {now}::timestamptz - interval '4 hours' AND NOT {gone})"""
IS_ON_THE_LINE = f"SELECT {_ON_THE_LINE.format(number='$1', now='$2', gone=gone('c.asterisk_id'))}"
#: `core.callback_rules.owner_now`: a request `r` for one person is the whole team's when they are late, or away
IS_TEAMS = f"""(coalesce(r.personal_until_at <= {{now}}, false)
    OR {IS_ABSENT.format(operator="r.owner_operator", now="{now}")})"""
LOCK_NEXT_DUE = f"""
SELECT {REQUEST.listed(prefix="r.")} FROM callback_request r
WHERE r.closed_at IS NULL AND r.lease_owner IS NULL AND r.next_attempt_at <= $1 AND r.kind = 'promise'
  AND (r.owner_team = ANY($2::text[]) OR r.owner_operator = $3)
  AND (r.municipality = ANY($4::text[])
    OR r.deadline_at > $1 AND EXISTS (SELECT FROM unnest($5::text[], $6::timestamptz[]) AS closed (town, resumes_at)
      WHERE closed.town = r.municipality AND r.deadline_at <= closed.resumes_at))
  AND (r.owner_operator IS NULL OR r.owner_operator = $3 OR {IS_TEAMS.format(now="$1")})
  AND NOT EXISTS (SELECT FROM callback_request o WHERE o.pii_number = r.pii_number AND o.lease_owner IS NOT NULL)
  AND NOT {_ON_THE_LINE.format(number="r.pii_number", now="$1", gone=gone("c.asterisk_id"))}
ORDER BY r.plan_by_at, r.deadline_at, r.first_contact_at, r.id LIMIT 1 FOR UPDATE OF r SKIP LOCKED"""
LOCK_EXPIRED_LEASES = (
    f"SELECT {REQUEST.listed()} FROM callback_request WHERE lease_until_at <= $1"
    " ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED"
)

# --- writing ---

NEXT_REFERENCE_NUMBER = "SELECT nextval('callback_reference')"
INSERT_REQUEST = (
    f"INSERT INTO callback_request ({REQUEST.listed()}) VALUES ({REQUEST.parameters(1)})"
    f" ON CONFLICT (municipality, pii_number) WHERE closed_at IS NULL DO NOTHING RETURNING {NUMBER}"
)
UPDATE_REQUEST = (
    f"UPDATE callback_request SET ({', '.join(REQUEST.columns)}) = ROW ({REQUEST.parameters(1)}) WHERE id = $1"
    f" RETURNING {NUMBER}"
)
INSERT_FACT = "INSERT INTO callback_fact (request_id, seq, at, kind, detail) VALUES ($1, $2, $3, $4, $5)"
WRITE_ATTEMPT = (
    f"INSERT INTO callback_attempt ({ATTEMPT.listed()}) VALUES ({ATTEMPT.parameters(1)})"
    f" ON CONFLICT (id) DO UPDATE SET {ATTEMPT.overwritten(by='excluded', keys=('id', 'request_id', 'number'))}"
)
EXTEND_LEASES_OF_CALLS = """
UPDATE callback_request r SET lease_until_at = $2 FROM callback_attempt a JOIN call c ON c.id = a.call_id
WHERE a.request_id = r.id AND a.ended_at IS NULL AND r.lease_owner IS NOT NULL
  AND c.ended_at IS NULL AND c.asterisk_id = $1 AND r.lease_until_at < $2"""
#: nothing, when the call has another fact by now
NOTE_LIMIT = """
WITH noted AS (UPDATE call SET last_seq = last_seq + 1 WHERE id = $1 AND last_seq = $2 RETURNING id, last_seq)
INSERT INTO call_fact (call_id, seq, at, kind, detail)
SELECT id, last_seq, $3::timestamptz, 'callback_limited', jsonb_build_object('limit', $4::text) FROM noted"""
INSERT_REMINDER = """
INSERT INTO callback_reminder (key, way, kind, audience, due_at, day, owner_team, owner_operator, request_id,
  municipality, created_at, next_try_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) ON CONFLICT (key, way) DO NOTHING RETURNING id"""
FINISH_REMINDER = (
    "UPDATE callback_reminder SET done_at = $2, outcome = $3 WHERE id = $1 AND done_at IS NULL RETURNING id"
)
TAKE_REMINDERS = """
UPDATE callback_reminder SET next_try_at = $3, tries_count = tries_count + 1
WHERE id IN (SELECT id FROM callback_reminder WHERE done_at IS NULL AND next_try_at <= $1 AND way = ANY($2::text[])
  ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING *"""
POSTPONE_REMINDER = "UPDATE callback_reminder SET next_try_at = $2, tries_count = tries_count - $3 WHERE id = $1"
