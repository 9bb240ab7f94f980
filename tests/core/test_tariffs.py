"""Numbers that are never called (AV §8): a table of notations."""

from __future__ import annotations

import pytest

from ari_app.core.tariffs import Forbidden, NotCalled, callable_number, is_public_short_number

pytestmark = pytest.mark.pure

N = NotCalled

NOTATIONS = [
    "0{n}",
    "0 {n}",
    "+31{n}",
    "+31 {n}",
    "0031{n}",
    "0031 {n}",
    "31{n}",
    "+31 (0){n}",
    "+310{n}",
    "tel:+31{n}",
]

#: forms without the 0, and their result
DUTCH = [
    ("900 1234", N.PAID),
    ("900 12345678", N.PAID),
    ("900-9999", N.PAID),
    ("906 1234", N.PAID),
    ("906 12345678", N.PAID),
    ("909 1234", N.PAID),
    ("909 123 456 78", N.PAID),
    ("67 6123456", N.PAID),
    ("676 123 456", N.PAID),
    ("800 1234", None),
    ("800 1234567", None),
    ("84 1234567", None),
    ("85 1234567", None),
    ("87 1234567", None),
    ("88 1234567", None),
    ("6 12345678", None),
    ("20 1234567", None),
    ("119 990400", None),
]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0900 1234", N.PAID),
        ("0900-8844", N.PAID),
        ("+31 900 8844", N.PAID),
        ("0031900123456", N.PAID),
        ("0906 12345678", N.PAID),
        ("0909-1234567", N.PAID),
        ("+31(0)909 1234", N.PAID),
        ("067 1234567", N.PAID),
        ("1850", N.PAID),
        ("1888", N.PAID),
        ("18888", N.PAID),
        ("+311888", N.PAID),
        ("112", N.SHORT),
        ("+31112", N.SHORT),
        ("144", N.SHORT),
        ("14 020", N.SHORT),
        ("140119", N.SHORT),
        ("14088", N.SHORT),
        ("1400", N.SHORT),
        ("+870 773 123456", N.SATELLITE),
        ("00881 6 1234 5678", N.SATELLITE),
        ("+883 5100 1234 5678", N.SATELLITE),
        ("+49 30 1234567", N.ABROAD),
        ("0049301234567", N.ABROAD),
        ("+32 2 555 12 12", N.ABROAD),
        ("+960 300 1234", N.ABROAD),
        ("+44 909 8790000", N.PAID),
        ("18 00", N.PAID),
        ("00311888", N.PAID),
        ("311888", N.PAID),
        ("9001234", N.PAID),
        ("0031 112", N.SHORT),
        ("113", N.SHORT),
        ("116111", N.SHORT),
        ("+31144", N.SHORT),
        ("14 06", N.SHORT),
        ("1499 1234", N.SHORT),
        ("01400 14020", N.SHORT),
        ("+31 14 0119", N.SHORT),
        ("014 020", N.SHORT),
        ("014 0119", N.SHORT),
        ("+31 (0)14 020", N.SHORT),
        ("1233", N.SHORT),
        ("7", N.SHORT),
        ("00870773111632", N.SATELLITE),
        ("+882 16 1234567", N.SATELLITE),
        ("+979 1 2345 6789", N.SATELLITE),
        ("+1 212 555 2368", N.ABROAD),
        ("+599 9 461 1234", N.ABROAD),
        ("0201234", N.NOT_A_NUMBER),
        ("0119", N.NOT_A_NUMBER),
        ("0", N.NOT_A_NUMBER),
        ("0" * 40, N.NOT_A_NUMBER),
        ("hallo", N.NOT_A_NUMBER),
        ("", N.NOT_A_NUMBER),
        ("0612345678901234", N.NOT_A_NUMBER),
    ],
)
def test_a_number_that_costs_extra_or_is_not_ours_to_call_is_not_called(text: str, reason: NotCalled) -> None:
    found = callable_number(text)
    assert isinstance(found, Forbidden)
    assert found.reason is reason
    assert found.says


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("06 12345678", "+31612345678"),
        ("+31 6 1234 5678", "+31612345678"),
        ("0031612345678", "+31612345678"),
        ("020 123 45 67", "+31201234567"),
        ("0119 99 01 00", "+31119990100"),
        ("0800 1234567", "+318001234567"),
        ("084 1234567", "+31841234567"),
        ("085 123 4567", "+31851234567"),
        ("087 1234567", "+31871234567"),
        ("088 123 4567", "+31881234567"),
    ],
)
def test_an_ordinary_dutch_number_is_called(text: str, number: str) -> None:
    assert callable_number(text) == number


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(("number", "reason"), DUTCH)
def test_a_dutch_number_has_one_tariff_in_every_notation(notation: str, number: str, reason: NotCalled | None) -> None:
    found = callable_number(notation.format(n=number))
    assert (found.reason if isinstance(found, Forbidden) else None) is reason


def test_a_country_is_closed_until_it_is_opened() -> None:
    assert callable_number("+32 2 555 12 12", {"BE"}) == "+3225551212"
    assert isinstance(callable_number("+32 2 555 12 12", {"DE"}), Forbidden)
    assert isinstance(callable_number("+32 900 12345", {"BE"}), Forbidden)


@pytest.mark.parametrize("number", ["0032 902 12 345", "+44 909 879 0000", "+44 844 123 4567"])
def test_an_open_countrys_paid_services_stay_closed(number: str) -> None:
    found = callable_number(number, {"BE", "GB"})
    assert isinstance(found, Forbidden)
    assert found.reason is N.PAID


def test_an_island_under_another_countrys_code_is_a_country_of_its_own() -> None:
    assert callable_number("+44 20 7946 0958", {"GB"}) == "+442079460958"
    guernsey = callable_number("+44 1481 960 194", {"GB"})
    assert isinstance(guernsey, Forbidden)
    assert guernsey.reason is N.ABROAD


def test_no_list_of_countries_opens_a_satellite() -> None:
    assert isinstance(callable_number("+881 6 1234 5678", {"001", "NL"}), Forbidden)


def test_public_short_numbers_are_distinguished_from_extensions() -> None:
    assert all(map(is_public_short_number, ["112", "144", "1400", "14020", "140297", "14088", "1888", "116111"]))
    assert not any(map(is_public_short_number, ["101", "2010", "9001", "6712", "140", "145", "31144", "199999"]))
