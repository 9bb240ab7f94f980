"""Names, passwords, codes, waits: what is accepted, and for how long nothing is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import PasswordFault, needs_code, password_fault, read_login
from ari_app.core.login_limits import OF_ACCOUNT, OF_ADDRESS
from ari_app.core.totp import code_of, is_secret, matching_step, provisioning_uri, step_at, written

pytestmark = pytest.mark.pure

RFC_SECRET = written(b"12345678901234567890")


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, without the first two of its eight digits."""
    now = datetime.fromtimestamp(seconds, UTC)
    assert code_of(RFC_SECRET, step_at(now)) == code
    assert matching_step(RFC_SECRET, code, now, None) == step_at(now)


@pytest.mark.parametrize(("off", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(off: int, fits: bool) -> None:
    now = datetime(2026, 11, 23, 9, 0, 10, tzinfo=UTC)
    code = code_of(RFC_SECRET, step_at(now + timedelta(seconds=off)))
    assert (matching_step(RFC_SECRET, code, now, None) is not None) is fits


def test_a_code_that_was_used_fits_no_more_and_neither_do_older_ones() -> None:
    now = datetime(2026, 11, 23, 9, 0, 10, tzinfo=UTC)
    step = step_at(now)
    assert matching_step(RFC_SECRET, code_of(RFC_SECRET, step), now, step) is None
    assert matching_step(RFC_SECRET, code_of(RFC_SECRET, step - 1), now, step) is None
    assert matching_step(RFC_SECRET, code_of(RFC_SECRET, step + 1), now, step) == step + 1


@pytest.mark.parametrize("code", ["", "28708", "2870822", "२८७०८२", "x" * 1000, "\ud800"])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    assert matching_step(RFC_SECRET, code, datetime.fromtimestamp(59, UTC), None) is None


def test_an_app_reads_whose_code_it_is() -> None:
    assert is_secret(RFC_SECRET)
    assert not is_secret(RFC_SECRET.lower())
    uri = provisioning_uri(RFC_SECRET, "anna@kcc", "14+netnummer")
    assert uri == f"otpauth://totp/14%2Bnetnummer:anna%40kcc?secret={RFC_SECRET}&issuer=14%2Bnetnummer"


@pytest.mark.parametrize(
    ("typed", "login"),
    [(" Anna ", "anna"), ("a.de-boer@kcc.example", "a.de-boer@kcc.example"), ("", None), ("a b", None), ("á", None)]
    + [("a" * 100, "a" * 100), ("a" * 101, None), ("-a", None), ("a\x00", None)],
)
def test_names_to_log_in_with(typed: str, login: str | None) -> None:
    assert read_login(typed) == login


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("vijf losse woorden op rij", None),
        ("🎈🎉🎊🎁🎀🧨✨🎏🎐🎑🎍🎎x", None),
        ("kort", PasswordFault.SHORT),
        ("a" * 129, PasswordFault.LONG),
        ("Welkom2026!!", PasswordFault.COMMON),
        ("123wachtwoord123", PasswordFault.COMMON),
        ("123456789012", PasswordFault.COMMON),
        ("!!!!!!!!!!!!", PasswordFault.COMMON),
        ("aaaaaaaaaaaab", PasswordFault.COMMON),
        ("anna.de.boer zegt hallo", PasswordFault.OWN_NAME),
    ],
)
def test_passwords(password: str, fault: PasswordFault | None) -> None:
    assert password_fault(password, "anna.de.boer@kcc.example") is fault


@pytest.mark.parametrize("login", ["a@gemeente.nl", "jan@gemeente.nl", "bea"])
def test_a_name_so_short_that_it_is_in_many_words_may_be_in_a_password(login: str) -> None:
    assert password_fault("januari en de beatles samen", login) is None


def test_a_name_of_four_letters_may_not() -> None:
    assert password_fault("anna en andere woorden", "anna@gemeente.nl") is PasswordFault.OWN_NAME


OFFICE = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/64"))


@pytest.mark.parametrize(
    ("roles", "address", "asked"),
    [
        ({Role.OPERATOR}, "192.0.2.7", False),
        ({Role.OPERATOR}, "2001:db8::7", False),
        ({Role.OPERATOR}, "198.51.100.7", True),
        ({Role.OPERATOR}, None, True),
        ({Role.OPERATOR, Role.SUPERVISOR}, "192.0.2.7", True),
        ({Role.ADMINISTRATOR}, "192.0.2.7", True),
        (set(), "192.0.2.7", True),
    ],
)
def test_who_gives_a_code(roles: set[Role], address: str | None, asked: bool) -> None:
    seen = None if address is None else ip_address(address)
    assert needs_code(roles, seen, OFFICE, {Role.OPERATOR}) is asked


def test_waits_grow_and_an_address_has_more_mistakes_for_nothing() -> None:
    seconds = [None if wait is None else wait.total_seconds() for wait in OF_ACCOUNT.waits]
    assert seconds == [None, None, None, 5, 10, 20, 40, 80, 160, 320, 640, 900]
    assert OF_ADDRESS.wait_after(30) is None
    assert OF_ADDRESS.wait_after(31) == timedelta(seconds=5)
    assert OF_ADDRESS.wait_after(1000) == timedelta(minutes=15)
