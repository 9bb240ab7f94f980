"""`docs/figures.md` says of each measure what the program says."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from ari_app.reports.counting import Count
from ari_app.reports.measures import MEASURES, Unit

pytestmark = pytest.mark.pure

DOCUMENT = Path(__file__).parents[2] / "docs" / "figures.md"
UNITS = {Unit.COUNT: "aantal", Unit.SHARE: "procent", Unit.SECONDS: "seconden"}


def table() -> str:
    """As it stands in the document; a failure shows the lines to put there."""
    lines = []
    for group, measures in groupby(MEASURES.values(), key=lambda one: one.group):
        lines += ["", f"**{group}**", "", "| code | maat | eenheid | definitie | formule |", "|---|---|---|---|---|"]
        lines += [
            f"| `{one.code}` | {one.name} | {UNITS[one.unit]} | {one.definition} | {one.formula} |" for one in measures
        ]
    return "\n".join(lines)


def test_the_document_has_every_measure_with_its_definition_and_formula() -> None:
    assert table() in DOCUMENT.read_text(encoding="utf-8"), table()


@pytest.mark.parametrize("count", Count)
def test_every_key_of_a_bucket_is_explained(count: Count) -> None:
    assert f"`{count}`" in DOCUMENT.read_text(encoding="utf-8")


def test_a_definition_is_one_sentence_and_codes_are_words_of_addresses() -> None:
    for one in MEASURES.values():
        assert one.definition.endswith(".") and ". " not in one.definition, one.code
        assert one.code.replace("_", "").isalnum() and one.code == one.code.lower()
