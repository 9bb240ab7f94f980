"""What an editor's file may reach: the operators, teams and queues of their own municipality, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ari_app.area_file.directory_changes import change_of
from ari_app.area_file.errors import AreaRefused
from ari_app.core.area import Area, DirectoryEntry, EntryKind, Member, Municipality, Operator, SharedNumber, Team
from ari_app.core.directory_commands import ChangeDirectory
from ari_app.core.ids import Endpoint, EntryCode, MunicipalityCode, OperatorNumber, TeamCode

pytestmark = pytest.mark.pure

WIERDAM, ELDERLO, VERDEROP = (MunicipalityCode(code) for code in ("GM9901", "GM9902", "GM9903"))
TODAY = date(2026, 11, 30)
THEIRS = DirectoryEntry(EntryCode("hun"), EntryKind.PERSON, "Hun", ELDERLO, endpoint=Endpoint("PJSIP/hun"))
AREA = Area(
    municipalities={code: Municipality(code, code) for code in (WIERDAM, ELDERLO, VERDEROP)},
    teams={
        TeamCode("samen"): Team(TeamCode("samen"), "Samen", serves=(ELDERLO,), helps=(WIERDAM,)),
        TeamCode("hun"): Team(TeamCode("hun"), "Hun", serves=(ELDERLO,)),
    },
    operators={
        OperatorNumber("101"): Operator(OperatorNumber("101"), "Anna", (TeamCode("samen"),)),
        OperatorNumber("102"): Operator(OperatorNumber("102"), "Bert", (TeamCode("hun"),)),
    },
    entries={THEIRS.code: THEIRS},
    shared_numbers={
        "140119": SharedNumber("140119", (Member(WIERDAM, 1), Member(ELDERLO, 2))),
    },
)
HEAD = "code;kind;name;operator;team;queue;endpoint\n"


def mistakes(line: str, area: Area = AREA) -> list[str]:
    try:
        change_of(area, WIERDAM, ChangeDirectory(HEAD + line, ""), TODAY)
    except AreaRefused as refused:
        return [str(mistake) for mistake in refused.mistakes]
    return []


@pytest.mark.parametrize(
    "line",
    ["a;person;A;101;;", "a;group;A;;samen;", "a;queue;A;;;GM9901", "a;queue;A;;;GM9902", "a;person;A;;;;PJSIP/nieuw"],
)
def test_an_entry_reaches_who_works_for_the_municipality_and_queues_beside_it(line: str) -> None:
    assert mistakes(line) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a;person;A;102;;", "line 2, operator: there is no operator 102"),
        ("a;group;A;;hun;", "line 2, team: there is no team hun"),
        ("a;queue;A;;;GM9903", "line 2, queue: there is no municipality GM9903"),
        ("a;person;A;;;;PJSIP/hun", "line 2, endpoint: there is no phone PJSIP/hun"),
    ],
)
def test_of_others_nobody_is_there_for_an_editor(line: str, says: str) -> None:
    assert mistakes(line) == [says]


def test_what_whoever_keeps_the_area_gave_an_entry_it_keeps() -> None:
    given = DirectoryEntry(EntryCode("a"), EntryKind.PERSON, "A", WIERDAM, operator=OperatorNumber("102"))
    known = replace(AREA, entries={given.code: given})
    assert mistakes("a;person;Ander;102;;", known) == []
    assert mistakes("b;person;Ander;102;;", known) == ["line 2, operator: there is no operator 102"]
