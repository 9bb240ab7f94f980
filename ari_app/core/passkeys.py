"""Passkeys (WebAuthn): what they are for a person, and for which names of hosts a browser gives them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from ari_app.core.ids import PasskeyId

#: between the question to a browser and its answer
CHALLENGE_LASTS = timedelta(minutes=5)
LONGEST_PASSKEY_NAME = 40
MOST_PASSKEYS = 10
_USUAL_PORTS = {"https": 443, "http": 80}
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


@dataclass(frozen=True, slots=True)
class Passkey:
    """One of somebody's own. `name`: as its owner calls it. Instants are UTC."""

    id: PasskeyId
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who asks for passkeys: the domain that they are for, and the only origin from which they are taken."""

    domain: str
    origin: str


def relying_party(url: str, domain: str | None) -> RelyingParty | None:
    """Of the address of the pages. `domain`: its host or what is behind a full stop of it; None: the host.

    None where browsers give no passkeys: without HTTPS (but for this very machine), and for an address in digits.
    Raises ValueError for a domain that is not the host's.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    is_local = host == "localhost" or host.endswith(".localhost")
    if not _is_name(host) or not (parts.scheme == "https" or is_local):
        if domain is not None:
            raise ValueError("needs ARI_APP_DESK_URL with https:// and the name of a host")
        return None
    if domain is not None and host != domain and not host.endswith(f".{domain}"):
        raise ValueError(f"must be {host} or what is behind a full stop of it")
    # A browser leaves out the port that everybody means.
    port = "" if parts.port in (None, _USUAL_PORTS.get(parts.scheme)) else f":{parts.port}"
    return RelyingParty(domain or host, f"{parts.scheme}://{host}{port}")


def read_domain(text: str) -> str:
    """Raises ValueError."""
    if not _is_name(text):
        raise ValueError("must be the name of a host or domain in small letters (gemeente.example)")
    return text


def read_name(text: str) -> str | None:
    """How its owner calls a passkey; None for what is no name."""
    name = " ".join(text.split())
    return name if name and name.isprintable() and len(name) <= LONGEST_PASSKEY_NAME else None


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return _DOMAIN.fullmatch(host) is not None and len(host) <= 253
    return False
