"""Credentials for a TURN server, by which a page reaches Asterisk's sound where a firewall lets nothing else through.

Pure. As coturn's `use-auth-secret` has it (draft-uberti-behave-turn-rest-00): the user is an instant and a name, the
password their HMAC-SHA1 by a secret that the pages and the server share. Nothing is stored, and they end by themselves.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: a day at work: a line that was agreed goes on until the page asks for another account
LASTS = timedelta(hours=12)
_ADDRESS = re.compile(
    r"turns?:(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?(?:\?transport=(?:udp|tcp))?"
)


@dataclass(frozen=True, slots=True)
class TurnServers:
    """Addresses of one server, and the secret that it shares with the pages."""

    addresses: tuple[str, ...]
    secret: str = field(repr=False)

    def for_page(self, name: str, now: datetime) -> Sequence[Mapping[str, object]]:
        """What a browser takes as `iceServers`. `name`: of the account, which tells nothing about its person."""
        user = f"{int((now + LASTS).timestamp())}:{name}"
        password = hmac.new(self.secret.encode(), user.encode(), hashlib.sha1).digest()
        return [{"urls": list(self.addresses), "username": user, "credential": base64.b64encode(password).decode()}]


def read_addresses(text: str) -> tuple[str, ...]:
    """Addresses such as `turns:turn.gemeente.example:443?transport=tcp`, separated by commas. Raises ValueError."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found or not all(map(_ADDRESS.fullmatch, found)):
        raise ValueError(
            "must be TURN addresses, separated by commas (turn:turn.gemeente.example:3478?transport=udp,"
            "turns:turn.gemeente.example:443?transport=tcp)"
        )
    return found
