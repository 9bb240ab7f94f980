"""The measures: each with its name, its definition in one Dutch sentence, and its formula over a `Tally`. Pure.

`docs/figures.md` has the same list; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.reports.measures.calls import CALLS
from ari_app.reports.measures.shape import Figure, Group, Measure, Unit
from ari_app.reports.measures.waiting import WAITING
from ari_app.reports.measures.work import CALLBACKS, HANDLING, QUALITY, TEAM

__all__ = ["MEASURES", "Figure", "Group", "Measure", "Unit"]

#: by code, in the order in which they are shown
MEASURES: Mapping[str, Measure] = {one.code: one for one in (*CALLS, *WAITING, *HANDLING, *CALLBACKS, *TEAM, *QUALITY)}
