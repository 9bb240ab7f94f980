"""The glossary knows every word that users meet in a table, a command or a log."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import pytest

from ari_app.core.call import EndReason, LegRole, Stage
from ari_app.core.operators import OperatorState
from ari_app.core.queue_visits import VisitOutcome, VisitReason

pytestmark = pytest.mark.pure

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [Stage, EndReason, LegRole, OperatorState, VisitReason, VisitOutcome])
def test_every_member_is_explained(words: type[StrEnum]) -> None:
    assert [member.value for member in words if f"`{member.value}`" not in GLOSSARY] == []


def test_every_row_has_a_meaning_and_a_word_for_users() -> None:
    rows = [line.split("|")[1:-1] for line in GLOSSARY.splitlines() if line.startswith("|")]
    assert len(rows) > 60
    assert all(len(row) == 3 and all(cell.strip() for cell in row) for row in rows)
