"""The directory in the area file and as CSV: what may be written, and how every mistake is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.area_file.directory_csv import read_entries, render_entries
from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.reader import read_area
from ari_app.area_file.render import render_area
from ari_app.core.area import DirectoryEntry, EntryKind, OpeningSpan
from ari_app.core.area_contents import merge
from ari_app.core.ids import Endpoint, EntryCode, MunicipalityCode
from tests.storage.directory_files import AREA, CSV, PLAN

pytestmark = pytest.mark.pure

OOSTERWENDE, ZANDERMEER = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
KNOWN = read_area(AREA + PLAN).named
BARE = read_area(AREA).named
TAXES = DirectoryEntry(
    code=EntryCode("oosterwende-belastingen"),
    kind=EntryKind.DEPARTMENT,
    name="Belastingen",
    municipality=OOSTERWENDE,
    extension="2010",
    endpoint=Endpoint("PJSIP/phone09"),
    subject="belastingen",
    keywords=("ozb", "hondenbelasting"),
    hours={
        0: (OpeningSpan(time(8, 30), time(12)), OpeningSpan(time(13), time(17))),
        4: (OpeningSpan(time(8, 30), time(12)),),
    },
    deputy=EntryCode("oosterwende-jan"),
    valid_from=date(2026, 1, 1),
    valid_until=date(2030, 1, 1),
)


def of_area(text: str) -> list[str]:
    with pytest.raises(AreaRefused) as refused:
        read_area(text, BARE)
    return [str(mistake) for mistake in refused.value.mistakes]


def of_csv(text: str, owner: MunicipalityCode | None = OOSTERWENDE, *, replacing: bool = False) -> list[str]:
    with pytest.raises(AreaRefused) as refused:
        read_entries(text, KNOWN, owner, replacing=replacing)
    return [str(mistake) for mistake in refused.value.mistakes]


def test_every_key_of_an_entry_has_its_meaning() -> None:
    assert KNOWN.entries[TAXES.code] == TAXES
    assert KNOWN.entries[EntryCode("oosterwende-jan")].pii_number == "+31119990999"
    queue = KNOWN.entries[EntryCode("zandermeer-wachtrij")]
    assert (queue.queue, queue.shared, queue.hours) == (ZANDERMEER, True, {})


def test_a_number_is_not_shown_where_an_entry_is() -> None:
    assert "990999" not in repr(KNOWN.entries[EntryCode("oosterwende-jan")])


def test_a_rendered_directory_reads_the_same() -> None:
    area = replace(merge(BARE, read_area(PLAN, BARE)), callable_countries=frozenset({"BE", "DE"}))
    rendered = render_area(replace(area, operators={}), {}, {})
    again = read_area(rendered, area)
    assert again.named.entries == KNOWN.entries
    assert again.callable_countries == frozenset({"BE", "DE"})


ENTRY = 'code = "x"\nkind = "person"\nname = "X"\nmunicipality = "GM9901"\n'


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (ENTRY, "must have exactly one of endpoint, number, operator, team, queue; it has none"),
        (ENTRY + 'endpoint = "PJSIP/a"\noperator = "101"', "it has endpoint and operator"),
        (ENTRY + 'team = "kcc"', 'a "person" has endpoint or number or operator, and not team'),
        (ENTRY.replace('"person"', '"outside"') + 'endpoint = "PJSIP/a"', 'a "outside" has number, and not endpoint'),
        (ENTRY.replace("GM9901", "GM9999") + 'operator = "101"', "municipality: there is no municipality GM9999"),
        (ENTRY + 'operator = "999"', "operator: there is no operator 999"),
        (ENTRY.replace('"person"', '"queue"') + 'queue = "GM9999"', "queue: there is no municipality GM9999"),
        (ENTRY.replace('"person"', '"group"') + 'team = "none"', "team: there is no team none"),
        (ENTRY + 'number = "0900 1234"', "number: is a paid-service number"),
        (ENTRY + 'number = "0032 2 555 12 12"', "number: is a number abroad (BE)"),
        (ENTRY + 'number = "+870 773 111 632"', "number: is a satellite"),
        (ENTRY + 'number = "112"', "number: is a short number"),
        (ENTRY + 'number = "bel mij"', "number: is not a telephone number"),
        (ENTRY + 'operator = "101"\nextension = "0101"', "extension: must be 2 to 6 digits"),
        (ENTRY + 'operator = "101"\nextension = "112"', "extension: 112 is a public number"),
        (ENTRY + 'endpoint = "PJSIP/a"\nextension = "101"', "extension: 101 is the number of an operator"),
        (ENTRY + 'operator = "101"\ndeputy = "nobody"', "deputy: there is no directory entry nobody"),
        (ENTRY + 'operator = "101"\ndeputy = "x"', "is its own deputy"),
        (ENTRY + 'operator = "101"\nvalid_from = 2027-01-01\nvalid_until = 2026-01-01', "valid_until, the first day"),
        (ENTRY + 'operator = "101"\nnombre = "1"', "nombre: unknown key; number is meant?"),
    ],
)
def test_a_wrong_entry_is_told_with_its_line(entry: str, told: str) -> None:
    (mistake,) = of_area(f"[[directory_entry]]\n{entry}")
    assert mistake.startswith("line 1, directory_entry[0]")
    assert told in mistake


def test_an_extension_is_one_entrys_in_the_whole_area() -> None:
    twice = PLAN.replace('"2011"', '"2010"')
    (mistake,) = of_area(twice)
    assert "extension: 2010 belongs to oosterwende-belastingen of GM9901 already" in mistake
    with pytest.raises(AreaRefused, match="2010 belongs to oosterwende-belastingen of GM9901"):
        read_area(f'[[directory_entry]]\n{ENTRY}operator = "101"\nextension = "2010"', KNOWN)


def test_extensions_may_change_hands_in_one_file() -> None:
    swapped = PLAN.replace('"2010"', '"x"').replace('"2011"', '"2010"').replace('"x"', '"2011"')
    assert read_area(swapped, KNOWN).named.by_extension["2010"].code == "oosterwende-jan"


def test_a_new_operator_gets_no_number_that_is_an_extension() -> None:
    with pytest.raises(AreaRefused, match="number: 2010 is the extension of oosterwende-belastingen"):
        read_area('[[operator]]\nnumber = "2010"\nname = "B"\nteams = ["kcc"]\npin = "4821"', KNOWN)


def test_who_may_use_an_entry_may_use_its_deputy() -> None:
    crossing = PLAN.replace('deputy = "oosterwende-jan"', 'deputy = "zandermeer-anna"')
    (mistake,) = of_area(crossing)
    assert "sees zandermeer-anna of GM9902" in mistake
    assert read_area(PLAN.replace('deputy = "oosterwende-jan"', 'deputy = "zandermeer-wachtrij"'), BARE)


def test_a_country_is_opened_by_the_area() -> None:
    abroad = f'[[directory_entry]]\n{ENTRY}number = "0032 2 555 12 12"\n[outside]\nallow_countries = ["BE"]'
    assert read_area(abroad, BARE).named.entries[EntryCode("x")].pii_number == "+3225551212"
    for wrong in ('["Belgium"]', '["be"]', '["NL"]', '["BE", "BE"]', '"BE"'):
        assert of_area(f"[outside]\nallow_countries = {wrong}")


@pytest.mark.parametrize(
    ("removal", "told"),
    [
        ('directory_entries = ["oosterwende-jan"]', "is the deputy of oosterwende-belastingen"),
        ('operators = ["101"]', "directory entry zandermeer-anna reaches this operator"),
    ],
)
def test_what_an_entry_needs_is_not_removed(removal: str, told: str) -> None:
    with pytest.raises(AreaRefused, match=told):
        read_area(f"[remove]\n{removal}", KNOWN)


# --- CSV ---


def test_a_csv_line_is_the_same_entry_as_in_the_area_file() -> None:
    area = read_entries(CSV, BARE, OOSTERWENDE)
    assert area.named.entries == {code: one for code, one in KNOWN.entries.items() if one.municipality == OOSTERWENDE}
    assert not area.removals.entries


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_what_is_written_as_csv_reads_the_same(delimiter: str) -> None:
    text = render_entries(KNOWN.entries.values(), delimiter)
    assert read_entries(text, BARE).named.entries == KNOWN.entries
    assert read_entries("\ufeff" + text.replace("\r\n", "\n"), BARE).named.entries == KNOWN.entries


def test_a_spreadsheet_makes_no_formula_and_no_figure_of_a_cell() -> None:
    jan = KNOWN.entries[EntryCode("oosterwende-jan")]
    odd = replace(jan, name="=1+1", pii_number="+31612345678")
    text = render_entries([odd])
    assert ";'=1+1;" in text
    assert ";'+31 6 12345678;" in text
    assert read_entries(text, BARE).named.entries == {odd.code: odd}
    assert read_entries(text.replace("'+31 6 12345678", "612345678"), BARE).named.entries == {odd.code: odd}
    assert read_entries(text.replace("'+31 6 12345678", "31612345678"), BARE).named.entries == {odd.code: odd}


HEAD = "code;kind;name;extension;number;hours;shared;valid_from\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1, code: is missing"),
        ("code;kind\n", "line 1, name: is missing: the first line names the columns"),
        ("code;kind;name;nummer\n", "line 1, nummer: unknown column; number is meant?"),
        ("code;kind;name;code\n", "line 1, code: is a column twice"),
        (HEAD + "x;person;X;;0900 1234;;;", "line 2, number: is a paid-service number"),
        (HEAD + "x;person;X;;6,12E+08;;;", "line 2, number: is not a telephone number"),
        (HEAD + "\n;;;\nx;person;X;0101;0612345678;;;", "line 4, extension: must be 2 to 6 digits"),
        (HEAD + '"x";person;"a\nb";;0612345678;;;', "line 2, name: contains a character that cannot be shown"),
        (HEAD + "x;person;X;;0612345678;whenever;;", "line 2, hours: must be like"),
        (HEAD + "x;person;X;;0612345678;fri-mon 08:00-09:00;;", "line 2, hours: must be like"),
        (HEAD + "x;person;X;;0612345678;mon 09:00-08:00;;", "line 2, hours: closes before it opens"),
        (HEAD + "x;person;X;;0612345678;;misschien;", "line 2, shared: must be yes or no"),
        (HEAD + "x;person;X;;0612345678;;;31-31-2026", "line 2, valid_from: must be a date"),
        (HEAD + ";person;X;;0612345678;;;", "line 2, code: is missing"),
        (HEAD + "x;iemand;X;;0612345678;;;", "line 2, kind: must be 'person'"),
        (HEAD + "x;person;X;;0612345678;;;;;meer", "line 2: has 10 cells, and there are 8 columns"),
        (HEAD + "x;person;X;2010;0612345678;;;", "line 2, extension: 2010 belongs to oosterwende-belastingen"),
        (HEAD + "x;person;X;;0612345678;;;\nx;person;X;;0612345678;;;", "line 3, code: x is here twice"),
        (HEAD + "zandermeer-anna;person;X;;0612345678;;;", "line 2, code: is the code of another municipality's"),
        (HEAD + 'x;person;"X;;0612345678;;;', "line 2: not CSV"),
    ],
)
def test_a_wrong_cell_is_told_with_its_line_and_column(text: str, told: str) -> None:
    (mistake, *_) = of_csv(text)
    assert mistake.startswith(told)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    found = of_csv(HEAD + "x;person;X;0101;0900 1234;;misschien;\ny;person;Y;112;0612345678;;;\nz;wie;Z;;;;;\n")
    assert [mistake.split(":")[0] for mistake in found] == [
        "line 2, shared",
        "line 2, extension",
        "line 2, number",
        "line 3, extension",
        "line 4, kind",
    ]


def test_the_file_of_one_municipality_touches_no_other() -> None:
    with_owner = "code;kind;name;municipality;number\nx;person;X;GM9902;0612345678\n"
    (mistake,) = of_csv(with_owner)
    assert mistake == "line 2, municipality: is not GM9901, whose file this is"
    assert read_entries(with_owner, KNOWN).named.entries[EntryCode("x")].municipality == ZANDERMEER


def test_replacing_takes_out_what_the_file_leaves_out_of_its_owners_entries_only() -> None:
    jan = "code;kind;name;extension;number\noosterwende-jan;person;Jan Jansen;2011;0119 99 09 99\n"
    assert read_entries(jan, KNOWN, OOSTERWENDE).removals.entries == frozenset()
    assert read_entries(jan, KNOWN, OOSTERWENDE, replacing=True).removals.entries == {TAXES.code}


def test_replacing_does_not_take_out_what_another_entry_needs() -> None:
    taxes = "\n".join(CSV.splitlines()[:2]) + "\n"
    assert of_csv(taxes, replacing=True) == ["line 2, deputy: there is no directory entry oosterwende-jan"]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_entries(HEAD + text, KNOWN, OOSTERWENDE)
    except AreaRefused as refused:
        assert refused.mistakes


def test_a_mistake_cannot_steer_a_terminal() -> None:
    told = of_csv("code;kind;name;\x1b[2J\x00\n")
    assert told == ["line 1, \\x1b[2j\\x00: unknown column"]


def test_a_column_that_is_there_often_is_told_once() -> None:
    assert of_csv("code;kind;name;name;name\n") == ["line 1, name: is a column twice"]
