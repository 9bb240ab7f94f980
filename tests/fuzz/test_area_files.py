"""An area file, and the directory as CSV: read or refused in words; what is read can be written and read again."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ari_app.sample
from ari_app.area_file.directory_csv import read_entries, render_entries
from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.reader import read_area
from ari_app.area_file.render import render_area
from ari_app.area_file.validation import all_keys
from ari_app.commands.files import read_text
from ari_app.core.area import Area
from ari_app.core.area_contents import merge
from ari_app.core.ids import MunicipalityCode
from tests.area_file.full import FULL, HASH
from tests.fuzz import NO_LIMIT, fuzz, in_bounded_time
from tests.fuzz.damage import damaged, noise
from tests.storage.directory_files import AREA, CSV, PLAN

pytestmark = [pytest.mark.pure, NO_LIMIT]

SAMPLE = (Path(ari_app.sample.__file__).parent / "area.toml").read_text(encoding="utf-8")
KNOWN = read_area(AREA + PLAN).named
TOWN = MunicipalityCode("GM9901")
TOML = st.sampled_from([FULL, AREA + PLAN, SAMPLE]).flatmap(lambda text: damaged(text, all_keys())) | noise()
TABLE = damaged(CSV, ("person", "queue", "team", "operator", "never", "ma-vr", "sun-mon", "|", "ja")) | noise()
#: a remedy or a rule, never the name of a class or a function of ours
OF_OUR_OWN = re.compile(r"Traceback|Error\b|<class|object at|pydantic|Shape\b")


def _text(content: bytes, file: Path) -> str | None:
    """As a command reads it; None when it is refused, by name and with a remedy."""
    file.write_bytes(content)
    try:
        return read_text(file)
    except SystemExit as ended:
        assert ended.code == 2
        return None


def _assert_says_what_to_mend(refused: AreaRefused) -> None:
    assert refused.mistakes
    for mistake in refused.mistakes:
        told = str(mistake)
        assert mistake.says.strip(), refused
        assert mistake.path or mistake.line or len(mistake.says) > 10, told
        assert not OF_OUR_OWN.search(told), told
        assert told.isprintable(), repr(told)
        assert len(told) < 1000, told[:200]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "area"


def test_a_damaged_area_file_is_read_or_refused_in_words(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    @fuzz(500)
    @given(TOML)
    def reads(content: bytes) -> None:
        text = _text(content, file)
        if text is None:
            assert str(file) in capsys.readouterr().err
            return
        try:
            with in_bounded_time():
                wanted = read_area(text)
        except AreaRefused as refused:
            _assert_says_what_to_mend(refused)
            return
        area = merge(Area(), wanted)
        days = {day: (name, wanted.special_day_sources[day]) for day, name in area.special_days.items()}
        again = read_area(render_area(area, dict.fromkeys(area.operators, HASH), days))
        assert merge(Area(), again) == area

    reads()


@pytest.mark.parametrize(("owner", "replacing"), [(TOWN, False), (None, True)])
def test_a_damaged_directory_is_read_or_refused_in_words(
    file: Path, capsys: pytest.CaptureFixture[str], owner: MunicipalityCode | None, *, replacing: bool
) -> None:
    whole = render_entries(KNOWN.entries.values())
    tables = TABLE | damaged(whole) | damaged(render_entries(KNOWN.entries.values(), ","))

    @fuzz(250)
    @given(tables)
    def reads(content: bytes) -> None:
        text = _text(content, file)
        if text is None:
            assert str(file) in capsys.readouterr().err
            return
        try:
            with in_bounded_time():
                wanted = read_entries(text, KNOWN, owner, replacing=replacing)
        except AreaRefused as refused:
            _assert_says_what_to_mend(refused)
            return
        area = merge(KNOWN, wanted)
        again = read_entries(render_entries(area.entries.values()), replace(KNOWN, entries={}))
        assert again.named.entries == area.entries

    reads()


def _many(word: str) -> str:
    return ",".join(f'"{word}{n}"' for n in range(30_000))


@pytest.mark.parametrize(
    "text",
    [
        f'[[municipality]]\ncode = "GM9901"\nname = "X"\naliases = [{_many("a")}]',
        f'[[team]]\ncode = "x"\nname = "X"\nserves = [{_many("GM")}]',
        "a." * 50_000 + "a = 1",
        "a = " + "{a = " * 50_000,
        "[[municipality]]\n" * 3_000,
    ],
    ids=["list", "list of wrong values", "keys within keys", "tables within tables", "sections"],
)
def test_no_area_file_takes_time_by_the_square_of_its_length(text: str) -> None:
    with in_bounded_time(), suppress(AreaRefused):
        read_area(text)


@pytest.mark.parametrize("text", ["code;" * 50_000, CSV + "x" + ";" * 200_000, CSV + '"' + "x\n" * 100_000])
def test_no_directory_takes_time_by_the_square_of_its_length(text: str) -> None:
    with in_bounded_time(), pytest.raises(AreaRefused):
        read_entries(text, KNOWN, TOWN)
