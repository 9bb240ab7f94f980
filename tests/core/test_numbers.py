"""14-numbers and E.164: every notation in, one form out, and a reason for every refusal."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata

from ari_app.core.numbers import (
    AREA_CODES,
    FICTITIOUS_AREA_CODES,
    Dialled,
    Refused,
    RefusedBecause,
    area_code,
    caller_number,
    format_shared,
    is_fictitious,
    normalise_dialled,
    parse_direct,
    parse_e164,
    parse_geographic,
    parse_shared,
)

pytestmark = pytest.mark.pure

NOTATIONS = [
    "14{code}",
    "14 {code}",
    "14-{code}",
    "14.{code}",
    " 14 {code} ",
    "14\N{NO-BREAK SPACE}{code}",
    "01400 14{code}",
    "0140014{code}",
    "+3114{code}",
    "+31 14 {code}",
    "+31 (0)14 {code}",
    "003114{code}",
    "3114{code}",
    "+31140014{code}",
    "0031140014{code}",
    "tel:14{code};phone-context=+31",
    "sip:14{code}@trunk.example;user=phone",
]


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("code", ["020", "0119", "0297", "070"])
def test_every_notation_is_the_same_number(notation: str, code: str) -> None:
    assert parse_shared(notation.format(code=code)) == f"14{code}"
    assert normalise_dialled(notation.format(code=code)).shared == f"14{code}"


@pytest.mark.parametrize("code", sorted(AREA_CODES | FICTITIOUS_AREA_CODES))
def test_every_area_code_has_its_14_number(code: str) -> None:
    shared = parse_shared(f"14{code}")
    assert shared == f"14{code}"
    assert format_shared(shared) == f"14 {code}"
    assert area_code(shared) == code


def test_area_codes_are_those_of_the_library() -> None:
    example_tail = {3: "1234567", 4: "123456"}

    def is_area(code: str) -> bool:
        number = phonenumbers.parse(f"{code}{example_tail[len(code)]}", "NL")
        return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE

    candidates = {f"0{n}" for n in range(10, 80)} | {f"0{n}" for n in range(100, 800)}
    theirs = {code for code in candidates if is_area(code)}
    # To the library "0201" and "020" are alike, and so are "0111" and "011" followed by a 1.
    ours = {code for code in theirs if code[:3] in AREA_CODES and len(code) == 3}
    ours |= {code for code in theirs if code[:3] not in AREA_CODES and len(code) == 4}
    assert ours == AREA_CODES
    assert len(AREA_CODES) == 141
    assert not FICTITIOUS_AREA_CODES & (theirs | AREA_CODES)


def test_every_number_we_accept_is_one_to_the_library() -> None:
    metadata = PhoneMetadata.metadata_for_region("NL")
    assert metadata is not None
    for code in AREA_CODES | FICTITIOUS_AREA_CODES:
        number = phonenumbers.parse(f"+3114{code}")
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.UAN


def test_every_14_number_of_the_library_is_accepted_or_refused_for_a_known_reason() -> None:
    for n in range(14_000, 150_000):
        digits = str(n)
        if not digits.startswith("140"):
            continue
        theirs = phonenumbers.is_valid_number(phonenumbers.parse(f"+31{digits}"))
        ours = parse_shared(digits)
        if isinstance(ours, Refused):
            # The pattern of the library knows the shape only, and three numbers that no municipality has.
            assert not theirs or ours.reason is RefusedBecause.NO_SUCH_AREA or digits in {"14088", "14084", "14085"}
        else:
            assert theirs


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1400", RefusedBecause.STATE),
        ("14088", RefusedBecause.BUSINESS),
        ("14 088", RefusedBecause.BUSINESS),
        ("144", RefusedBecause.ANIMALS),
        ("1406", RefusedBecause.NOT_AVAILABLE),
        ("140612", RefusedBecause.NOT_AVAILABLE),
        ("1409", RefusedBecause.NOT_AVAILABLE),
        ("14080", RefusedBecause.NOT_AVAILABLE),
        ("14085", RefusedBecause.NOT_AVAILABLE),
        ("14012", RefusedBecause.NOT_AVAILABLE),
        ("140129", RefusedBecause.NOT_AVAILABLE),
        ("14021", RefusedBecause.NOT_AVAILABLE),
        ("14123", RefusedBecause.NOT_AVAILABLE),
        ("14", RefusedBecause.NOT_AVAILABLE),
        ("140", RefusedBecause.WRONG_LENGTH),
        ("1402", RefusedBecause.WRONG_LENGTH),
        ("140200", RefusedBecause.WRONG_LENGTH),
        ("14029", RefusedBecause.WRONG_LENGTH),
        ("1402971", RefusedBecause.WRONG_LENGTH),
        ("140296", RefusedBecause.NO_SUCH_AREA),
        ("140110", RefusedBecause.NO_SUCH_AREA),
        ("020 624 11 11", RefusedBecause.NOT_14),
        ("+49 14020", RefusedBecause.NOT_14),
        ("014020", RefusedBecause.NOT_14),
        ("", RefusedBecause.NOT_A_NUMBER),
        ("veertien nul twintig", RefusedBecause.NOT_A_NUMBER),
        ("14020 of 14023", RefusedBecause.NOT_A_NUMBER),
        ("14" * 150, RefusedBecause.NOT_A_NUMBER),
    ],
)
def test_a_number_that_is_no_municipalitys_is_refused_with_its_reason(text: str, reason: RefusedBecause) -> None:
    refused = parse_shared(text)
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert refused.says
    assert len(refused.says) < 160


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("020 624 11 11", "+31206241111"),
        ("(020) 624 11 11", "+31206241111"),
        ("+31 (0)20 624 11 11", "+31206241111"),
        ("0031206241111", "+31206241111"),
        ("31206241111", "+31206241111"),
        ("06-12345678", "+31612345678"),
        ("0119 123456", "+31119123456"),
        ("31119123456", "+31119123456"),
        ("+32 2 551 20 20", "+3225512020"),
        ("0032 2 551 20 20", "+3225512020"),
        ("088 1234567", "+31881234567"),
    ],
)
def test_other_numbers_become_e164(text: str, e164: str) -> None:
    assert parse_e164(text) == e164
    assert normalise_dialled(text).e164 == e164
    assert normalise_dialled(text).shared is None
    assert caller_number(text, presentation_withheld=False) == e164


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0900 1234", RefusedBecause.PAID),
        ("0906 1234", RefusedBecause.PAID),
        ("+31 909 1234", RefusedBecause.PAID),
        ("1850", RefusedBecause.PAID),
        ("0670 123456", RefusedBecause.PAID),
        ("+32 2 551 20 20", RefusedBecause.NOT_DUTCH),
        ("+870 773 111 632", RefusedBecause.NOT_DUTCH),
        ("020 62", RefusedBecause.IMPOSSIBLE),
        ("0129 123456", RefusedBecause.IMPOSSIBLE),
        ("0119 12345", RefusedBecause.IMPOSSIBLE),
        ("14 0119", RefusedBecause.IMPOSSIBLE),
        ("bel ons", RefusedBecause.NOT_A_NUMBER),
    ],
)
def test_a_direct_number_is_dutch_and_costs_nothing_extra(text: str, reason: RefusedBecause) -> None:
    refused = parse_direct(text)
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert isinstance(parse_geographic(text), Refused)


def test_a_geographic_number_lies_in_an_area() -> None:
    assert parse_geographic("0183 12 34 56") == "+31183123456"
    assert parse_geographic("0119 12 34 56") == "+31119123456"
    assert parse_direct("088 123 45 67") == "+31881234567"
    for text in ("088 123 45 67", "06 12345678", "085 123 45 67", "0800 1234"):
        refused = parse_geographic(text)
        assert isinstance(refused, Refused)
        assert refused.reason is RefusedBecause.NOT_GEOGRAPHIC


def test_the_range_for_samples_is_recognised() -> None:
    assert is_fictitious("140119")
    assert is_fictitious("+31179123456")
    assert not is_fictitious("140118")
    assert not is_fictitious("+31118123456")


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("", ""),
        ("1400", "1400"),
        ("s", ""),
        ("+", ""),
        ("112", "112"),
        ("14020x", "14020"),
        ("1" * 300, "1" * 32),
        ("\x00\r\nINVITE sip:14020", "14020"),
        ("*21#", "21"),
        ("+99999999999999", "99999999999999"),
        ("9" * 32, "9" * 32),
    ],
)
def test_an_unreadable_dialled_number_is_kept_and_cut(text: str, digits: str) -> None:
    assert normalise_dialled(text) == Dialled(digits)


def test_unicode_digits_are_digits() -> None:
    assert normalise_dialled("١٤٠٢٠").shared == "14020"
    assert normalise_dialled("\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT FOUR}020").shared == "14020"
    assert normalise_dialled("14⁰²⁰") == Dialled("14")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "anonymous",
        "Anonymous <sip:anonymous@anonymous.invalid>",
        "unavailable",
        "restricted",
        "0",
        "101",
        "12345",
        "14020",
        "0800-BELLEN",
        "<script>alert(1)</script>0612345678",
        "0612345678 0612345679",
        "06" * 150,
        "+1 555 0100",
        "\x00",
    ],
)
def test_a_caller_without_a_usable_number_has_none(text: str | None) -> None:
    assert caller_number(text, presentation_withheld=False) is None


def test_a_withheld_number_is_never_used() -> None:
    assert caller_number("+31612345678", presentation_withheld=True) is None


@given(st.text(max_size=400) | st.text(alphabet="+0123456789 -().@;:", max_size=60))
def test_no_text_raises(text: str) -> None:
    dialled = normalise_dialled(text)
    assert len(dialled.digits) <= 32
    assert dialled.digits == "" or (dialled.digits.isascii() and dialled.digits.isdigit())
    assert dialled.shared is None or dialled.e164 is None
    parse_shared(text)
    parse_direct(text)
    parse_geographic(text)
    number = caller_number(text, presentation_withheld=False)
    assert number is None or (number.startswith("+") and number[1:].isdigit() and len(number) <= 16)


@given(st.text(alphabet="+0123456789 -()", max_size=30))
def test_reading_a_number_twice_changes_nothing(text: str) -> None:
    dialled = normalise_dialled(text)
    if dialled.shared is not None:
        assert parse_shared(format_shared(dialled.shared)) == dialled.shared
    if dialled.e164 is not None:
        assert normalise_dialled(dialled.e164).e164 == dialled.e164
