"""The notation in which a number outside is dialled, and the number of ours that is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.area import Area, Member, Municipality, SharedNumber
from ari_app.core.ids import MunicipalityCode
from ari_app.core.outbound import NumberForm, is_template, outside_endpoint, peer_of, shown_number

pytestmark = pytest.mark.pure

TRUNK = "PJSIP/{number}@trunk"
WITH_NUMBER, WITHOUT, NOWHERE = (MunicipalityCode(f"GM99{n}") for n in (1, 2, 3))
AREA = Area(
    municipalities={
        WITH_NUMBER: Municipality(WITH_NUMBER, "Esdam", geographic_numbers=("+31119990400", "+31119990401")),
        WITHOUT: Municipality(WITHOUT, "Lisdorp"),
        NOWHERE: Municipality(NOWHERE, "Terveen"),
    },
    shared_numbers={
        "140119": SharedNumber("140119", (Member(WITH_NUMBER, 1), Member(WITHOUT, 2))),
        "140179": SharedNumber("140179", (Member(WITHOUT, 1),)),
    },
)


@pytest.mark.parametrize(
    ("form", "number", "dialled"),
    [
        (NumberForm.E164, "+31612345678", "PJSIP/+31612345678@trunk"),
        (NumberForm.INTERNATIONAL, "+31612345678", "PJSIP/0031612345678@trunk"),
        (NumberForm.NATIONAL, "+31612345678", "PJSIP/0612345678@trunk"),
        (NumberForm.NATIONAL, "+3224567890", "PJSIP/003224567890@trunk"),
        (NumberForm.INTERNATIONAL, "+3224567890", "PJSIP/003224567890@trunk"),
    ],
)
def test_a_number_is_written_as_the_trunk_wants_it(form: NumberForm, number: str, dialled: str) -> None:
    assert outside_endpoint(TRUNK, number, form) == dialled


def test_a_way_that_is_a_phone_gets_every_call() -> None:
    assert outside_endpoint("PJSIP/citizen02", "+31612345678") == "PJSIP/citizen02"


def test_without_a_way_outside_nobody_is_called() -> None:
    assert outside_endpoint("", "+31612345678") is None


@pytest.mark.parametrize(
    "text",
    ["0612345678", "+", "+0612345678", "+31612345678\n", "+31612345678&PJSIP/phone01", "+3161234567890123", "112"],
)
def test_a_text_that_is_no_e164_number_is_not_called(text: str) -> None:
    assert outside_endpoint(TRUNK, text) is None


@given(st.text(), st.sampled_from(NumberForm))
def test_nothing_but_digits_and_a_plus_comes_into_a_dial_string(text: str, form: NumberForm) -> None:
    endpoint = outside_endpoint(TRUNK, text, form)
    if endpoint is not None:
        dialled = endpoint.removeprefix("PJSIP/").removesuffix("@trunk")
        assert set(dialled) <= set("+0123456789")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (TRUNK, True),
        ("PJSIP/{number}@my-trunk.1", True),
        ("PJSIP/citizen02", True),
        ("PJSIP/", False),
        ("PJSIP/{number}", False),
        ("PJSIP/{number}@", False),
        ("PJSIP/{nummer}@trunk", False),
        ("PJSIP/{number}@trunk/sip:elsewhere.example", False),
        ("PJSIP/phone01&PJSIP/phone02", False),
        ("PJSIP/{number}@trunk\n", False),
        ("Local/{number}@from-trunk", False),
        ("SIP/{number}@trunk", False),
    ],
)
def test_a_template_leads_to_one_trunk_or_phone_of_this_asterisk(text: str, is_one: bool) -> None:
    assert is_template(text) is is_one


def test_the_name_of_a_trunk_or_phone_is_read_from_a_template() -> None:
    assert (peer_of(TRUNK), peer_of("PJSIP/citizen02")) == ("trunk", "citizen02")


@pytest.mark.parametrize(
    ("municipality", "shared", "shown"),
    [
        (WITH_NUMBER, "140119", "+31119990400"),
        (WITH_NUMBER, None, "+31119990400"),
        (WITHOUT, "140119", "140119"),
        (WITHOUT, None, "140119"),
        (NOWHERE, None, ""),
        (None, "140179", "140179"),
        (None, None, ""),
        (MunicipalityCode("GM0000"), "140119", "140119"),
    ],
)
def test_our_geographic_number_is_shown_and_else_the_14_number(
    municipality: MunicipalityCode | None, shared: str | None, shown: str
) -> None:
    assert shown_number(AREA, municipality, shared) == shown
