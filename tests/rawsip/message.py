"""SIP messages as text: reading what came in, digest credentials."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

#: the short forms of RFC 3261 §7.3.3
_LONG_NAMES = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response that came in."""

    start: str
    fields: tuple[tuple[str, str], ...]  # names in lower case
    body: str
    text: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """Of several headers with one name, the first."""
        return dict(reversed(self.fields))

    def all(self, name: str) -> list[str]:
        return [value for its_name, value in self.fields if its_name == name.lower()]

    @property
    def status(self) -> int:
        """The status of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self.headers["cseq"].split()[1]

    @property
    def call_id(self) -> str:
        return self.headers.get("call-id", "")


def read(data: bytes) -> Message | None:
    """None for a keep-alive of empty lines. Never fails: what is no text is read as far as it goes."""
    text = data.decode(errors="replace")
    head, _, body = text.partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    if not start.strip("\r\n\0 "):
        return None
    pairs = [line.partition(":") for line in lines]
    names = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
    return Message(start, tuple((_LONG_NAMES.get(name, name), value) for name, value in names), body, text)


def credentials(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The header line that answers a Digest challenge (RFC 2617, MD5, qop=auth)."""
    realm, nonce = (_parameter(challenge, name) for name in ("realm", "nonce"))
    count = secrets.token_hex(4)

    def digest(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    secret = digest(f"{user}:{realm}:{password}")
    response = digest(f"{secret}:{nonce}:00000001:{count}:auth:{digest(f'{method}:{uri}')}")
    return (
        f'Authorization: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'qop=auth, nc=00000001, cnonce="{count}", algorithm=MD5, response="{response}"\r\n'
    )


def _parameter(challenge: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]*)"', challenge)
    assert found is not None, f"no {name} in {challenge}"
    return found[1]


def tag_of(header: str) -> str:
    """The tag of a From or To header; "" when there is none."""
    found = re.search(r";\s*tag=([^;\s]+)", header)
    return found[1] if found else ""
