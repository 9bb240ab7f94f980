"""Anything that can be typed ends in an exit code and a sentence: every command, with odd values for all it takes.

A run of the suite tries some lines of each command, always the same; a night's run ten thousand of each: `make fuzz`.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ari_app.cli import main
from ari_app.commands import asking
from ari_app.storage.commands import asker
from tests.commands.conftest import SAMPLE, Type
from tests.commands.tree import every_command

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(0 if "FUZZ_COUNT" in os.environ else 300)]

#: lines of each command
COUNT = int(os.environ.get("FUZZ_COUNT", "8"))
IS_NIGHT = "FUZZ_COUNT" in os.environ
#: they run until they are stopped, and take nothing but settings
ENDLESS = {"serve", "up", "web"}
COMMANDS = [(path, command) for path, command in every_command() if path not in ENDLESS]
#: text of our own mistakes: a statement that Postgres refused, a value that asyncpg cannot send
RAW = re.compile(r"Traceback|DataError|\b[0-9A-Z]{5} \(\w+Error\)|does not fit its column")

#: what is sensible somewhere; in another place each of them is odd
KNOWN = (
    "GM9901", "GM9903", "101", "999", "lindekerk", "wierdam-hofman", "0612345678", "+31612345678", "0900 1234", "112",
    "2411", "2026-11-23", "2026-11-23T09:00", "90m", "7d", "99999999999d", "24:00", "1900-01-01T00:00+23:59", "nan",
    "inf", "-1", "0", "1e999", "a b", "'a b'", "../..", "/", ".", "", " ", "%", "%s", "{}", "\\", "\"", "'; --", "é",
    "\u202e", "\U0001f4de", "\ufeff", "\n", "\t", "\x1b[31m", "-", "--", "--help", "²m", "٣d", "x" * 5000,
)  # fmt: skip
WORDS = st.sampled_from(KNOWN) | st.text(st.characters(exclude_characters="\0"), max_size=12)


@pytest.fixture
def surroundings(type_in: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample area in the database, settings for everything, and files of all kinds in a directory."""
    assert type_in("import", str(SAMPLE)).exit_code == 0
    monkeypatch.setenv("ARI_APP_ARI_URL", "http://127.0.0.1:1/ari")
    monkeypatch.setenv("ARI_APP_ARI_USER", "nobody")
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "none")
    monkeypatch.setenv("ARI_APP_SOUNDS_DIR", str(tmp_path / "sounds"))
    monkeypatch.setenv("ARI_APP_CEL_FILE", str(tmp_path / "cel.csv"))
    monkeypatch.setattr(asking, "EXPIRES_IN", timedelta(milliseconds=10))  # there is no controller to wait for
    monkeypatch.setattr(asker, "SURE_AFTER_SECONDS", 0.0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "welkom.wav").write_bytes(b"no sound")
    (tmp_path / "area.toml").write_text(SAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "noise").write_bytes(bytes(range(256)))
    (tmp_path / "empty").touch()
    (tmp_path / "cel.csv").write_bytes(b'"no","log"\n\xff')
    return tmp_path


def files(directory: Path) -> st.SearchStrategy[str]:
    """Names inside this test's directory and no others: some commands write, and whoever runs this may be root."""
    names = [str(directory / name) for name in ("area.toml", "noise", "empty", "recordings", "none", "no/ne", "out")]
    return st.sampled_from([*names, str(directory / ("x" * 300))])


@st.composite
def lines(draw: st.DrawFn, directory: Path, path: str, command: click.Command) -> list[str]:
    """One command line: some of the command's options, and its arguments."""
    options: list[str] = []
    arguments: list[str] = []
    for parameter in command.params:
        values = files(directory) if isinstance(parameter.type, click.Path) else WORDS
        if isinstance(parameter.type, click.Choice):
            values = st.sampled_from(list(map(str, parameter.type.choices))) | WORDS
        if isinstance(parameter, click.Argument):
            arguments += draw(st.lists(values, max_size=3)) if parameter.nargs == -1 else [draw(values)]
        elif "--follow" in parameter.opts:
            continue  # ends when it is interrupted
        elif isinstance(parameter, click.Option) and draw(st.booleans() if not parameter.required else st.just(True)):
            options += [parameter.opts[0]] if parameter.is_flag else [parameter.opts[0], draw(values)]
    return [*path.split(), *options, *arguments]


#: the noun for what an argument names, where the sentence says that there is none such
NOUNS = {"reference": "request", "code": "entry", "number": "operator", "call_id": "call", "login": "account"}


def _names_what_was_wrong(words: list[str], said: str) -> bool:
    """Whether the sentence names an option or an argument of the command, or the file."""
    said = said.rpartition("\nError: ")[2]
    fitting = [(path, one) for path, one in COMMANDS if words[: len(path.split())] == path.split()]
    path, command = max(fitting, key=lambda pair: len(pair[0]))
    if isinstance(command, click.Group) and "Commands:" in said:
        return True  # the word that is missing is one of these
    if re.search(r"word \d+ is not UTF-8|No such option '?-", said):
        return True
    typed = words[len(path.split()) :]
    names = [name for parameter in command.params for name in parameter.opts]
    bare = [name.lstrip("-") for name in names if len(name) > 2]
    nouns = [noun for name in bare for noun in (name.replace("_", " "), name.replace("_", "-"), NOUNS.get(name, name))]
    files = [word for word in typed if "/" in word and len(word) > 1]
    files += [one.name for word in files if Path(word[:255]).is_dir() for one in Path(word).iterdir()]
    options = [name for name in names if name.startswith("--")] + [word for word in typed if word.startswith("-")]
    return any(noun in said.lower() for noun in nouns) or any(word in said for word in (*options, *files) if word)


def run(words: list[str]) -> Result:
    return CliRunner().invoke(main, words)


def ends_well(words: list[str]) -> None:
    result = run(words)
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code in (0, 1, 2)
    assert not RAW.search(result.output), result.output
    if result.exit_code == 2:
        assert _names_what_was_wrong(words, result.stderr), result.stderr


def test_every_command_line_ends_in_an_exit_code_and_a_sentence(surroundings: Path) -> None:
    for path, command in COMMANDS:
        tried = settings(
            max_examples=COUNT,
            derandomize=not IS_NIGHT,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        tried(given(lines(surroundings, path, command))(ends_well))()
