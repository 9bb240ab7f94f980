"""For which addresses of the pages browsers give passkeys, and what a passkey may be called."""

from __future__ import annotations

import pytest

from ari_app.core.passkeys import RelyingParty, read_domain, read_name, relying_party

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("url", "domain", "party"),
    [
        ("https://kcc.gemeente.example", None, RelyingParty("kcc.gemeente.example", "https://kcc.gemeente.example")),
        (
            "https://KCC.gemeente.example:8443",
            None,
            RelyingParty("kcc.gemeente.example", "https://kcc.gemeente.example:8443"),
        ),
        (
            "https://kcc.gemeente.example",
            "gemeente.example",
            RelyingParty("gemeente.example", "https://kcc.gemeente.example"),
        ),
        (
            "https://kcc.gemeente.example:443",
            None,
            RelyingParty("kcc.gemeente.example", "https://kcc.gemeente.example"),
        ),
        (
            "https://kcc.gemeente.example:80",
            None,
            RelyingParty("kcc.gemeente.example", "https://kcc.gemeente.example:80"),
        ),
        ("http://localhost:80", None, RelyingParty("localhost", "http://localhost")),
        ("http://localhost:8081", None, RelyingParty("localhost", "http://localhost:8081")),
        ("http://127.0.0.1:8081", None, None),
        ("https://192.0.2.1", None, None),
        ("https://[2001:db8::1]", None, None),
        ("http://kcc.gemeente.example", None, None),
    ],
)
def test_passkeys_are_for_the_host_of_the_pages_or_its_domain(
    url: str, domain: str | None, party: RelyingParty | None
) -> None:
    assert relying_party(url, domain) == party


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://kcc.gemeente.example", "andere.example"),
        ("https://kcc.gemeente.example", "meente.example"),
        ("https://gemeente.example", "kcc.gemeente.example"),
        ("http://127.0.0.1:8081", "gemeente.example"),
        ("http://kcc.gemeente.example", "gemeente.example"),
    ],
)
def test_another_domain_is_refused(url: str, domain: str) -> None:
    with pytest.raises(ValueError, match="must be|needs"):
        relying_party(url, domain)


@pytest.mark.parametrize("text", ["Gemeente.example", "https://gemeente.example", "192.0.2.1", "a..b", "-a.nl", "a b"])
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be the name of a host"):
        read_domain(text)
    assert read_domain("kcc.gemeente.example") == "kcc.gemeente.example"


def test_a_name_is_on_one_line_and_short() -> None:
    assert read_name("  laptop   van het werk ") == "laptop van het werk"
    for text in ("", " ", "a" * 41, "a\x00", "\u202e"):
        assert read_name(text) is None
