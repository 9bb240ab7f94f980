"""Addresses of other systems: which are usable, and that no part of a password is in what is said of the others."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ari_app.core.addresses import (
    has_user,
    http_address,
    is_host,
    login_and_hosts,
    postgres_address,
    smtp_address,
)

pytestmark = pytest.mark.pure

#: in no sentence of ours
SECRET = "Qxzvw"
ODD = st.text("/?#@:%[] \\\"'&=;+é€\t", max_size=4)
FORMS: dict[str, Callable[[str], str]] = {
    "postgresql://user:{}@host/ari_app": postgres_address,
    "postgresql+asyncpg://user:{}@host:5432/ari_app": postgres_address,
    "postgres://user:{}@/ari_app?host=%2Frun%2Fpostgresql": postgres_address,
    "postgresql://host/ari_app?user=u&password={}": postgres_address,
    "smtp://user:{}@host": smtp_address,
    "smtps://user:{}@host:465": smtp_address,
    "http://user:{}@host/ari": http_address,
    "https://host/hook?token={}": http_address,
    "{}": http_address,
}


@pytest.mark.parametrize(
    "text",
    [
        "postgresql+asyncpg://ari_app@localhost/ari_app",
        "postgres://ari_app:a%2Fb%40c@[::1]:5433/ari_app",
        "postgresql://ari_app:secret@/ari_app?host=%2Frun%2Fpostgresql&port=5433",
        "postgresql:///ari_app?user=me@example.org",
        "postgresql://a:5432,b:5433/ari_app?target_session_attrs=primary",
        "postgresql://%2Frun%2Fpostgresql/ari_app",
        "postgresql://host/ari_app?sslmode=verify-full",
    ],
)
def test_an_address_of_postgresql(text: str) -> None:
    assert postgres_address(text) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mysql://user@host/db", "must begin with postgresql"),
        ("postgresql://user:geheim/123@host/db", "write / as %2F"),
        ("postgresql://user:geheim?123@host/db", "write / as %2F"),
        ("postgresql://user:geheim#123@host/db", "write / as %2F"),
        ("postgresql://user:ge@heim/123@host/db", "write / as %2F"),
        ("postgresql://host:geheim/db", "port"),
        ("postgresql://host:0/db", "port"),
        ("postgresql://host:65536/db", "port"),
        ("postgresql://host:/db", "port"),
        ("postgresql://host/db?port=ninety", "port"),
        ("postgresql://a:1,b:99999/db", "port"),
        ("postgresql://[::1/db", "cannot be read"),
        ("postgresql://ho st/db", "host"),
        ("postgresql://host/db?sslmode=maybe", "sslmode"),
    ],
)
def test_an_address_that_is_not_one_of_postgresql(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as wrong:
        postgres_address(text)
    assert "geheim" not in str(wrong.value) and "123" not in str(wrong.value)


@pytest.mark.parametrize(
    ("check", "text", "says"),
    [
        (http_address, "ftp://host", "http://"),
        (http_address, "http://", "host"),
        (http_address, "http://host:port/ari", "port"),
        (http_address, "http://host:99999", "port"),
        (http_address, "http://host:0/", "port"),
        (http_address, "http://host:-1/", "port"),
        (http_address, "http://host:８０８８/", "port"),
        (http_address, "http://a..b/", "host"),
        (smtp_address, "mail.example:25", "must be smtp://host:port"),
        (smtp_address, "smtp://", "host"),
        (smtp_address, "smtp://host:0", "port"),
        (smtp_address, "smtp://host:geheim", "port"),
        (smtp_address, "smtp://u:ge/heim@host", "port"),
    ],
)
def test_an_address_that_cannot_be_opened(check: Callable[[str], str], text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as wrong:
        check(text)
    assert "geheim" not in str(wrong.value)


@given(st.sampled_from(sorted(FORMS)), ODD, ODD)
@example("postgresql://user:{}@host/ari_app", "", "/")
@example("smtp://user:{}@host", "[", "")
def test_no_message_holds_a_part_of_a_password(form: str, before: str, after: str) -> None:
    try:
        FORMS[form](form.format(before + SECRET + after + SECRET))
    except ValueError as error:
        assert SECRET not in str(error)
        assert error.__cause__ is None and error.__suppress_context__ or error.__context__ is None


@given(st.text())
def test_any_text_is_accepted_or_refused_with_a_sentence(text: str) -> None:
    for check in (postgres_address, smtp_address, http_address):
        for whole in (text, f"postgresql://{text}", f"smtp://{text}", f"http://{text}"):
            try:
                assert check(whole) == whole
            except ValueError as error:
                assert str(error)


def test_a_user_in_an_address_is_seen() -> None:
    assert has_user("http://u:p@host/ari") and not has_user("http://host/a@b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1", True), ("::", True), ("host.example", True), ("a b", False), ("a..b", False), ("x" * 64, False)],
)
def test_a_host(text: str, expected: bool) -> None:
    assert is_host(text) is expected


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("postgresql://user:secret@a:1,b:2/db", ("user:secret", "a:1,b:2")),
        ("postgresql://host/db?user=me@example.org", ("", "host")),
        ("postgresql:///db", ("", "")),
        ("smtp://user:p%40ss@host:587", ("user:p%40ss", "host:587")),
    ],
)
def test_a_password_ends_at_the_one_at_sign(text: str, sides: tuple[str, str]) -> None:
    assert login_and_hosts(urlsplit(text)) == sides


@pytest.mark.parametrize(
    ("form", "read"),
    [("postgresql://user:{}@host/db", postgres_address), ("smtp://user:{}@host", smtp_address)],
)
def test_with_two_of_them_nobody_can_tell(form: str, read: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="where the password ends") as wrong:
        read(form.format("ge@heim"))
    assert "heim" not in str(wrong.value)
