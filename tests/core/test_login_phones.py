"""The phones at which an operator may log in when we ring one."""

from __future__ import annotations

import pytest

from ari_app.core.area import Area, DirectoryEntry, EntryKind, Municipality, Operator, Team
from ari_app.core.ids import Endpoint, EntryCode, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.login_phones import login_phones, phone_called

pytestmark = pytest.mark.pure

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
ANNA = OperatorNumber("101")
KCC = TeamCode("wierdam")


def entry(extension: str, municipality: MunicipalityCode, phone: str | None, *, shared: bool = False) -> DirectoryEntry:
    endpoint = None if phone is None else Endpoint(phone)
    number = "+31119555123" if phone is None else None
    code = EntryCode(f"e{extension}")
    return DirectoryEntry(
        code, EntryKind.PERSON, "Iemand", municipality, extension, endpoint, pii_number=number, shared=shared
    )


AREA = Area(
    municipalities={code: Municipality(code, code) for code in (WIERDAM, ELDERLO)},
    teams={KCC: Team(code=KCC, name="KCC", serves=(WIERDAM,))},
    operators={ANNA: Operator(ANNA, "Anna", (KCC,))},
    entries={
        one.code: one
        for one in (
            entry("201", WIERDAM, "PJSIP/phone07"),
            entry("202", WIERDAM, None),
            entry("301", ELDERLO, "PJSIP/phone08"),
            entry("302", ELDERLO, "PJSIP/phone09", shared=True),
        )
    },
)
USED = [Endpoint("PJSIP/phone01"), Endpoint("PJSIP/Balie-2")]


def test_the_phones_of_the_directory_are_those_of_the_operators_own_municipalities() -> None:
    assert login_phones(AREA, ANNA) == {"PJSIP/phone07"}
    assert login_phones(AREA, OperatorNumber("999")) == frozenset()


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("phone01", "PJSIP/phone01"),
        (" balie-2 ", "PJSIP/Balie-2"),
        ("201", "PJSIP/phone07"),
        ("202", None),  # a number outside
        ("301", None),  # of another municipality
        ("302", None),  # of another municipality that shares it for transfers
        ("phone07", None),  # a name that this operator never used
        ("", None),
        ("trunk", None),
    ],
)
def test_what_somebody_types_is_a_phone_of_theirs_or_none(typed: str, phone: str | None) -> None:
    assert phone_called(AREA, ANNA, typed, USED) == phone
