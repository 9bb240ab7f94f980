"""The area file: what may be written, and what each key means."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ari_app.sample
from ari_app.area_file.errors import AreaRefused, Mistake
from ari_app.area_file.reader import read_area
from ari_app.area_file.render import render_area
from ari_app.area_file.validation import LARGEST_FILE, all_keys
from ari_app.core.area import CallbackRules, Contact, DirectNumber, Norms, OpeningSpan, Reach, Whisper
from ari_app.core.area_contents import merge
from ari_app.core.calendar import OpenNow, open_state
from ari_app.core.ids import Endpoint, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.numbers import is_fictitious
from ari_app.core.retention import Retention
from tests.area_file.full import FULL, HASH
from tests.area_file.small import GOOD, mistakes

pytestmark = pytest.mark.pure

SAMPLE = (Path(ari_app.sample.__file__).parent / "area.toml").read_text(encoding="utf-8")
A, B, C = (MunicipalityCode(f"GM990{n}") for n in range(1, 4))


def test_a_good_file() -> None:
    area = read_area(GOOD)
    named = area.named
    assert named.municipalities[A].hours == {0: (OpeningSpan(time(8, 30), time(12)), OpeningSpan(time(13), time(17)))}
    assert named.municipalities[A].geographic_numbers == ("+31119990100",)
    assert named.direct_numbers == {"+31119990105": DirectNumber("+31119990105", A, operator=OperatorNumber("101"))}
    assert named.shared_numbers["140119"].default == A
    assert named.teams[TeamCode("kcc")].reach is Reach.LINE
    assert area.pins[OperatorNumber("101")].typed == "4821"
    assert area.pins[OperatorNumber("102")].hashed == HASH
    assert "4821" not in repr(area)
    assert HASH not in repr(area)


def test_every_key_has_its_meaning() -> None:
    area = read_area(FULL.replace('name = "Oosterwende"', 'name = "  Oosterwende "'))
    municipality = area.named.municipalities[A]
    assert (municipality.name, municipality.spoken_name) == ("Oosterwende", "Ooster-wende")
    assert municipality.hours == {
        0: (OpeningSpan(time(8, 30), time(12)), OpeningSpan(time(13), time(17))),
        6: (OpeningSpan(time(0), time(4)), OpeningSpan(time(20), time(0))),
    }
    assert municipality.norms == Norms(20, 0, 600, 30, 0)
    rules = CallbackRules(False, False, 0, True, TeamCode("bel"), 5, 60, time(9), time(21), 0, 90, 2, 4, 30)
    assert municipality.callback == rules
    assert municipality.retention == Retention(60, 35, 120, 40, 800)
    disturbance, christmas_eve = sorted(municipality.closings, key=lambda closing: closing.starts_at)
    assert disturbance.starts_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # the second half past two of that night
    assert christmas_eve.starts_at == datetime(2026, 12, 24, 14, tzinfo=UTC)
    assert christmas_eve.ends_at == datetime(2026, 12, 24, 23, tzinfo=UTC)  # a bare date: that day included
    assert municipality.open_on_days == {date(2026, 4, 3)}
    assert not municipality.exists_on(date(2030, 1, 1))
    assert municipality.exists_on(date(2029, 12, 31))
    direct = area.named.direct_numbers["+31881234567"]
    assert (direct.endpoint, direct.deputy_operator) == (Endpoint("PJSIP/phone_30"), OperatorNumber("101"))
    team = area.named.teams[TeamCode("bel")]
    assert (team.reach, team.ring_seconds, team.wrap_up_seconds, team.whisper) == (Reach.RING, 12, 0, Whisper.NONE)
    assert team.reminders == Contact("bel@oosterwende.example", "+31119990109")
    assert team.supervisor == Contact("chef@oosterwende.example", "PJSIP/phone09")
    assert "example" not in repr(area)


def test_ten_members_are_one_too_many() -> None:
    codes = [f"GM99{n:02}" for n in range(1, 12)]
    text = "".join(f'[[municipality]]\ncode = "{code}"\nname = "{code}"\n' for code in codes)
    text += '[[shared_number]]\nnumber = "14 0119"\n'
    text += "".join(
        f'[[shared_number.member]]\nmunicipality = "{code}"\nkey = {min(n, 9)}\n' for n, code in enumerate(codes, 1)
    )
    found = mistakes(text)
    assert any("14 0119 has 11 members, a telephone 9 keys" in mistake for mistake in found)
    assert any("key 9 of 14 0119 belongs to GM9909; free keys: none" in mistake for mistake in found)


def test_a_shared_number_needs_a_member() -> None:
    assert mistakes('[[shared_number]]\nnumber = "14 0119"\n') == [
        "line 1, shared_number[0].member: 14 0119 has no members: add [[shared_number.member]]"
    ]


def test_an_operator_holds_the_line_or_is_rung() -> None:
    both = GOOD.replace(
        "[[team]]", '[[team]]\ncode = "bel"\nname = "Bel"\nserves = ["GM9901"]\nreach = "ring"\n[[team]]'
    )
    both = both.replace('teams = ["kcc"]\npin =', 'teams = ["kcc", "bel"]\npin =')
    assert mistakes(both) == [
        "line 36, operator[0].teams: some of these teams hold the line, others are rung: one of the two"
    ]


def test_what_is_removed_is_not_there_as_well() -> None:
    found = mistakes(
        GOOD + '[remove]\noperators = ["101"]\nteams = ["kcc"]\n'
        'members = [{ number = "14 0119", municipality = "GM9902" }]\n'
    )
    assert {mistake.partition(": ")[2] for mistake in found} == {
        "there is no operator 101",
        "there is no team kcc",
        "operator 101 is in this file as well",
        "team kcc is in this file as well",
        "GM9902 is a member in this file as well",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file names nothing; see docs/area-file.md"),
        ("# nothing\n", "the file names nothing; see docs/area-file.md"),
        ("[[team]\n", "line 1: not TOML: "),
        ('a = 1\n\nb = "\n', "line 3: not TOML: "),
        ("day = 2026-02-30\n", "line 1: not TOML: "),
        ("a = 1\na = 2\n", "line 2: not TOML: "),
        ("a = " + "9" * 5000, "not TOML: a number that is too long"),
        ("a = " + "[" * 100_000, "not TOML: "),
        ("a = [", "not TOML: "),
        ("x = 1\n" + "a." * 201 + "a = 1", "line 2: has more than 200 dots: write a long list on several lines"),
        ('"\\u001b[2J" = 1', "\\x1b[2J: unknown key"),
        ("x" * 5000 + " = 1", "x" * 120 + "…: unknown key"),
        ("#" * (LARGEST_FILE + 1), "the file is larger than 20,000,000 characters"),
        ("municipality = 1", "municipality: begins with two brackets: [[municipality]]"),
        ("municipality = [1]", "municipality[0]: must be a table, written as [[municipality]]"),
        ("remove = 1", "remove: must be a table"),
        ("[remove]\nmunicipalities = []", "remove.municipalities: unknown key"),
        ("[[municipality]]", "line 1, municipality[0].code: is missing"),
        ('[[shared_number]]\nmember = 1\nnumber = "14 0119"', "line 1, shared_number[0].member: begins with two"),
    ],
)
def test_what_is_no_area_file_at_all(text: str, told: str) -> None:
    found = mistakes(text)
    assert any(mistake.startswith(told) for mistake in found), found


def test_a_file_from_another_editor() -> None:
    assert read_area("\ufeff" + GOOD.replace("\n", "\r\n")).named == read_area(GOOD).named


def test_entries_written_in_one_line_are_told_by_path() -> None:
    (mistake,) = mistakes('municipality = [{ code = "GM9901", name = "A" }, { code = "GM9902" }]')
    assert mistake == "municipality[1].name: is missing"
    assert str(Mistake("", "x")) == "x"


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_area(text)
    except AreaRefused as refused:
        assert refused.mistakes


leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.dates() | st.times() | st.datetimes()
values = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(all_keys()), inner, max_size=4)
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["municipality", "shared_number", "team", "operator", "special_day", "directory_entry", "outside", "remove"]
        ),
        st.lists(st.dictionaries(st.sampled_from(all_keys()), values, max_size=6), max_size=3) | values,
    )
)
def test_any_values_under_the_right_keys_are_read_or_refused(raw: dict[str, object]) -> None:
    import tomli_w

    def without_none(value: object) -> object:
        if isinstance(value, dict):
            return {key: without_none(inner) for key, inner in value.items() if inner is not None}
        if isinstance(value, list):
            return [without_none(inner) for inner in value if inner is not None]
        return value

    cleaned = without_none(raw)
    assert isinstance(cleaned, dict)
    try:
        read_area(tomli_w.dumps(cleaned))
    except AreaRefused as refused:
        assert refused.mistakes


def test_the_sample_area_is_fictitious_and_reachable_at_any_hour() -> None:
    area = read_area(SAMPLE).named
    numbers = [
        *area.shared_numbers,
        *area.direct_numbers,
        *(number for municipality in area.municipalities.values() for number in municipality.geographic_numbers),
        *(entry.pii_number for entry in area.entries.values() if entry.pii_number is not None),
    ]
    assert all(is_fictitious(number) for number in numbers)
    assert [member.key for member in area.shared_numbers["140119"].members] == [1, 2, 3, 4]
    assert [member.municipality for member in area.shared_numbers["140179"].members] == [C]
    assert sorted(area.operators) == [str(number) for number in range(101, 113)]
    for now in (datetime(2026, 12, 25, 3, tzinfo=UTC), datetime(2026, 6, 1, 10, tzinfo=UTC)):
        states = {
            code: isinstance(open_state(municipality, {}, now), OpenNow)
            for code, municipality in area.municipalities.items()
        }
        assert states[MunicipalityCode("GM9903")]
        assert states[MunicipalityCode("GM9904")]
        assert not states[B]


def test_a_rendered_directory_reads_the_same() -> None:
    area = merge(read_area(GOOD).named, read_area(SAMPLE))
    rendered = render_area(area, dict.fromkeys(area.operators, HASH), {date(2029, 5, 11): ("dag", "KB")})
    again = read_area(rendered)
    assert again.named.municipalities == area.municipalities
    assert again.named.shared_numbers == area.shared_numbers
    assert again.named.direct_numbers == area.direct_numbers
    assert again.named.teams == area.teams
    assert again.named.operators == area.operators
    assert again.named.special_days == {date(2029, 5, 11): "dag"}
    assert "pin =" not in rendered.replace("write pin =", "")
