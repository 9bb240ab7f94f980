"""From the text of a variable to its value. A ValueError says what the text must be, and never shows it."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from ari_app.core.access import Role
from ari_app.core.accounts import Network
from ari_app.core.addresses import has_user, http_address, is_host
from ari_app.core.outbound import NumberForm, is_template

SHORTEST_SIGNING_SECRET = 16  # characters
LOG_LEVELS = ("debug", "info", "warning", "error")


class Secret:
    """Text that stands in no log, message or traceback."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


def ari(text: str) -> str:
    try:
        http_address(text)
    except ValueError as error:
        raise ValueError(f"{error} (for example http://127.0.0.1:8088/ari)") from None
    if has_user(text):
        raise ValueError("holds a user or a password; they are ARI_APP_ARI_USER and ARI_APP_ARI_PASSWORD")
    return text.rstrip("/")


def ari_user(text: str) -> str:
    if ":" in text:
        raise ValueError("may not hold a colon")
    return text


def mail_address(text: str) -> str:
    from email.utils import parseaddr  # two hundredths of a second that few commands need

    address = parseaddr(text)[1]
    if "@" not in address.strip("@") or not text.isprintable():
        raise ValueError("must be one mail address (for example Terugbellen <terugbellen@gemeente.example>)")
    return text


def plain_mail_address(text: str) -> str:
    local, _, host = text.partition("@")
    if not local or "." not in host or any(one in text for one in " <>\"',;?&") or not text.isprintable():
        raise ValueError("must be one mail address without a name (for example kcc@gemeente.example)")
    return text


def webhook(text: str) -> str:
    try:
        return http_address(text)
    except ValueError as error:
        raise ValueError(f"{error} (https:// outside your own network)") from None


def signing_secret(text: str) -> Secret:
    if len(text) < SHORTEST_SIGNING_SECRET:
        raise ValueError(f"must have {SHORTEST_SIGNING_SECRET} characters or more")
    return Secret(text)


def role_password(text: str) -> Secret:
    if not (text.isascii() and text.isalnum()) or len(text) < SHORTEST_SIGNING_SECRET:
        raise ValueError(f"must be {SHORTEST_SIGNING_SECRET} letters and digits or more: it is part of an address")
    return Secret(text)


def name(text: str) -> str:
    if not (text.isascii() and text.replace("_", "").replace("-", "").isalnum()):
        raise ValueError("may hold letters, digits, '-' and '_' only")
    return text


def absolute(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("must be an absolute path: Asterisk reads it too")
    return path


def way_outside(text: str) -> str:
    if not is_template(text):
        raise ValueError("must be a trunk or a phone of this Asterisk (for example PJSIP/{number}@trunk)")
    return text


def number_form(text: str) -> NumberForm:
    try:
        return NumberForm(text)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(NumberForm)}") from None


def bind(text: str) -> str:
    if not is_host(text):
        raise ValueError("must be an address or a name of this machine (for example 127.0.0.1)")
    return text


def level(text: str) -> str:
    if text not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return text


def yes_or_no(text: str) -> bool:
    word = text.lower()
    if word not in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        raise ValueError("must be true or false")
    return word in ("true", "yes", "on", "1")


def whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read


def file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError("must be a file that this user may read")
    return path


def page_url(text: str) -> str:
    try:
        http_address(text)
    except ValueError as error:
        raise ValueError(f"{error} (for example https://kcc.gemeente.example)") from None
    parts = urlsplit(text)
    if has_user(text) or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must be an address without a path, a user or a query (https://kcc.gemeente.example)")
    return f"{parts.scheme}://{parts.netloc}"


def networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("must be addresses or networks, separated by commas (192.0.2.0/24,2001:db8::/64)") from None


def roles(text: str) -> frozenset[Role]:
    try:
        return frozenset(Role(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError(f"must be roles, separated by commas: {', '.join(Role)}") from None


def issuer(text: str) -> str:
    """Of an identity provider: without encryption only on this very machine, for trying it out."""
    try:
        http_address(text)
    except ValueError as error:
        raise ValueError(f"{error} (for example https://login.gemeente.example/realms/kcc)") from None
    parts = urlsplit(text)
    if parts.scheme == "http" and not is_own_address(parts.hostname or ""):
        raise ValueError("must begin with https:// (http:// on this machine only)")
    if has_user(text) or parts.query or parts.fragment:
        raise ValueError("must be the address that the provider calls its issuer, without a user or a query")
    return text


def is_own_address(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def words(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def hosts(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(is_host(part.partition("/")[0]) for part in found):
        raise ValueError("must be names, addresses or networks, separated by commas (web,192.0.2.0/28)")
    return found


def socket_url(text: str) -> str:
    """Of the SIP of an Asterisk over a WebSocket."""
    parts = urlsplit(text)
    if parts.scheme not in ("ws", "wss") or not parts.hostname or has_user(text) or parts.query or parts.fragment:
        raise ValueError("must be the address of Asterisk's WebSocket (for example ws://127.0.0.1:8088/ws)")
    return text


def trial_password(text: str) -> Secret:
    if not (text.isascii() and text.isalnum()) or len(text) < SHORTEST_SIGNING_SECRET:
        raise ValueError(f"must be {SHORTEST_SIGNING_SECRET} letters and digits or more")
    return Secret(text)
