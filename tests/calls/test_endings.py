"""No exit without an end reason."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.stages import HUNG_UP_IN, STAGES
from ari_app.core.call import EndReason, EndSide, Stage
from ari_app.core.event_log.fallback_rows import fallback_rows
from ari_app.core.recovery import plan

pytestmark = pytest.mark.pure


def test_every_end_reason_has_a_side() -> None:
    assert {reason: reason.side for reason in EndReason}.keys() == set(EndReason)
    assert {reason.side for reason in EndReason} == set(EndSide)


def test_a_caller_who_left_before_a_human_answered_has_abandoned_the_call() -> None:
    assert all(reason.side is EndSide.CALLER for reason in EndReason if reason.is_abandoned)


def test_every_stage_has_the_end_reason_of_a_hang_up_in_it() -> None:
    assert HUNG_UP_IN.keys() == STAGES.keys() == set(Stage) - {Stage.ENDED}
    of_talk = HUNG_UP_IN[Stage.SURVEY]
    assert of_talk is EndReason.OPERATOR_HUNG_UP, "the talk was over, and so it stays"
    assert all(reason.side is EndSide.CALLER for stage, reason in HUNG_UP_IN.items() if stage is not Stage.SURVEY)


def _named(module: Path) -> set[str]:
    """The members of EndReason that this module names."""
    found = (node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Attribute))
    return {node.attr for node in found if isinstance(node.value, ast.Name) and node.value.id == "EndReason"}


def test_every_end_reason_is_the_end_of_some_way_and_no_way_ends_without_one() -> None:
    calls = Path(inspect.getfile(End)).parents[1]
    ways = [*calls.rglob("*.py"), Path(inspect.getfile(plan)), Path(inspect.getfile(fallback_rows))]
    assert set().union(*map(_named, ways)) == {reason.name for reason in EndReason}
    for module in calls.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "End":
                assert node.args, f"{module.name}:{node.lineno}"


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.__name__)
def test_every_stage_leads_to_another_or_to_an_end(stage: Callable[[Flow], Awaitable[Step | End]]) -> None:
    assert inspect.signature(stage).return_annotation == "Step | End"
