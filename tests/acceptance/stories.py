"""Tests that mostly wait, told at the same time: each with people, phones and a municipality of its own.

A module names them in STORIES; the test of each asks `told` how it went.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.acceptance.centre import ALWAYS, Centre

Story = Callable[[Centre], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Told:
    _outcomes: dict[Story, BaseException | None]

    def went_well(self, story: Story) -> None:
        """Raise what was wrong with it, if something was."""
        outcome = self._outcomes[story]
        if outcome is not None:
            raise outcome


async def tell(centre: Centre, stories: Sequence[Story]) -> Told:
    """Tell all to their ends."""
    outcomes = await asyncio.gather(*(story(centre) for story in stories), return_exceptions=True)
    return Told(dict(zip(stories, outcomes, strict=True)))


def add_town(
    area: dict[str, Any],
    number: int,
    name: str,
    operators: Sequence[str] = (),
    *,
    team: Mapping[str, Any] | None = None,
    **more: Any,
) -> None:
    """A municipality GM99nn that never closes, on 0119 99 nn 00, for which only these operators are there.

    `team` and `more`: further keys of their team and of the municipality.
    """
    code = f"GM99{number:02}"
    area["municipality"].append(
        {
            "code": code,
            "name": name,
            "geographic": [dials(number)],
            "hours": ALWAYS,
            "open_on_legal_days": True,
            **more,
        }
    )
    team_code = f"team-{number}"
    area["team"].append({"code": team_code, "name": f"Team {name}", "serves": [code], **(team or {})})
    for operator in area["operator"]:
        if operator["number"] in operators:
            operator["teams"] = [team_code]


def dials(number: int) -> str:
    """The number that a citizen dials for the municipality GM99nn."""
    return f"011999{number:02}00"
