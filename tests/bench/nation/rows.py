"""The rows of the record, made from the plan, by table. Every value is one that the application writes itself."""

from __future__ import annotations

from collections.abc import Mapping

from tests.bench.nation.size import MUNICIPALITIES

_TOWN = "nation.call p JOIN nation.town t ON t.n = p.town"
_CALLER = "nation.id(p.arrived_at, p.k, 'caller')"
_OPERATOR = "nation.id(p.offered_at, p.k, 'operator')"
_COLLEAGUE = "nation.id(p.left_at, p.k, 'colleague')"
_CHANNEL = "floor(date_part('epoch', {0}))::bigint || '.' || {1} % 100000"
_TEAM = "'team-' || p.town"

_CALL = f"""
INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq, shared_number,
  municipality, choice, line_answered_at, queued_at, answered_at, ended_at, end_reason, transfer_count, transfers_asked,
  has_music, menu_tries, wait_until_at, last_told_at, position_told, operator_session, bridge_id, handled_by,
  callback_offered_at, callback_reason, callback_kind, callback_confirmed_how, callback_reference, pii_caller_number,
  pii_callback_number)
SELECT p.id, 'node' || p.town % 2 + 1, {_CHANNEL.format("p.arrived_at", "p.k")},
  CASE WHEN p.by_menu THEN t.shared_number ELSE t.geographic END, 'ended', p.ended_at + interval '3 milliseconds',
  p.arrived_at, p.f4 + 1, CASE WHEN p.by_menu THEN t.shared_number END,
  CASE WHEN p.moves = 4 THEN 'GM' || 1000 + (p.town + 1) % {MUNICIPALITIES} WHEN p.is_chosen THEN t.code END,
  CASE WHEN p.is_chosen THEN CASE WHEN p.by_menu THEN 'key' ELSE 'number' END END,
  CASE WHEN p.became <> 'early' THEN p.arrived_at + interval '120 milliseconds' END, p.queued_at, p.answered_at,
  p.ended_at, p.end_reason,
  (p.moves IN (1, 2, 3))::int, CASE p.moves WHEN 0 THEN 0 WHEN 3 THEN 2 ELSE 1 END, p.queued_at IS NOT NULL,
  p.is_asked::int, p.queued_at + interval '900 seconds',
  CASE WHEN p.positions > 0 THEN p.queued_at + p.positions * interval '45 seconds' END, p.positions, p.session_id,
  CASE WHEN p.answered_at IS NOT NULL THEN 'talk-' || nation.id(p.answered_at, p.k, 'bridge') END,
  CASE WHEN p.moves IN (1, 2, 3) THEN {_COLLEAGUE} WHEN p.answered_at IS NOT NULL THEN {_OPERATOR} END,
  CASE WHEN p.became = 'callback' THEN p.ended_at - interval '25 seconds' END,
  CASE WHEN p.became = 'callback' THEN 'waiting' END, CASE WHEN p.became = 'callback' THEN 'promise' END,
  CASE WHEN p.became = 'callback' THEN 'shown' END, r.reference, p.number,
  CASE WHEN p.became = 'callback' THEN p.number END
FROM {_TOWN} LEFT JOIN nation.request r ON p.became = 'callback' AND r.k = p.k ORDER BY p.arrived_at, p.k"""

_LEG = f"""
INSERT INTO call_leg (id, call_id, channel_id, role, party, started_at, answered_at, joined_at, left_at, ended_at,
  end_reason, hangup_cause, owns_channel, team)
SELECT leg.* FROM nation.call p JOIN nation.town t ON t.n = p.town LEFT JOIN nation.session s ON s.s = p.s
CROSS JOIN LATERAL (
  SELECT {_CALLER}, p.id, {_CHANNEL.format("p.arrived_at", "p.k")}, 'caller', NULL::text, p.arrived_at,
    CASE WHEN p.became <> 'early' THEN p.arrived_at + interval '120 milliseconds' END, p.answered_at,
    CASE WHEN p.answered_at IS NOT NULL THEN p.ended_at END, p.ended_at,
    CASE WHEN p.k % 3 = 0 AND p.became = 'answered' THEN 'released' ELSE 'hung_up' END, 16, true, NULL::text
  UNION ALL
  SELECT {_OPERATOR}, p.id, {_CHANNEL.format("s.login_at", "p.s")}, 'operator', p.operator, p.offered_at, p.answered_at,
    p.answered_at, p.left_at, p.left_at, CASE WHEN p.k % 3 = 0 THEN 'hung_up' ELSE 'released' END, NULL::int, false,
    {_TEAM} WHERE p.answered_at IS NOT NULL
  UNION ALL
  SELECT {_COLLEAGUE}, p.id, 'colleague-' || p.id || '-' || lpad(to_hex(p.k), 8, '0'), 'colleague',
    (200000 + p.town * 10 + p.k % 10)::text, p.left_at - interval '40 seconds', p.left_at - interval '30 seconds',
    p.left_at, p.ended_at, p.ended_at, 'released', 16, true, NULL WHERE p.moves IN (1, 2, 3)) AS leg
ORDER BY p.arrived_at, p.k"""

_FACT = """
INSERT INTO call_fact (call_id, seq, at, kind, detail)
SELECT p.id, fact.seq, fact.at, fact.kind, fact.detail::jsonb
FROM nation.call p JOIN nation.town t ON t.n = p.town CROSS JOIN LATERAL (
  SELECT 1 AS seq, p.arrived_at AS at, 'arrived' AS kind, CASE WHEN p.by_menu
    THEN '{"dialled": "' || t.shared_number || '"}' ELSE '{"dialled": "' || t.geographic || '"}' END AS detail
  UNION ALL SELECT 2, p.arrived_at + interval '120 milliseconds', 'answered_line', '{}' WHERE p.is_asked
  UNION ALL SELECT 3, p.arrived_at + interval '130 milliseconds', 'question_asked', '{}' WHERE p.is_asked
  UNION ALL SELECT p.f2, coalesce(p.queued_at, p.arrived_at + interval '600 milliseconds'), 'municipality_chosen',
    '{"municipality": "' || t.code || CASE WHEN p.by_menu THEN '", "how": "key"}' ELSE '", "how": "number"}' END
    WHERE p.is_chosen
  UNION ALL SELECT p.f2 + 1, p.queued_at, 'queued', '{}' WHERE p.queued_at IS NOT NULL
  UNION ALL SELECT p.f2 + 1 + told, p.queued_at + told * interval '45 seconds', 'position_told',
    '{"position": ' || greatest(1, p.positions - told) || '}' FROM generate_series(1, p.positions) AS told
  UNION ALL SELECT p.f3 + 1, p.offered_at, 'offered',
    '{"operator": "' || p.operator || '", "ring": false, "overflow": false}' WHERE p.answered_at IS NOT NULL
  UNION ALL SELECT p.f3 + 2, p.answered_at, 'answered', '{"by": "' || p.operator || '"}' WHERE p.answered_at IS NOT NULL
  UNION ALL SELECT p.f3 + 1 + 2 * move.number, move.requested_at, 'transfer_asked', '{"kind": "' || move.kind
    || '", "by": "' || p.operator || '", "to": "' || move.to_party || '"}'
    FROM nation.move move WHERE p.moves > 0 AND move.k = p.k
  UNION ALL SELECT p.f3 + 2 + 2 * move.number, move.ended_at,
    CASE move.outcome WHEN 'completed' THEN 'transferred' ELSE 'transfer_over' END,
    '{"outcome": "' || move.outcome || '", "to": "' || move.to_party || '"}'
    FROM nation.move move WHERE p.moves > 0 AND move.k = p.k
  UNION ALL SELECT p.f3 + 1, p.arrived_at + interval '700 milliseconds', 'announced', '{"what": "closed"}'
    WHERE p.became = 'closed'
  UNION ALL SELECT p.f3 + 1, p.ended_at - interval '25 seconds', 'callback_offered',
    '{"reason": "waiting", "kind": "promise"}' WHERE p.became = 'callback'
  UNION ALL SELECT p.f3 + 2, p.ended_at - interval '8 seconds', 'callback_requested',
    (SELECT '{"reference": "' || r.reference || '"}' FROM nation.request r WHERE r.k = p.k) WHERE p.became = 'callback'
  UNION ALL SELECT p.f4 + 1, p.ended_at + interval '3 milliseconds', 'ended', '{"reason": "' || p.end_reason
    || '", "estimated": false}') AS fact
ORDER BY p.arrived_at, p.k, fact.seq"""

_VISIT = f"""
INSERT INTO queue_visit (id, call_id, municipality, reason, entered_at, from_municipality, position, left_at, outcome,
  operator, team)
SELECT visit.* FROM {_TOWN} CROSS JOIN LATERAL (
  SELECT nation.id(p.queued_at, p.k, 'visit'), p.id, t.code, 'menu', p.queued_at, NULL::text, p.positions + 1,
    CASE p.became WHEN 'answered' THEN p.answered_at WHEN 'callback' THEN p.ended_at - interval '25 seconds'
      ELSE p.ended_at END, p.became, p.operator, CASE WHEN p.became = 'answered' THEN {_TEAM} END
    WHERE p.became <> 'too_long'
  UNION ALL
  SELECT nation.id(p.queued_at, p.k, 'visit'), p.id, t.code, 'menu', p.queued_at, NULL, p.positions + 1, p.ended_at,
    'waited_too_long', NULL, NULL WHERE p.became = 'too_long'
  UNION ALL
  SELECT nation.id(p.left_at, p.k, 'second visit'), p.id, 'GM' || 1000 + (p.town + 1) % {MUNICIPALITIES}, 'transfer',
    p.left_at, t.code, 1, p.ended_at, 'abandoned', NULL, NULL WHERE p.moves = 4) AS visit
WHERE p.queued_at IS NOT NULL ORDER BY p.arrived_at, p.k"""

_TRANSFER = f"""
INSERT INTO transfer (id, call_id, number, kind, state, requested_at, from_party, from_leg, to_party, from_session,
  to_endpoint, to_municipality, to_leg, pii_subject, until_at, answered_at, completed_at, ended_at, outcome, counted,
  count_reason)
SELECT nation.id(move.requested_at, p.k, 'transfer' || move.number), p.id, move.number, move.kind, 'ended',
  move.requested_at, p.operator, {_OPERATOR}, move.to_party, p.session_id,
  CASE WHEN move.kind <> 'queue' THEN 'PJSIP/phone' || p.town || '-' || p.k % 10 END,
  CASE WHEN move.kind = 'queue' THEN move.to_party END,
  CASE WHEN move.outcome = 'completed' THEN {_COLLEAGUE} END, CASE WHEN p.number IS NULL THEN '' ELSE 'paspoort' END,
  move.requested_at + interval '25 seconds', CASE WHEN move.outcome = 'completed'
    THEN move.ended_at - interval '30 seconds' END, CASE WHEN move.outcome = 'completed' THEN move.ended_at END,
  move.ended_at, move.outcome, move.outcome = 'completed',
  CASE move.outcome WHEN 'completed' THEN 'handed_over' ELSE 'not_handed_over' END
FROM nation.call p JOIN nation.move ON move.k = p.k WHERE p.moves > 0 ORDER BY move.ended_at, p.k, move.number"""

_STATE = f"""
INSERT INTO operator_state (session_id, operator, teams, state, pause_reason, call_id, from_at, until_at)
SELECT p.session_id, p.operator, ARRAY[{_TEAM}], stretch.* FROM nation.call p CROSS JOIN LATERAL (VALUES
  ('paused', CASE p.c WHEN 34 THEN 'lunch' ELSE 'break' END, NULL::uuid, p.begin_at, p.ready_at),
  ('ready', NULL, NULL, p.ready_at, p.offered_at), ('offered', NULL, p.id, p.offered_at, p.answered_at),
  ('talking', NULL, p.id, p.answered_at, p.left_at), ('wrap_up', NULL, NULL, p.left_at, p.over_at))
  AS stretch (state, pause_reason, call_id, from_at, until_at)
WHERE p.answered_at IS NOT NULL AND stretch.until_at > stretch.from_at ORDER BY p.arrived_at, p.k, stretch.from_at"""

#: from the last call of a session to the logout, a minute after closing time or after that call
_LAST = """
SELECT s.*, coalesce(last.calls, 0) AS calls, coalesce(last.over_at, s.login_at) AS idle_at,
  greatest(s.closes_at, last.over_at) + nation.ms(1 + (60000 * nation.u(s.s, 30))::bigint) AS logout_at
FROM nation.session s LEFT JOIN (SELECT s, max(over_at) AS over_at, count(*) AS calls FROM nation.call
  WHERE s IS NOT NULL GROUP BY s) last USING (s)"""
_LAST_STATE = f"""
INSERT INTO operator_state (session_id, operator, teams, state, from_at, until_at)
SELECT s.id, s.operator, ARRAY['team-' || s.town], 'ready', s.idle_at, s.logout_at FROM ({_LAST}) s ORDER BY s.s"""
_SESSION = f"""
INSERT INTO operator_session (id, asterisk_id, operator, reach, endpoint, logged_in_at, state, state_since_at,
  idle_since_at, line_id, channel_id, bridge_id, logged_out_at, logout_reason, teams, version)
SELECT s.id, 'node' || s.town % 2 + 1, s.operator, 'line', 'PJSIP/phone' || s.operator, s.login_at, 'away', s.logout_at,
  s.idle_at, s.line_id, {_CHANNEL.format("s.login_at", "s.s")}, 'line-' || s.line_id, s.logout_at, 'key',
  ARRAY['team-' || s.town], 1 + 4 * s.calls
FROM ({_LAST}) s ORDER BY s.s"""
_LINE = f"""
INSERT INTO operator_line (id, asterisk_id, channel_id, endpoint, operator, started_at, answered_at, ended_at,
  end_reason, hangup_cause, version)
SELECT s.line_id, 'node' || s.town % 2 + 1, {_CHANNEL.format("s.login_at", "s.s")}, 'PJSIP/phone' || s.operator,
  s.operator, s.login_at - interval '5 seconds', s.login_at - interval '4 seconds', s.logout_at, 'released', 16, 2
FROM ({_LAST}) s ORDER BY s.s"""

_TRY = "r.first_try_at + ({0} - 1) * interval '1 hour'"
_REACHED = "(r.is_reached AND {0} = r.tries)"
_REQUEST = f"""
INSERT INTO callback_request (id, reference, municipality, reason, kind, state, first_contact_at, deadline_at,
  plan_by_at, owner_team, number_confirmed_how, pii_number, created_at, last_seq, call_id, queued_at, attempts_count,
  first_attempt_at, next_attempt_at, reached_at, closed_at, close_kind, closed_by, pii_note, pii_close_reason)
SELECT r.id, r.reference, 'GM' || 1000 + r.town, 'waiting', 'promise',
  CASE WHEN is_closed THEN 'closed' ELSE 'open' END,
  arrived_at, arrived_at + interval '1 day', arrived_at + interval '20 hours', 'team-' || r.town, 'shown',
  coalesce(number, CASE WHEN is_closed THEN '' END), ended_at, CASE WHEN is_closed
    THEN 2 + 3 * tries + 2 * is_reached::int ELSE 1 END, call_id, NULL, tries,
  CASE WHEN is_closed THEN first_try_at END, CASE WHEN NOT is_closed THEN first_try_at END,
  CASE WHEN is_closed AND is_reached THEN {_TRY.format("tries")} + interval '25 seconds' END,
  CASE WHEN is_closed THEN {_TRY.format("tries")} + interval '4 minutes' END,
  CASE WHEN is_closed THEN CASE WHEN is_reached THEN 'reached' ELSE 'by_person' END END,
  CASE WHEN is_closed THEN 'operator' END, '',
  CASE WHEN is_closed AND NOT is_reached THEN CASE WHEN number IS NULL THEN NULL ELSE 'niet bereikt' END END
FROM nation.request r ORDER BY r.ended_at, r.k"""
_ATTEMPT = f"""
INSERT INTO callback_attempt (id, request_id, number, operator, started_at, answered_at, reached_at, ended_at, outcome)
SELECT nation.id({_TRY.format("turn")}, r.k, 'attempt' || turn), r.id, turn, t.first_operator::text,
  {_TRY.format("turn")},
  CASE WHEN {_REACHED.format("turn")} THEN {_TRY.format("turn")} + interval '20 seconds' END,
  CASE WHEN {_REACHED.format("turn")} THEN {_TRY.format("turn")} + interval '25 seconds' END,
  {_TRY.format("turn")} + interval '3 minutes', CASE WHEN {_REACHED.format("turn")} THEN 'reached' ELSE 'no_answer' END
FROM nation.request r JOIN nation.town t ON t.n = r.town, generate_series(1, r.tries) AS turn
ORDER BY r.ended_at, r.k, turn"""
_CALLBACK_FACT = f"""
INSERT INTO callback_fact (request_id, seq, at, kind, detail)
SELECT r.id, fact.seq, fact.at, fact.kind, fact.detail::jsonb FROM nation.request r
JOIN nation.town t ON t.n = r.town CROSS JOIN LATERAL (
  SELECT 1 AS seq, r.ended_at AS at, 'created' AS kind, '{{"reason": "waiting", "call_id": "' || r.call_id || '"}}'
    AS detail
  UNION ALL SELECT 3 * turn - 1, {_TRY.format("turn")} - interval '9 seconds', 'claimed',
    '{{"operator": "' || t.first_operator || '", "lease_owner": "' || t.first_operator || '"}}'
    FROM generate_series(1, r.tries) AS turn
  UNION ALL SELECT 3 * turn, {_TRY.format("turn")}, 'attempt_started', '{{"number": ' || turn || ', "operator": "'
    || t.first_operator || '", "call_id": null}}' FROM generate_series(1, r.tries) AS turn
  UNION ALL SELECT 3 * r.tries + 1, {_TRY.format("r.tries")} + interval '20 seconds', 'attempt_answered',
    '{{"number": ' || r.tries || '}}' WHERE r.is_closed AND r.is_reached
  UNION ALL SELECT 3 * r.tries + 2, {_TRY.format("r.tries")} + interval '25 seconds', 'talk_began',
    '{{"number": ' || r.tries || '}}' WHERE r.is_closed AND r.is_reached
  UNION ALL SELECT 3 * turn + 1 + CASE WHEN {_REACHED.format("turn")} THEN 2 ELSE 0 END,
    {_TRY.format("turn")} + interval '3 minutes', 'attempt_ended', '{{"number": ' || turn || ', "outcome": "'
    || CASE WHEN {_REACHED.format("turn")} THEN 'reached' ELSE 'no_answer' END || '", "late": false}}'
    FROM generate_series(1, r.tries) AS turn
  UNION ALL SELECT 3 * r.tries + 2 + CASE WHEN r.is_reached THEN 2 ELSE 0 END,
    {_TRY.format("r.tries")} + interval '4 minutes', 'closed', CASE WHEN r.is_reached
      THEN '{{"how": "reached", "by": "operator"}}' ELSE '{{"how": "by_person", "by": "operator"}}' END
    WHERE r.is_closed
) AS fact ORDER BY r.ended_at, r.k, fact.seq"""

#: the statements that fill each table, the largest first
ROWS: Mapping[str, tuple[str, ...]] = {
    "call_fact": (_FACT,),
    "call_leg": (_LEG,),
    "operator_state": (_STATE, _LAST_STATE),
    "call": (_CALL,),
    "queue_visit": (_VISIT,),
    "transfer": (_TRANSFER,),
    "operator_session": (_SESSION,),
    "operator_line": (_LINE,),
    "callback_request": (_REQUEST,),
    "callback_attempt": (_ATTEMPT,),
    "callback_fact": (_CALLBACK_FACT,),
}
