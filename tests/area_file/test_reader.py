"""The area file: what may be written, and how every mistake is told."""

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

pytestmark = pytest.mark.pure

SAMPLE = (Path(ari_app.sample.__file__).parent / "area.toml").read_text(encoding="utf-8")
A, B, C = (MunicipalityCode(f"GM990{n}") for n in range(1, 4))

GOOD = f"""
[[municipality]]
code = "GM9901"
name = "Oosterwende"
hours = {{ mon = ["08:30-12:00", "13:00-17:00"] }}
geographic = ["0119 990 100"]
[[municipality.direct]]
number = "0119 990 105"
operator = "101"

[[municipality]]
code = "GM9902"
name = "Zandermeer"

[[shared_number]]
number = "14 0119"
default = "GM9901"
[[shared_number.member]]
municipality = "GM9901"
key = 1
[[shared_number.member]]
municipality = "GM9902"
key = 2

[[team]]
code = "kcc"
name = "KCC"
serves = ["GM9901"]
helps = ["GM9902"]

[[operator]]
number = "101"
name = "Anna"
teams = ["kcc"]
pin = "4821"

[[operator]]
number = "102"
name = "Bram"
teams = ["kcc"]
pin_hash = "{HASH}"
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(AreaRefused) as refused:
        read_area(text)
    return [str(mistake) for mistake in refused.value.mistakes]


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


def test_all_mistakes_are_told_at_once() -> None:
    bad = (
        GOOD.replace('"08:30-12:00", "13:00-17:00"', '"8:30-12:00", "17:00-13:00"')
        .replace('code = "GM9902"', 'code = "9902"')
        .replace('number = "14 0119"', 'number = "14 0120"')
        .replace("key = 2", "key = 10")
        .replace('geographic = ["0119 990 100"]', 'geographic = ["0900 1234"]\ngeografic = []')
        .replace('helps = ["GM9902"]', 'helps = ["GM9903"]')
        .replace('pin = "4821"', "pin = 4821")
        .replace('teams = ["kcc"]\npin_hash', 'teams = ["kc"]\npin_hash')
        .replace('operator = "101"', 'operator = "109"')
    )
    assert mistakes(bad) == [
        'line 2, municipality[0].hours.mon[0]: must be written as "08:30-17:00", with times from 00:00 to 24:00',
        "line 2, municipality[0].hours.mon[1]: closes before it opens; a night is two spans: until 24:00, "
        "and from 00:00 on the next day",
        "line 2, municipality[0].geographic[0]: '0900 1234' is a paid-service number, which costs callers extra",
        "line 2, municipality[0].geografic: unknown key; geographic is meant?",
        "line 8, municipality[0].direct[0].operator: there is no operator 109",
        'line 12, municipality[1].code: must be a CBS code such as "GM9901"',
        "line 16, shared_number[0].number: 14 0120 is not available in the numbering plan",
        "line 22, shared_number[0].member[1].key: must be less than or equal to 9",
        "line 26, team[0].helps[0]: there is no municipality GM9903",
        "line 32, operator[0].pin: must be text, in quotes",
        "line 38, operator[1].teams[0]: there is no team kc",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        # municipalities
        ('name = "Zandermeer"', "", "municipality[1].name: is missing"),
        (
            'name = "Zandermeer"',
            'name = "oosterwende"',
            "municipality[1].name: oosterwende is the name of GM9901 as well",
        ),
        ('code = "GM9902"', 'code = "GM9901"', "municipality[1].code: GM9901 is here twice"),
        ('name = "Zandermeer"', 'name = ""', "municipality[1].name: must have at least 1 character"),
        ('name = "Zandermeer"', 'name = "Z\\u0000"', "municipality[1].name: contains a character that cannot be shown"),
        ('name = "Zandermeer"', f'name = "{"Z" * 121}"', "municipality[1].name: must have at most 120 characters"),
        ('name = "Zandermeer"', "name = 1", "municipality[1].name: must be text, in quotes"),
        ('name = "Zandermeer"', 'name = "#1"', "municipality[1].name: has no letter: it is spoken to callers"),
        ('name = "Zandermeer"', 'name = "Z"\nspoken = "-"', "municipality[1].spoken: has no letter"),
        ('name = "Zandermeer"', 'name = "Z"\nspoken = ""', "municipality[1].spoken: must have at least 1 character"),
        ('name = "Zandermeer"', 'name = "Z"\naliases = "Y"', "municipality[1].aliases: must be a list"),
        ('name = "Zandermeer"', 'name = "Z"\naliases = ["Y", "Y"]', "municipality[1].aliases: names Y twice"),
        ('name = "Zandermeer"', 'name = "Z"\nhours = []', "municipality[1].hours: must be a table"),
        ('name = "Zandermeer"', 'name = "Z"\nhours = { zo = [] }', "municipality[1].hours.zo: unknown key"),
        ('"13:00-17:00"', '"11:59-17:00"', "hours.mon: has hours that overlap: 08:30-12:00 and 11:59-17:00"),
        ('"13:00-17:00"', '"13:00-25:00"', 'hours.mon[1]: must be written as "08:30-17:00"'),
        ('"13:00-17:00"', '"24:00-08:00"', 'hours.mon[1]: must be written as "08:30-17:00"'),
        ('"13:00-17:00"', '"13:00-13:00"', "hours.mon[1]: closes before it opens"),
        ('"13:00-17:00"', "8", 'hours.mon[1]: must be written as "08:30-17:00"'),
        (
            'name = "Zandermeer"',
            'name = "Z"\nvalid_from = 2026-01-01\nvalid_until = 2026-01-01',
            "municipality[1]: valid_until, the first day no longer, must come after valid_from",
        ),
        ('name = "Zandermeer"', 'name = "Z"\nvalid_from = "x"', "municipality[1].valid_from: must be a date such as"),
        ('name = "Zandermeer"', 'name = "Z"\nvalid_from = 0001-01-01', "valid_from: is a date in the year 1"),
        ('name = "Zandermeer"', 'name = "Z"\nopen_on_legal_days = 1', "open_on_legal_days: must be true or false"),
        (
            'name = "Zandermeer"',
            'name = "Z"\nnorms = { answer_within_seconds = 0 }',
            "norms.answer_within_seconds: must be greater than or equal to 1",
        ),
        (
            'name = "Zandermeer"',
            'name = "Z"\nclosing = [{ starts = 2026-01-02, ends = 2026-01-01, reason = "x" }]',
            "municipality[1].closing[0]: ends before it starts",
        ),
        (
            'name = "Zandermeer"',
            'name = "Z"\nclosing = [{ starts = 08:00:00, ends = 2026-01-01, reason = "x" }]',
            "municipality[1].closing[0].starts: must be a date or a date and time",
        ),
        (
            'name = "Zandermeer"',
            'name = "Z"\nclosing = [{ starts = 9999-12-31, ends = 9999-12-31, reason = "x" }]',
            "municipality[1].closing[0].starts: is a date in the year 9999",
        ),
        (
            'name = "Zandermeer"',
            'name = "Z"\nclosing = [{ starts = 2026-01-01, ends = 2026-01-01, reason = "x" }, '
            '{ starts = 2026-01-01T00:00:00, ends = 2026-01-02T00:00:00, reason = "y" }]',
            "municipality[1]: has the same closing twice",
        ),
        # numbers
        ('["0119 990 100"]', '["+32 2 551 20 20"]', "geographic[0]: '+32 2 551 20 20' is not a Dutch number"),
        ('["0119 990 100"]', '["06 12345678"]', "geographic[0]: '06 12345678' is not a geographic number"),
        ('["0119 990 100"]', '["14 0119"]', "geographic[0]: '14 0119' is a 14-number"),
        ('["0119 990 100"]', '["0119 990 105"]', "direct[0].number: +31119990105 belongs to GM9901 already"),
        ('number = "0119 990 105"', 'number = "1850"', "direct[0].number: '1850' is a paid-service number"),
        (
            'operator = "101"\n\n',
            'operator = "101"\nteam = "kcc"\n\n',
            "direct[0]: rings one of operator, team and endpoint",
        ),
        (
            'operator = "101"\n\n',
            'operator = "101"\ndeputy_operator = "101"\n\n',
            "direct[0]: has somebody as their own deputy",
        ),
        (
            'operator = "101"\n\n',
            'operator = "101"\ndeputy_operator = "109"\n\n',
            "direct[0].deputy_operator: there is no operator 109",
        ),
        (
            'operator = "101"\n\n',
            'operator = "101"\ndeputy_operator = "102"\ndeputy_endpoint = "PJSIP/phone30"\n\n',
            "direct[0]: has one of deputy_operator and deputy_endpoint",
        ),
        ('operator = "101"\n\n', 'deputy_endpoint = "PJSIP/phone30"\n\n', "direct[0]: has a deputy of nobody"),
        ('operator = "101"\n\n', 'endpoint = "PJSIP/0906@trunk"\n\n', "direct[0].endpoint: must be a phone of this"),
        ('operator = "101"\n\n', 'endpoint = "Local/1@x"\n\n', "direct[0].endpoint: must be a phone of this"),
        ('number = "14 0119"', 'number = "1400"', "shared_number[0].number: 1400 is the State's number"),
        (
            'number = "14 0119"',
            'number = "020 1234567"',
            "shared_number[0].number: '0201234567' does not begin with 14",
        ),
        # members and keys
        (
            "key = 2",
            "key = 1",
            "shared_number[0].member[1].key: key 1 of 14 0119 belongs to GM9901; free keys: 2, 3, 4",
        ),
        ("key = 2", "key = 0", "shared_number[0].member[1].key: must be greater than or equal to 1"),
        ("key = 2", 'key = "2"', "shared_number[0].member[1].key: must be a whole number, without quotes"),
        ("key = 2", "key = true", "shared_number[0].member[1].key: must be a whole number"),
        (
            'municipality = "GM9902"',
            'municipality = "GM9909"',
            "member[1].municipality: there is no municipality GM9909",
        ),
        (
            'municipality = "GM9902"',
            'municipality = "GM9901"',
            "member[1].municipality: GM9901 is a member of 14 0119 already",
        ),
        (
            'default = "GM9901"',
            "choose_within_seconds = 4",
            "choose_within_seconds: must be greater than or equal to 5",
        ),
        (
            'default = "GM9901"',
            "choose_within_seconds = 121",
            "choose_within_seconds: must be less than or equal to 120",
        ),
        ('default = "GM9901"', 'default = "GM9909"', "shared_number[0].default: GM9909 is not a member of 14 0119"),
        ('default = "GM9901"', 'default = "Oosterwende"', "shared_number[0].default: must be a member's CBS code, or"),
        (
            "key = 2",
            'key = 2\nconsultation = [{ neighbour = "A", on = 2026-01-01, kind = "asked", by = "B" }]',
            "member[1].consultation[0].kind: must be 'consulted' or 'informed'",
        ),
        # teams and operators
        (
            'serves = ["GM9901"]',
            "serves = []\nwrap_up_seconds = -1",
            "team[0].wrap_up_seconds: must be greater than or equal",
        ),
        ('serves = ["GM9901"]\nhelps = ["GM9902"]', "", "team[0]: serves nobody and helps nobody"),
        ('helps = ["GM9902"]', 'helps = ["GM9901"]', "team[0]: serves GM9901 and helps it as well"),
        ('name = "KCC"', 'name = "KCC"\nreach = "phone"', "team[0].reach: must be 'line' or 'ring'"),
        ('code = "kcc"', 'code = "K C"', "team[0].code: must be at most 32 small letters"),
        ('number = "102"', 'number = "101"', "operator[1].number: 101 is here twice; the other is operator[0]"),
        ('number = "102"', "number = 102", "operator[1].number: must be text, in quotes"),
        ('number = "102"', 'number = "1"', "operator[1].number: must be 2 to 8 digits in quotes"),
        ('teams = ["kcc"]\npin =', "teams = []\npin =", "operator[0].teams: must have at least 1 item"),
        ('pin = "4821"', 'pin = "123"', "operator[0].pin: must be 4 to 8 digits in quotes"),
        ('pin = "4821"', 'pin = "123456789"', "operator[0].pin: must be 4 to 8 digits in quotes"),
        ('pin = "4821"', 'pin = "12a4"', "operator[0].pin: must be 4 to 8 digits in quotes"),
        ('pin = "4821"', "", "operator[0].pin: operator 101 is new and needs a pin"),
        ('pin = "4821"', f'pin = "4821"\npin_hash = "{HASH}"', "operator[0]: has a pin and a pin_hash: one of the two"),
        *(
            ('pin = "4821"', f'pin = "{weak}"', "operator[0].pin: is guessed at once: neither one digit again")
            for weak in ("0000", "1111", "1234", "4321", "012345", "99999999", "87654321")
        ),
        (f'pin_hash = "{HASH}"', 'pin_hash = "4821"', "operator[1].pin_hash: is not an argon2 hash"),
        # callbacks
        ('name = "Zandermeer"', 'name = "Z"\ncallback = { team = "x" }', "[1].callback.team: there is no team x"),
        ('name = "Zandermeer"', 'name = "Z"\ncallback = { max_attempts = 0 }', "must be greater than or equal to 1"),
        ('name = "Zandermeer"', 'name = "Z"\ncallback = { call_from = "8:30" }', "must be a time of day from"),
        ('name = "Zandermeer"', 'name = "Z"\ncallback = { call_until = "24:00" }', 'to "23:59", in quotes'),
        (
            'name = "Zandermeer"',
            'name = "Z"\ncallback = { call_from = "20:00" }',
            "municipality[1].callback: call_until must come after call_from",
        ),
        ('name = "KCC"', 'name = "KCC"\nemail = "kcc at gemeente"', "team[0].email: must be one mail address"),
        ('name = "KCC"', 'name = "KCC"\nemail = "a@b.nl, c@d.nl"', "team[0].email: must be one mail address"),
        ('name = "KCC"', 'name = "KCC"\nreminder_phone = "0900 1234"', "reminder_phone: is a paid-service number"),
        (
            'name = "KCC"',
            'name = "KCC"\nreminder_phone = "0119 990 105"',
            "reminder_phone: +31119990105 is served here",
        ),
        (
            'name = "KCC"',
            'name = "KCC"\nsupervisor = { phone = "0119 990 100" }',
            "supervisor: +31119990100 is served here",
        ),
        ('name = "KCC"', 'name = "KCC"\nsupervisor = { mail = "x" }', "team[0].supervisor.mail: unknown key"),
        # the file
        ("[[team]]", "[team]", "team: begins with two brackets: [[team]]"),
        ("[[team]]", "[[teams]]", "teams: unknown key; team is meant?"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, told: str) -> None:
    assert old in GOOD
    found = mistakes(GOOD.replace(old, new))
    assert any(told in mistake for mistake in found), found


def test_a_mistake_never_shows_a_pin() -> None:
    for pin in ('"98 76"', "9876", '"9876x"', '["9876"]', '"987"'):
        for mistake in mistakes(GOOD.replace('pin = "4821"', f"pin = {pin}")):
            assert "987" not in mistake
    found = mistakes(GOOD.replace('number = "101"\n', 'number = "4821"\n'))
    assert any("operator[0]: has a pin that is the operator's own number" in mistake for mistake in found)


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
