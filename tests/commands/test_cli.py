"""The program before any command runs: its help, what it imports, and words that are no text."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from ari_app.cli import COMMANDS, main
from tests.commands.tree import every_command

pytestmark = pytest.mark.pure

#: rooms and libraries that take long to read
HEAVY = {
    "aiohttp",
    "aiosmtplib",
    "alembic",
    "apscheduler",
    "ari_app.calls",
    "ari_app.storage",
    "argon2",
    "asyncio",
    "asyncpg",
    "numpy",
    "phonenumbers",
    "pydantic",
    "rapidfuzz",
    "rich",
    "sqlalchemy",
    "structlog",
}


#: of these only asyncpg is needed to read the record
HEAVY_FOR_READING = HEAVY - {"ari_app.storage", "asyncio", "asyncpg", "phonenumbers"}
#: what a start needs of them; SQLAlchemy is for migrations and imports, pydantic for area files
HEAVY_FOR_SERVING = {"aiosmtplib", "alembic", "numpy", "pydantic", "rich", "sqlalchemy"}
NOBODY = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}


def imported_by(*words: str) -> set[str]:
    """The modules that are in memory when a fresh program has run these words, without a database."""
    script = (
        "import json, sys\nfrom ari_app.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True, env={**os.environ, **NOBODY}
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("words", [(), ("--help",), ("--version",), ("no-such-command",)])
def test_help_is_printed_without_reading_any_room(words: tuple[str, ...]) -> None:
    assert imported_by(*words) & HEAVY == set()


@pytest.mark.parametrize("words", [("calls",), ("calls", "show", "a"), ("operators",), ("calls", "--help")])
def test_the_record_is_read_without_reading_other_rooms(words: tuple[str, ...]) -> None:
    assert imported_by(*words) & HEAVY_FOR_READING == set()


def test_a_start_does_not_read_what_only_imports_and_migrations_need() -> None:
    program = "import sys\nfrom ari_app.commands import serve\nimport ari_app.app\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY_FOR_SERVING == set()


def test_the_sentence_of_a_command_in_the_help_of_all_is_its_own() -> None:
    own = {name: command for name, command in every_command() if " " not in name}
    assert own.keys() == COMMANDS.keys()
    for name, command in own.items():
        assert (command.help or "").startswith(COMMANDS[name][1]), name


@pytest.mark.parametrize(("name", "command"), list(every_command()))
def test_a_command_has_a_parameter_for_everything_that_may_be_typed(name: str, command: click.Command) -> None:
    assert command.callback is not None
    typed = {parameter.name for parameter in command.params if parameter.expose_value}
    taken = set(inspect.signature(inspect.unwrap(command.callback)).parameters) - {"ctx"}
    assert typed == taken, name


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["calls", "--municipality", "GM\udcff"], "option --municipality"),
        (["calls", "--municipality=GM\udcff"], "option --municipality"),
        (["calls", "show", "\udcff"], "word 3"),
        (["\udcff"], "word 1"),
    ],
)
def test_a_word_that_is_not_utf_8_is_refused_by_the_name_of_its_option(words: list[str], where: str) -> None:
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 2
    assert f"{where} is not UTF-8 text" in result.stderr


@pytest.mark.parametrize("words", [["--help"], ["calls", "--help"]])
def test_output_to_a_full_disk_ends_in_one_line(words: list[str]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "ari_app", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "the output cannot be written: No space left on device; send it elsewhere, or make room\n"


def test_a_full_disk_for_messages_as_well_is_an_exit_code() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run([sys.executable, "-m", "ari_app", "--help"], stdout=full, stderr=full, check=False)
    assert done.returncode == 1


def test_a_letter_that_the_terminal_does_not_have_is_no_end() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "DATABASE_URL": "postgresql://één:één@host:één/één"}
    done = subprocess.run([sys.executable, "-m", "ari_app", "calls", "--since", "één"], env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "no moment" in done.stderr
