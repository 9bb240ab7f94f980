"""The proof whether promises were kept: two views, with their definitions as comments in the database."""

from __future__ import annotations

import sqlalchemy as sa

PROOF_DEFINITION = (
    "AV 2: contacted at latest on the working day after the first contact. on_time: the talk began (reached_at) at or"
    " before deadline_at, the end of opening hours on the next working day of the Algemene termijnenwet (17:00 where"
    " the municipality is closed all that day by its own choice). A talk is one on a callback that the citizen"
    " answered, or one on the next call of the citizen, with which the request was closed. Attempts without a talk are"
    " no contact. on_time is null while it is open and the deadline has not passed."
)
PROMISE_DEFINITION = (
    "Per municipality and month of the deadline (Europe/Amsterdam). due: reached, closed, or past the deadline. kept:"
    " on_time. late: reached after the deadline. unreached: closed by a person without a talk. open_overdue: open, and"
    " past the deadline. tried_in_time: not kept, with an attempt before the deadline that the citizen could notice."
    " share_kept: kept / due. For on_time see the view callback_proof."
)

_PROOF = """\
CREATE VIEW callback_proof AS
SELECT r.id AS request_id, r.reference, r.municipality, r.reason, r.kind, r.state, r.first_contact_at, r.deadline_at,
  r.first_attempt_at, r.attempts_count, r.reached_at, r.close_kind, r.closed_at,
  CASE WHEN r.reached_at IS NOT NULL THEN r.reached_at <= r.deadline_at
    WHEN r.closed_at IS NOT NULL OR r.deadline_at < now() THEN false END AS on_time,
  'AV2-next-working-day'::text AS definition
FROM callback_request r"""

_PROMISE = """\
CREATE VIEW callback_promise AS
SELECT p.municipality, date_trunc('month', p.deadline_at AT TIME ZONE 'Europe/Amsterdam')::date AS month,
  count(p.on_time) AS due,
  count(*) FILTER (WHERE p.on_time) AS kept,
  count(*) FILTER (WHERE NOT p.on_time AND p.reached_at IS NOT NULL) AS late,
  count(*) FILTER (WHERE p.reached_at IS NULL AND p.closed_at IS NOT NULL) AS unreached,
  count(*) FILTER (WHERE NOT p.on_time AND p.closed_at IS NULL) AS open_overdue,
  count(*) FILTER (WHERE NOT p.on_time AND p.attempts_count > 0 AND p.first_attempt_at <= p.deadline_at)
    AS tried_in_time,
  round(count(*) FILTER (WHERE p.on_time) / nullif(count(p.on_time), 0)::numeric, 4) AS share_kept,
  min(p.definition) AS definition
FROM callback_proof p
GROUP BY p.municipality, date_trunc('month', p.deadline_at AT TIME ZONE 'Europe/Amsterdam')"""

CALLBACK_VIEWS = (
    _PROOF,
    f"COMMENT ON VIEW callback_proof IS '{PROOF_DEFINITION}'",
    _PROMISE,
    f"COMMENT ON VIEW callback_promise IS '{PROMISE_DEFINITION}'",
)

callback_proof = sa.table(
    "callback_proof",
    sa.column("request_id", sa.Uuid),
    sa.column("municipality", sa.Text),
    sa.column("on_time", sa.Boolean),
)
callback_promise = sa.table(
    "callback_promise",
    sa.column("municipality", sa.Text),
    sa.column("month", sa.Date),
    *(sa.column(name, sa.BigInteger) for name in ("due", "kept", "late", "unreached", "open_overdue", "tried_in_time")),
    sa.column("share_kept", sa.Numeric),
    sa.column("definition", sa.Text),
)
