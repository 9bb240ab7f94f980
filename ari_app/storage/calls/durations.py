"""How long a caller waited, and how long people had them, as SQL about the row `call` of the query around it.

Waiting is the sum of the stays in queues (`queue_visit`), and belongs to the municipality in whose queue it was spent:
stays in queues outside the scope are not in it. Talking is the time in which an operator or a colleague was joined to
the caller, holds included; while two were, it counts once. Both go on until now, and are NULL where there was none.
"""

from __future__ import annotations


def waited(*, now: str, towns: str) -> str:
    """An interval. `towns`: a parameter with the codes of the scope, NULL for the whole group."""
    return f"""
(SELECT sum(greatest(coalesce(stay.left_at, {now}), stay.entered_at) - stay.entered_at) FROM queue_visit stay
  WHERE stay.call_id = call.id AND ({towns}::text[] IS NULL OR stay.municipality = ANY ({towns})))"""


def talked(*, now: str) -> str:
    """An interval. A leg that nobody saw leave lasted until the call ended."""
    until = f"coalesce(leg.left_at, leg.ended_at, call.ended_at, {now})"
    return f"""
(SELECT (SELECT coalesce(sum(upper(one) - lower(one)), '0') FROM unnest(had.stretches) AS one)
  FROM (SELECT range_agg(tstzrange(leg.joined_at, greatest(leg.joined_at, {until}))) AS stretches FROM call_leg leg
    WHERE leg.call_id = call.id AND leg.role IN ('operator', 'colleague') AND leg.joined_at IS NOT NULL
    HAVING count(*) > 0) had)"""


def seconds(interval: str) -> str:
    return f"extract(epoch FROM {interval})::float8"
