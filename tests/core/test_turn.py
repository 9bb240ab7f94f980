"""Credentials for a TURN server: as coturn computes them, for a while."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ari_app.core.turn import LASTS, TurnServers, read_addresses

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
SERVERS = TurnServers(("turn:turn.example:3478?transport=udp", "turns:turn.example"), "between-us-0123456789")


def test_the_user_ends_by_itself_and_the_password_is_its_signature() -> None:
    (said,) = SERVERS.for_page("web-1", NOW)
    assert said["urls"] == list(SERVERS.addresses)
    assert said["username"] == f"{int((NOW + LASTS).timestamp())}:web-1" == "1796072400:web-1"
    # printf 1796072400:web-1 | openssl dgst -sha1 -hmac between-us-0123456789 -binary | base64
    assert said["credential"] == "8pwYE1Mo5JMMJ0AvfM0CaP9bJHQ="


def test_the_secret_is_in_no_text() -> None:
    assert "between-us" not in repr(SERVERS) + str(SERVERS.for_page("web-1", NOW))


@pytest.mark.parametrize(
    "text",
    [
        "turn:a.example",
        "turns:192.0.2.1:443?transport=tcp",
        "turn:[2001:db8::1]:3478",
        "turn:a, turns:b:1?transport=udp",
    ],
)
def test_addresses_of_turn_servers(text: str) -> None:
    assert read_addresses(text) == tuple(part.strip() for part in text.split(","))


@pytest.mark.parametrize(
    "text",
    [
        "stun:a.example",
        "a.example:3478",
        "turn:",
        "turn:user@a.example",
        "turn://a.example",
        "turn:a.example?transport=x",
        ",",
    ],
)
def test_what_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"turns:turn\.gemeente\.example:443"):
        read_addresses(text)
