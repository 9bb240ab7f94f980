"""A call as text: sentences for people, nothing that only a program understands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ari_app.core.call import Fact, FactKind
from ari_app.render.text import describe, seconds, shown_number

pytestmark = pytest.mark.pure

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "detail", "text"),
    [
        (FactKind.WRONG_KEY, {"pressed": True}, "pressed a key that is not in the menu"),
        (FactKind.WRONG_KEY, {"pressed": False}, "pressed no key"),
        (FactKind.OFFERED, {"operator": "1", "ring": True}, "offered to an operator (operator 1, their phone is rung)"),
        (FactKind.OFFERED, {"operator": "101", "ring": False}, "offered to an operator (operator 101)"),
        (FactKind.ENDED, {"reason": "lost", "estimated": True}, "ended (reason lost, moment estimated)"),
        (FactKind.TRANSFERRED, {"to": "2010", "counted": True}, "transferred (to 2010, counted)"),
        (FactKind.CALLBACK_REQUESTED, {"reference": "1234567", "joined": True},
         "will be called back (reference 1234567, added to an open request)"),
        (FactKind.QUEUED, {}, "in the queue"),
    ],
)  # fmt: skip
def test_a_fact_is_a_sentence(kind: FactKind, detail: dict[str, str | bool], text: str) -> None:
    assert describe(Fact(NOW, kind, detail)) == text


def test_every_kind_of_fact_has_a_sentence() -> None:
    assert all(describe(Fact(NOW, kind)) for kind in FactKind)


@pytest.mark.parametrize(("duration", "text"), [(None, "-"), (12.9, "12 s"), (184, "3:04 min"), (3725, "1:02 h")])
def test_a_duration_is_written_in_its_largest_unit(duration: float | None, text: str) -> None:
    assert seconds(duration) == text


@pytest.mark.parametrize(("dialled", "text"), [("140119", "14 0119"), ("+31119990100", "+31119990100"), ("", "-")])
def test_a_14_number_is_written_as_published(dialled: str, text: str) -> None:
    assert shown_number(dialled) == text
