"""Addresses of other systems, checked before they are used. No error repeats an address: it may hold a password."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_BARE_PORT = re.compile(r"[0-9]{1,5}")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_ENCODE = "write / as %2F, ? as %3F, # as %23 and @ as %40 in a user name or password"
_UNCLEAR = f"does not say where the password ends: {_ENCODE}"


def postgres_address(text: str) -> str:
    """The text, when it is one of PostgreSQL. Raises ValueError."""
    if not text.startswith(("postgresql+asyncpg://", "postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql+asyncpg:// (for example postgresql+asyncpg://user@host/ari_app)")
    parts = _split(text)
    login, found = login_and_hosts(parts)
    # What stands behind a / ? or # may be more of the password.
    is_unclear = "@" in parts.path or "#" in text or (parts.netloc and not login and "@" in parts.query)
    if is_unclear or not all("=" in field for field in parts.query.split("&") if parts.query):
        raise ValueError(_UNCLEAR)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    hosts = found.split(",") if found else []
    ports = [options["port"]] if "port" in options else []
    for host in hosts:
        name, port = _host_and_port(host)
        # A host of %2F… is the directory of a socket.
        if name and "%2F" not in name.upper() and not is_host(name):
            raise ValueError(f"has no host that can be one; if the password has odd characters, {_ENCODE}")
        ports += [] if port is None else [port]
    if not all(_is_port(part) for port in ports for part in port.split(",")):
        raise ValueError(f"has a port that is not 1 to 65535; if that is the password, {_ENCODE}")
    if options.get("sslmode", _SSL_MODES[0]) not in _SSL_MODES:
        raise ValueError(f"has an sslmode that is none of {', '.join(_SSL_MODES)}")
    return text


def http_address(text: str) -> str:
    """The text, when it is an address of the web that can be opened. Raises ValueError."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    _require_one_host(_split(text))
    return text


def smtp_address(text: str) -> str:
    """The text, when it is `smtp://` or `smtps://`, perhaps user and password, a host and perhaps a port.

    Raises ValueError.
    """
    if not text.startswith(("smtp://", "smtps://")):
        raise ValueError("must be smtp://host:port or smtps://host:port, with user:password@ before the host if needed")
    parts = _split(text)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"has more than a host and a port; if the password has odd characters, {_ENCODE}")
    _require_one_host(parts)
    return text


def login_and_hosts(parts: SplitResult) -> tuple[str, str]:
    """User with password, empty without any; and hosts with their ports: the sides of the one @ between them.

    Of two @ some programs end the password at the first, and others at the last: such an address is none.
    Raises ValueError.
    """
    login, at, hosts = parts.netloc.partition("@")
    if "@" in hosts:
        raise ValueError(_UNCLEAR)
    return (login, hosts) if at else ("", parts.netloc)


def has_user(text: str) -> bool:
    """Whether an address carries a user name, and so perhaps a password."""
    return "@" in _split(text).netloc


def is_host(text: str) -> bool:
    """A name or an address to connect to, or to listen on; one of IPv6 without its brackets."""
    if ":" not in text:
        return _NAME.fullmatch(text) is not None
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:  # brackets that are no IPv6 address, or a character that becomes another one
        raise ValueError(f"cannot be read as an address; {_ENCODE}") from None


def _host_and_port(text: str) -> tuple[str, str | None]:
    """The two sides of the last colon; an IPv6 address stands in brackets."""
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        return name, rest[1:] if rest.startswith(":") else (rest or None)
    name, colon, port = text.partition(":")
    return name, port if colon else None


def _is_port(text: str) -> bool:
    return _BARE_PORT.fullmatch(text) is not None and 1 <= int(text) <= 65535


def _require_one_host(parts: SplitResult) -> None:
    _, hosts = login_and_hosts(parts)
    name, port = _host_and_port(hosts)
    if port is not None and not _is_port(port):
        raise ValueError(f"has a port that is not 1 to 65535; if that is a password, {_ENCODE}")
    if not is_host(name):
        raise ValueError("has no host, or one that cannot be")
