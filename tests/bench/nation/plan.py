"""The plan of the year, in tables of the schema `nation`: sessions of operators, and the calls that they answer.

It begins with the operators. One session is a row of cycles: pause, ready, offered, talking, wrap-up; each cycle is a
call, whose caller arrived as long before the offer as the queue was. So no operator has two calls at a time, states
touch, and the curve of the day is that of the cycles. The calls that nobody answered come beside them.

`nation.u(key, salt)` is a number from 0 to 1 that follows from key, salt and seed alone.
"""

from __future__ import annotations

from tests.bench.nation.size import ANSWERED_BY_OPERATOR, MUNICIPALITIES, UNANSWERED, Year

TEAR_DOWN = "DROP SCHEMA IF EXISTS nation CASCADE"


def functions(year: Year) -> str:
    return f"""
CREATE SCHEMA nation;
CREATE FUNCTION nation.u(key bigint, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (hashint8extended(key, {year.seed}::bigint * 1000 + salt) & 2147483647) / 2147483648.0::float8 $$;
CREATE FUNCTION nation.ms(count bigint) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT count * interval '1 millisecond' $$;
-- as `core.ids.sorted_by_time`: hundredths of a second, the version, random bits
CREATE FUNCTION nation.id(at timestamptz, key bigint, kind text) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT overlay(overlay(md5(key || kind || {year.seed})
  placing lpad(floor(date_part('epoch', at) * 100)::bigint::text, 12, '0') || '8' from 1 for 13)
  placing '9' from 17 for 1)::uuid $$;
CREATE FUNCTION nation.at(day date, second float8) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT date_trunc('milliseconds', (day + second * interval '1 second') AT TIME ZONE 'Europe/Amsterdam') $$;
CREATE UNLOGGED TABLE nation.town (n int, code text, daily float8, operators int, first_operator int,
  shared_number text, geographic text);
CREATE UNLOGGED TABLE nation.reference (n bigint, reference text);
CREATE UNLOGGED TABLE nation.day (day date, business float8, is_open boolean);
"""


def sessions(year: Year) -> str:
    """Operators log in between 8:15 and 8:30; after 17:00 nobody gets a new caller."""
    return f"""
CREATE UNLOGGED TABLE nation.session AS
SELECT made.*, nation.id(login_at, s, 'session') AS id, nation.id(login_at - interval '5 seconds', s, 'line') AS line_id
FROM (SELECT row_number() OVER (ORDER BY day.day, town.n, number) AS s, day.day, town.n AS town,
    (town.first_operator + number)::text AS operator,
    nation.at(day.day, 29700 + 900 * nation.u(town.n * 10000 + day.day - date '2000-01-01' + number * 7919, 1))
      AS login_at,
    nation.at(day.day, 61200) AS closes_at
  FROM nation.day CROSS JOIN nation.town CROSS JOIN LATERAL generate_series(0, least(town.operators, floor(
    town.daily * day.business * {year.share} / {ANSWERED_BY_OPERATOR}
    + nation.u(town.n * 10000 + day.day - date '2000-01-01', 2))::int) - 1) AS number
  WHERE day.is_open) made
"""


#: seconds: in the hours with most callers a queue is there more often, and operators rest for a shorter time
_CYCLES = """
raw AS (
  SELECT session.s, c, session.s * 100 + c AS k, busy,
    CASE c WHEN 17 THEN 900 WHEN 34 THEN 1800 + 900 * nation.u(s * 100 + c, 3) WHEN 52 THEN 900 ELSE 0 END AS pause,
    CASE WHEN busy THEN 1 + 2 * nation.u(s * 100 + c, 4)
      ELSE 3 - ln(1 - nation.u(s * 100 + c, 4)) * CASE WHEN c % 34 BETWEEN 8 AND 25 THEN 140 ELSE 240 END END AS ready,
    2 + 5 * nation.u(s * 100 + c, 5) AS ring, 15 - 215 * ln(1 - nation.u(s * 100 + c, 6)) AS talk,
    CASE WHEN nation.u(s * 100 + c, 7) < 0.3 THEN 0 ELSE 10 + 60 * nation.u(s * 100 + c, 8) END AS wrap_up,
    CASE WHEN busy THEN least(840, -90 * ln(1 - nation.u(s * 100 + c, 9))) ELSE nation.u(s * 100 + c, 9) END AS wait
  FROM nation.session, generate_series(1, 90) AS c, LATERAL (SELECT nation.u(s * 100 + c, 10)
    < CASE WHEN c % 34 BETWEEN 8 AND 25 THEN 0.7 ELSE 0.35 END AS busy) AS often),
timed AS (
  SELECT s, c, k, wait, (pause * 1000)::bigint AS pause, (ready * 1000)::bigint AS ready, (ring * 1000)::bigint AS ring,
    (talk * 1000)::bigint AS talk, (wrap_up * 1000)::bigint AS wrap_up FROM raw),
placed AS (SELECT timed.*, sum(pause + ready + ring + talk + wrap_up) OVER (PARTITION BY s ORDER BY c)::bigint AS over
  FROM timed),
cycle AS (
  SELECT placed.k, session.s, session.town, session.operator, session.id AS session_id, placed.c, placed.wait,
    login_at + nation.ms(over - wrap_up - talk - ring - ready - pause) AS begin_at,
    login_at + nation.ms(over - wrap_up - talk - ring - ready) AS ready_at,
    login_at + nation.ms(over - wrap_up - talk - ring) AS offered_at,
    login_at + nation.ms(over - wrap_up - talk) AS answered_at,
    login_at + nation.ms(over - wrap_up) AS left_at,
    login_at + nation.ms(over) AS over_at
  FROM placed JOIN nation.session USING (s) WHERE login_at + nation.ms(over - wrap_up - talk - ring) < closes_at)"""

#: What became of a caller; of those whom an operator took: 0 no transfer, 1 warm, 2 cold, 3 no answer and then warm,
#: 4 to another queue, where the caller gave up. Keys of calls that nobody answered are from 50 million on.
_OUTCOMES = f"""
answered AS (
  SELECT cycle.*, 'answered' AS became, CASE
      WHEN left_at - answered_at < interval '90 seconds' THEN 0
      WHEN nation.u(k, 11) < 0.025 THEN 1 WHEN nation.u(k, 11) < 0.04 THEN 2
      WHEN nation.u(k, 11) < 0.045 THEN 3 WHEN nation.u(k, 11) < 0.05 THEN 4 ELSE 0 END AS moves,
    offered_at - nation.ms((wait * 1000)::bigint) AS queued_at, nation.u(k, 12) < 0.55 AS by_menu FROM cycle),
unanswered AS (
  SELECT 50000000 + row_number() OVER (ORDER BY day.day, town.n, number) AS k, day.day, day.is_open, town.n AS town
  FROM nation.day CROSS JOIN nation.town CROSS JOIN LATERAL generate_series(1, floor(town.daily * day.business
    * {{share}} * CASE WHEN day.is_open THEN {UNANSWERED} ELSE 0.05 END
    + nation.u(town.n * 10000 + day.day - date '2000-01-01', 13))::int) AS number),
chosen AS (
  SELECT k, day, town, nation.u(k, 12) < 0.55 AS by_menu,
    CASE WHEN NOT is_open OR u < 0.2 THEN 'closed' WHEN u < 0.3 THEN 'early' WHEN u < 0.42 THEN 'menu'
      WHEN u < 0.83 THEN 'abandoned' WHEN u < 0.97 THEN 'callback' ELSE 'too_long' END AS became,
    -ln(1 - nation.u(k, 14)) AS spread, nation.u(k, 15) AS moment
  FROM unanswered, LATERAL (SELECT nation.u(k, 16) AS u) AS chance),
missed AS (
  SELECT k, town, became, became = 'menu' OR (became <> 'early' AND by_menu) AS by_menu,
    nation.at(day, CASE WHEN became <> 'closed' THEN 30900 + 30000 * moment
      WHEN moment < 0.5 THEN 61300 + 18000 * moment ELSE 21600 + 8600 * (moment - 0.5) * 2 END) AS arrived_at,
    (1000 * CASE became WHEN 'early' THEN 2 + 6 * moment WHEN 'menu' THEN 8 + 20 * moment
      WHEN 'abandoned' THEN least(880, 10 + 75 * spread) WHEN 'closed' THEN 12 WHEN 'callback'
      THEN least(880, 60 + 60 * spread) ELSE 900 END)::bigint AS held FROM chosen)"""


def calls(year: Year) -> str:
    """`nation.call`: every call, by arrival, with all that its rows are made of. `fN`: facts up to a part of it."""
    return f"""
CREATE UNLOGGED TABLE nation.call AS
WITH {_CYCLES}, {_OUTCOMES.format(share=year.share)},
every AS (
  SELECT k, town, became, by_menu, moves, queued_at - CASE WHEN by_menu THEN nation.ms(9000 + k % 11000)
      ELSE nation.ms(700 + k % 900) END AS arrived_at, queued_at, offered_at, answered_at, left_at,
    CASE moves WHEN 0 THEN left_at ELSE left_at + nation.ms(30000 + k % 240000) END AS ended_at,
    s, c, session_id, operator, begin_at, ready_at, over_at FROM answered
  UNION ALL
  SELECT k, town, became, by_menu, 0, arrived_at, CASE WHEN became IN ('abandoned', 'callback', 'too_long')
      THEN arrived_at + nation.ms(CASE WHEN by_menu THEN 9000 + k % 11000 ELSE 700 + k % 900 END) END, NULL, NULL, NULL,
    arrived_at + nation.ms(held + CASE WHEN became IN ('early', 'menu') THEN 0 WHEN by_menu THEN 9000 + k % 11000
      ELSE 700 + k % 900 END),
    NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM missed),
counted AS (
  SELECT every.*, nation.id(arrived_at, k, 'call') AS id, became NOT IN ('early', 'menu') AS is_chosen,
    by_menu AND became <> 'early' AS is_asked,
    CASE WHEN queued_at IS NULL THEN 0
      ELSE least(floor(date_part('epoch', coalesce(offered_at,
        CASE became WHEN 'callback' THEN ended_at - interval '25 seconds'
          ELSE ended_at END) - queued_at) / 45), 9) END::int AS positions,
    CASE WHEN arrived_at >= '{year.erased_until.isoformat()}' THEN CASE
      WHEN became = 'callback' THEN '+316' || lpad((k * 37 % 100000000)::text, 8, '0')
      WHEN k % 20 > 0 THEN '+3170' || 1000000 + hashint8extended(k, {year.seed}) % 2000000 + 2000000 END END AS number,
    CASE moves WHEN 0 THEN 0 WHEN 3 THEN 4 ELSE 2 END AS move_facts,
    CASE became WHEN 'answered' THEN CASE WHEN moves = 4 THEN 'caller_left_in_transfer'
        WHEN k % 3 = 0 THEN 'operator_hung_up' ELSE 'caller_hung_up' END
      WHEN 'early' THEN 'caller_hung_up_early' WHEN 'menu' THEN 'abandoned_in_menu'
      WHEN 'abandoned' THEN 'abandoned_waiting' WHEN 'closed' THEN 'closed' WHEN 'callback' THEN 'callback_promised'
      ELSE 'waited_too_long' END AS end_reason
  FROM every)
SELECT counted.*, (1 + is_asked::int * 2)::int AS f1, (1 + is_asked::int * 2 + is_chosen::int)::int AS f2,
  (1 + is_asked::int * 2 + is_chosen::int + (queued_at IS NOT NULL)::int + positions)::int AS f3,
  (1 + is_asked::int * 2 + is_chosen::int + (queued_at IS NOT NULL)::int + positions
    + CASE became WHEN 'answered' THEN 2 WHEN 'closed' THEN 1 WHEN 'callback' THEN 2 ELSE 0 END + move_facts)::int AS f4
FROM counted ORDER BY arrived_at, k
"""


#: The transfers of a call; a queue is that of the next municipality.
MOVES = f"""
CREATE UNLOGGED TABLE nation.move AS
SELECT p.k, p.id AS call_id, move.number, move.kind, move.requested_at, move.ended_at, move.outcome,
  CASE move.kind WHEN 'queue' THEN 'GM' || 1000 + (p.town + 1) % {MUNICIPALITIES}
    ELSE (200000 + p.town * 10 + p.k % 10)::text END AS to_party
FROM nation.call p CROSS JOIN LATERAL (
  SELECT 1 AS number, CASE p.moves WHEN 1 THEN 'warm' WHEN 2 THEN 'cold' ELSE 'queue' END AS kind,
    p.left_at - CASE p.moves WHEN 4 THEN interval '0' ELSE interval '40 seconds' END AS requested_at,
    CASE p.moves WHEN 4 THEN p.ended_at ELSE p.left_at END AS ended_at,
    CASE p.moves WHEN 4 THEN 'caller_left' ELSE 'completed' END AS outcome WHERE p.moves IN (1, 2, 4)
  UNION ALL
  SELECT 1, 'warm', p.left_at - interval '70 seconds', p.left_at - interval '45 seconds', 'no_answer' WHERE p.moves = 3
  UNION ALL
  SELECT 2, 'warm', p.left_at - interval '40 seconds', p.left_at, 'completed' WHERE p.moves = 3) AS move
WHERE p.moves > 0 ORDER BY p.k, move.number"""


#: The promises; those of the last two days are open. `tries`: attempts so far, of which the last one may have reached.
def requests(year: Year) -> str:
    return f"""
CREATE UNLOGGED TABLE nation.request AS
SELECT p.k, p.id AS call_id, p.town, p.arrived_at, p.ended_at, p.number, reference.reference,
  nation.id(p.ended_at, p.k, 'request') AS id, p.ended_at < due.open_from AS is_closed,
  CASE WHEN p.ended_at < due.open_from THEN 1 + (nation.u(p.k, 20) < 0.3)::int + (nation.u(p.k, 20) < 0.1)::int
    ELSE 0 END AS tries, nation.u(p.k, 21) < 0.9 AS is_reached, p.ended_at + interval '5 hours' AS first_try_at
FROM (SELECT call.*, row_number() OVER (ORDER BY k) AS n FROM nation.call WHERE became = 'callback') p
JOIN nation.reference ON reference.n = p.n, (SELECT nation.at(date '{year.until}' - 2, 0) AS open_from) AS due
ORDER BY p.ended_at, p.k"""


INDEXES = (
    "CREATE INDEX ON nation.move (k)",
    "CREATE INDEX ON nation.request (k)",
    "CREATE INDEX ON nation.session (s)",
    "ANALYZE nation.call, nation.session, nation.move, nation.request, nation.town",
)
