"""The share within the norm a second time: straight from the record, in one statement, without a line of `reports`.

By the choices of a municipality that chose nothing. Written apart from the program, for comparison.
"""

from __future__ import annotations

from datetime import datetime

from ari_app.storage.db.engine import Pool

_NORM = """
WITH first_stay AS (
  SELECT DISTINCT ON (visit.call_id) visit.* FROM queue_visit visit JOIN call ON call.id = visit.call_id
  WHERE call.arrived_at >= $1 AND call.arrived_at < $2 AND call.callback_request IS NULL
  ORDER BY visit.call_id, visit.entered_at, visit.id),
judged AS (
  SELECT stay.municipality, stay.outcome,
    stay.left_at - stay.entered_at <= make_interval(secs => coalesce(town.answer_within_seconds, 25)) AS in_time
  FROM first_stay stay LEFT JOIN municipality town ON town.code = stay.municipality
  WHERE stay.reason IN ('menu', 'direct') AND NOT stay.calamity AND stay.outcome IS NOT NULL
    AND stay.outcome <> 'moved')
SELECT municipality, count(*) FILTER (WHERE outcome = 'answered' AND in_time) AS met,
  count(*) FILTER (WHERE NOT (in_time AND outcome IN ('answered', 'abandoned', 'callback', 'virtual_hold'))) AS missed
FROM judged GROUP BY municipality"""


async def norm_in_sql(pool: Pool, since: datetime, until: datetime) -> dict[str, tuple[int, int]]:
    """Met and missed by municipality, where anybody counts."""
    rows = await pool.fetch(_NORM, since, until)
    found = {row["municipality"] or "": (row["met"], row["missed"]) for row in rows}
    return {town: counts for town, counts in found.items() if any(counts)}
