"""`ari-app scripts`: what is said of an import, and what comes back of an export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import SAMPLE, Type

pytestmark = pytest.mark.postgres

SCRIPTS = SAMPLE.with_name("antwoorden.csv")


def test_the_scripts_of_the_sample_go_in_and_out_without_doubles(type_in: Type, tmp_path: Path) -> None:
    dry = type_in("scripts", "import", str(SCRIPTS), "--dry-run")
    assert dry.stdout.count("added ") == 25 and "nothing was stored (--dry-run)" in dry.stdout
    first = type_in("scripts", "import", str(SCRIPTS))
    assert first.exit_code == 0 and "added     Hoe vraag ik een paspoort aan?" in first.stdout
    assert type_in("scripts", "import", str(SCRIPTS)).stdout == "25 unchanged\n"
    for form in ("csv", "json"):
        written = tmp_path / f"uit.{form}"
        assert type_in("scripts", "export", "--format", form, "--output", str(written)).exit_code == 0
        type_in("scripts", "import", str(written))
        assert type_in("scripts", "import", str(written)).stdout == "25 unchanged\n", form
    assert type_in("scripts", "export", "--format", "json").stdout.count('"vraag"') == 25


def test_what_was_left_out_and_what_was_kept_is_said(type_in: Type, tmp_path: Path) -> None:
    type_in("import", str(SAMPLE))
    file = tmp_path / "vac.json"
    data = {"vraag": "Wat kost het?", "antwoord": "<script>x</script><p>Niets</p>", "status": "actief"}
    file.write_text(json.dumps([{"uuid": "v1", "record": {"data": data}}]), encoding="utf-8")
    done = type_in("scripts", "import", str(file), "--municipality", "GM9904")
    assert "added     Wat kost het?" in done.stdout and "article 1: `antwoord` has a script" in done.stderr
    refused = type_in("scripts", "import", str(file), "--municipality", "GM0001")
    assert refused.exit_code == 2 and "there is no municipality GM0001" in refused.stderr
    file.write_text('[{"vraag": "x"}]', encoding="utf-8")
    refused = type_in("scripts", "import", str(file))
    assert refused.exit_code == 2 and "nothing was imported\narticle 1: `answer`" in refused.stderr


def test_an_export_of_a_municipality_that_is_not_there_is_refused(type_in: Type) -> None:
    type_in("import", str(SAMPLE))
    refused = type_in("scripts", "export", "--municipality", "GM0001")
    assert refused.exit_code == 2 and "there is no municipality GM0001; there are GM9901," in refused.stderr


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("boekje;paspoort;GM0001", "line 2: there is no municipality GM0001"),
        (f"boekje;{'x' * 61}", "line 2: has a text of more than 60 characters"),
        (";paspoort", "line 2: one word"),
        (f"boekje;{'x' * 140_000}", "line 2: is no CSV"),
        ('boekje;"paspoort', "line 2: is no CSV"),
    ],
)
def test_synonyms_that_cannot_be_followed_are_said_with_their_line(
    type_in: Type, tmp_path: Path, row: str, says: str
) -> None:
    type_in("import", str(SAMPLE))
    file = tmp_path / "woorden.csv"
    file.write_text(f"kliko;container\n{row}\n", encoding="utf-8")
    refused = type_in("scripts", "synonyms", str(file))
    assert refused.exit_code == 2 and f"nothing was imported\n{says}" in refused.stderr


def test_synonyms_are_words_with_what_they_mean(type_in: Type, tmp_path: Path) -> None:
    type_in("import", str(SAMPLE))
    file = tmp_path / "woorden.csv"
    file.write_text("woord;betekent;gemeente\nkliko;container;\nboekje;paspoort;GM9904\n", encoding="utf-8")
    assert type_in("scripts", "synonyms", str(file)).stdout == "2 synonyms\n"
    file.write_text("twee woorden;paspoort\n", encoding="utf-8")
    refused = type_in("scripts", "synonyms", str(file))
    assert refused.exit_code == 2 and "line 1: one word" in refused.stderr
