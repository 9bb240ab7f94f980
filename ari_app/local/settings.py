"""Where the system on one machine lives and listens: `ARI_APP_*` variables with defaults that suit one copy."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ari_app.core.addresses import postgres_address
from ari_app.local.errors import LocalError
from ari_app.local.ports import Protocol, is_free

TO_TRUNK = "PJSIP/{number}@trunk"
#: without a trunk every call to a number outside rings here: it can be tried, and nobody real is ever called
TO_SAMPLE_CITIZEN = "PJSIP/citizen02"


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """One copy of the system. A second copy on the same machine needs its own run directory and ports."""

    run_dir: Path
    cache_dir: Path
    database_url: str | None = field(repr=False)  # None: an embedded PostgreSQL
    database_port: int | None  # of the embedded one; None: only a unix socket
    sip_bind: str
    sip_port: int
    http_port: int
    rtp_start: int
    rtp_end: int
    web_bind: str
    web_port: int
    desk_bind: str
    desk_port: int
    node: str
    trunk_match: tuple[str, ...]
    trunk_contact: str
    outbound_endpoint: str

    @property
    def is_demonstration(self) -> bool:
        """Nobody but this machine reaches the pages, and no call comes from outside or goes there."""
        is_own = ipaddress.IPv4Address(self.desk_bind).is_loopback
        return is_own and not self.trunk_match and not self.trunk_contact

    def ports(self) -> list[tuple[str, Protocol, str, int]]:
        """The ports that must be free before a start: variable, protocol, address, port."""
        return [
            ("ARI_APP_SIP_PORT", Protocol.UDP, self.sip_bind, self.sip_port),
            ("ARI_APP_ASTERISK_HTTP_PORT", Protocol.TCP, "127.0.0.1", self.http_port),
            ("ARI_APP_WEB_PORT", Protocol.TCP, self.web_bind, self.web_port),
            ("ARI_APP_DESK_PORT", Protocol.TCP, self.desk_bind, self.desk_port),
            *(
                [("ARI_APP_DATABASE_PORT", Protocol.TCP, "127.0.0.1", self.database_port)]
                if self.database_port is not None and self.database_url is None
                else []
            ),
        ]

    def require_free_ports(self) -> None:
        """Raises LocalError, naming every port in use with the variable that changes it."""
        taken = [
            f"{protocol.name} port {port} on {host} is in use: set {variable} to another"
            for variable, protocol, host, port in self.ports()
            if not is_free(protocol, host, port)
        ]
        if taken:
            raise LocalError("\n".join(taken))


def load(environment: Mapping[str, str] = os.environ) -> LocalSettings:
    """The settings from the environment. Raises LocalError with every mistake in one text."""
    mistakes: list[str] = []

    def port(name: str, default: int | None) -> int | None:
        text = environment.get(f"ARI_APP_{name}", "")
        if not text:
            return default
        if not text.isdecimal() or not 1 <= int(text) <= 65535:
            mistakes.append(f"ARI_APP_{name}: must be a port, 1 to 65535")
            return default
        return int(text)

    def address(name: str, text: str) -> str:
        try:
            return str(ipaddress.IPv4Address(text))
        except ValueError:
            mistakes.append(f"ARI_APP_{name}: must be an address of this machine, such as 127.0.0.1")
            return text

    match = tuple(part.strip() for part in environment.get("ARI_APP_TRUNK_MATCH", "").split(",") if part.strip())
    for part in match:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError:
            mistakes.append("ARI_APP_TRUNK_MATCH: must be addresses or networks, separated by commas")
    contact = environment.get("ARI_APP_TRUNK_CONTACT", "")
    if contact and not re.fullmatch(r"sips?:[A-Za-z0-9.-]+(:[0-9]+)?", contact):
        mistakes.append("ARI_APP_TRUNK_CONTACT: must be such as sip:192.0.2.10:5060")
    settings = LocalSettings(
        run_dir=Path(environment.get("ARI_APP_RUN_DIR") or ".run").absolute(),
        cache_dir=cache_dir(environment),
        database_url=_database_url(environment, mistakes),
        database_port=port("DATABASE_PORT", None),
        sip_bind=address("SIP_BIND", environment.get("ARI_APP_SIP_BIND") or "127.0.0.1"),
        sip_port=port("SIP_PORT", 5060) or 0,
        http_port=port("ASTERISK_HTTP_PORT", 8088) or 0,
        rtp_start=port("RTP_START", 10000) or 0,
        rtp_end=port("RTP_END", 10999) or 0,
        web_bind=address("WEB_BIND", environment.get("ARI_APP_WEB_BIND") or "127.0.0.1"),
        web_port=port("WEB_PORT", 8080) or 0,
        desk_bind=address("DESK_BIND", environment.get("ARI_APP_DESK_BIND") or "127.0.0.1"),
        desk_port=port("DESK_PORT", 8081) or 0,
        node=environment.get("ARI_APP_NODE") or "node1",
        trunk_match=match,
        trunk_contact=contact,
        outbound_endpoint=environment.get("ARI_APP_OUTBOUND_ENDPOINT") or (TO_TRUNK if contact else TO_SAMPLE_CITIZEN),
    )
    if settings.rtp_end - settings.rtp_start < 3:
        mistakes.append("ARI_APP_RTP_END: must be well above ARI_APP_RTP_START; each party of a call takes two ports")
    if mistakes:
        raise LocalError("settings are wrong:\n  " + "\n  ".join(mistakes))
    return settings


def _database_url(environment: Mapping[str, str], mistakes: list[str]) -> str | None:
    url = environment.get("DATABASE_URL")
    try:
        return None if not url else postgres_address(url)
    except ValueError as error:
        mistakes.append(f"DATABASE_URL: {error}")
        return None


def cache_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """The directory of everything that can be made again: the unpacked Asterisk, the sound of the tests."""
    if named := environment.get("ARI_APP_CACHE_DIR"):
        return Path(named).absolute()
    base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ari_app"
