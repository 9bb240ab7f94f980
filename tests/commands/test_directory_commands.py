"""`ari-app directory`: the directory at a terminal, and what a program reads of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import SAMPLE, Type, rows

pytestmark = pytest.mark.postgres

CSV = "code;kind;name;extension;number\n{code};person;{name};{extension};{number}\n"


@pytest.fixture
def plan(type_in: Type) -> Type:
    """With the sample area in the database."""
    assert type_in("import", str(SAMPLE)).exit_code == 0
    return type_in


def a_file(tmp_path: Path, text: str) -> str:
    file = tmp_path / "plan.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_somebody_is_found_with_a_typing_error_and_without_the_number(plan: Type) -> None:
    result = plan("directory", "search", "hofmann")
    assert result.exit_code == 0
    assert "2411" in result.stdout
    assert "Sjoerd Hofman" in result.stdout
    assert "outside" in result.stdout
    assert "119990421" not in result.output
    assert "+31119990421" in plan("directory", "search", "hofmann", "--pii").stdout


def test_a_program_reads_what_was_found(plan: Type) -> None:
    (found,) = rows(plan("directory", "search", "3100", "--json"))
    assert (found["code"], found["standing"], found["instead"]) == ("zandermeer-waterschap", "unknown", None)
    assert "pii_number" not in found
    assert "+31179990290" in plan("directory", "search", "3100", "--json", "--pii").stdout


def test_without_asterisk_a_phones_standing_is_unknown_and_it_is_said_why(plan: Type) -> None:
    result = plan("directory", "search", "burgerzaken")
    assert result.exit_code == 0
    assert "unknown" in result.stdout
    assert "ARI_APP_ARI_USER" in result.stderr


def test_an_operator_who_is_away_is_unreachable_and_nobody_stands_in(plan: Type) -> None:
    (found,) = rows(plan("directory", "search", "anna de boer", "--json"))
    assert found["standing"] == "unreachable"
    assert "nobody" in plan("directory", "search", "anna de boer").stdout


def test_a_municipality_sees_its_own_entries_and_shared_ones(plan: Type) -> None:
    everything = {row["code"] for row in rows(plan("directory", "list", "--json"))}
    mine = {row["code"] for row in rows(plan("directory", "list", "--municipality", "GM9904", "--json"))}
    assert len(everything) == 8
    assert mine == {code for code in everything if "wierdam" in str(code)} | {
        "oosterwende-wachtrij",
        "zandermeer-waterschap",
    }
    assert "nobody" in plan("directory", "search", "ruiter", "--municipality", "GM9904").stdout
    unknown = plan("directory", "list", "--municipality", "GM9999")
    assert unknown.exit_code == 2
    assert "GM9999" in unknown.output


def test_one_entry_is_shown_with_its_deputies(plan: Type) -> None:
    by_code = plan("directory", "show", "wierdam-vergunningen").stdout
    assert by_code == plan("directory", "show", "2410").stdout
    assert "Sjoerd Hofman (2411)" in by_code
    assert "mon 08:30-17:00" in by_code
    missing = plan("directory", "show", "9999")
    assert missing.exit_code == 2
    assert "directory search" in missing.output


def test_a_csv_file_is_followed_whole_or_not_at_all(plan: Type, tmp_path: Path) -> None:
    good = CSV.format(code="wierdam-nieuw", name="Nieuw", extension="2499", number="0119 99 04 99")
    result = plan("directory", "import", a_file(tmp_path, good), "--municipality", "GM9904")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "added    directory entry wierdam-nieuw")
    again = plan("directory", "import", a_file(tmp_path, "\ufeff" + good), "--municipality", "GM9904")
    assert again.stdout == "1 unchanged\n"

    wrong = CSV.format(code="wierdam-betaald", name="Betaald", extension="112", number="0900 1234")
    refused = plan("directory", "import", a_file(tmp_path, wrong), "--municipality", "GM9904")
    assert refused.exit_code == 2
    assert "line 2, extension: 112 is a public number" in refused.output
    assert "line 2, number: is a paid-service number" in refused.output
    assert "wierdam-betaald" not in plan("directory", "list").stdout


def test_what_is_exported_is_imported_as_the_same(plan: Type, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    assert plan("directory", "export", "--output", str(file)).exit_code == 0
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert file.stat().st_mode & 0o077 == 0
    assert plan("directory", "import", str(file), "--replace").stdout == "8 unchanged\n"
    assert "lindekerk" not in plan("directory", "export", "--municipality", "GM9904").stdout


def test_replacing_takes_out_what_the_file_leaves_out(plan: Type, tmp_path: Path) -> None:
    only = CSV.format(code="wierdam-hofman", name="Sjoerd Hofman", extension="2411", number="0119 99 04 21")
    plan("directory", "import", a_file(tmp_path, only), "--municipality", "GM9904", "--replace")
    mine = {row["code"] for row in rows(plan("directory", "list", "--municipality", "GM9904", "--json"))}
    assert mine == {"wierdam-hofman", "oosterwende-wachtrij", "zandermeer-waterschap"}


def test_a_check_needs_asterisk(plan: Type) -> None:
    result = plan("directory", "check")
    assert result.exit_code == 2
    assert "ARI_APP_ARI_USER" in result.output
