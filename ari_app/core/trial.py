"""The citizen's phone in a page, with which a newcomer tries the system: where it may be, and what it may dial. Pure.

It is for one machine and for the numbers of the sample, which nobody has. In Asterisk one account of its own stands for
all such pages; a call of one of them is known by its SIP Call-ID, which the page has made up and nobody can guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from ari_app.core.area import Area
from ari_app.core.browser_phones import TECHNOLOGY
from ari_app.core.ids import MunicipalityCode
from ari_app.core.numbers import format_shared, is_fictitious

#: the account in asterisk-conf/pjsip.conf; its context is `from-trial`
ACCOUNT = "probeer"
_CHANNEL = f"{TECHNOLOGY}{ACCOUNT}-"
_LOCAL_NAME = "localhost"
_CALL_ID = re.compile(r"(?:call-id|i)[ \t]*:[ \t]*([^\s]{8,128})[ \t]*", re.IGNORECASE)


_BRANCH = re.compile(r"branch=[^;, \t]+", re.IGNORECASE)
_REQUEST_LINE = re.compile(r"[A-Z]+ \S+ SIP/2\.0")
_SHORT = {"via": "v", "from": "f", "to": "t", "call-id": "i"}


class NumberKind(StrEnum):
    SHARED = "shared"
    GEOGRAPHIC = "geographic"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class TrialNumber:
    """A number to click. `municipalities`: those that are reached by it, in the order of their menu keys."""

    kind: NumberKind
    dials: str  # digits, as a person in the Netherlands dials them
    shown: str
    municipalities: tuple[MunicipalityCode, ...]


def numbers_of(area: Area) -> Iterator[TrialNumber]:
    """The numbers of the area: shared ones first, then those of one municipality, then direct ones."""
    for shared in area.shared_numbers.values():
        members = tuple(member.municipality for member in shared.members)
        yield TrialNumber(NumberKind.SHARED, shared.digits, format_shared(shared.digits), members)
    for town in area.municipalities.values():
        for number in town.geographic_numbers:
            yield TrialNumber(NumberKind.GEOGRAPHIC, _national(number), _written(number), (town.code,))
    for direct in area.direct_numbers.values():
        yield TrialNumber(NumberKind.DIRECT, _national(direct.e164), _written(direct.e164), (direct.municipality,))


def number_outside_sample(area: Area) -> str | None:
    """The first number of the area that somebody may have; None: all are of the sample."""
    for shared in area.shared_numbers:
        if not is_fictitious(shared):
            return shared
    for town in area.municipalities.values():
        for number in town.geographic_numbers:
            if not is_fictitious(number):
                return number
    return next((number for number in area.direct_numbers if not is_fictitious(number)), None)


def why_not_here(bind: str, url: str, *, has_proxies: bool, has_phone: bool) -> str | None:
    """Why pages that listen at `bind`, and are reached at `url`, may not have this phone; None: they may."""
    if not has_phone:
        return "it needs ARI_APP_DESK_PHONE_URL: Asterisk's WebSocket for SIP"
    if not _is_loopback(bind) or not _is_loopback(urlsplit(url).hostname or ""):
        return "ARI_APP_DESK_BIND and ARI_APP_DESK_URL have to be an address that only this machine reaches (127.0.0.1)"
    if has_proxies:
        return "no proxy may stand before the pages (ARI_APP_DESK_PROXIES)"
    return None


def is_of_this_machine(host: str, remote: str, *, is_forwarded: bool) -> bool:
    """Whether a request was made on this machine, to an address of this machine.

    `host`: as the browser named it, so that no other site's name may lead here. `is_forwarded`: a proxy says that it
    has it from somebody else.
    """
    try:
        named = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return not is_forwarded and _is_loopback(named) and _is_loopback(remote)


def is_trial_channel(name: str) -> bool:
    """Whether a channel with this name is a call of such a page."""
    return name.startswith(_CHANNEL)


def line_of(frame: str) -> str | None:
    """The SIP Call-ID of a request that begins a call; None for everything else that a page says."""
    if not frame.startswith("INVITE "):
        return None
    head = frame.partition("\r\n\r\n")[0].split("\r\n")
    found = [match[1] for match in map(_CALL_ID.fullmatch, head) if match is not None]
    return found[0] if len(found) == 1 else None


@dataclass(slots=True)
class OwnCall:
    """A page's call, by what the page said of it: for whoever has to end it in the name of a page that is gone."""

    _invite: list[str] = field(default_factory=list, repr=False)
    _ack: list[str] = field(default_factory=list, repr=False)
    _last: int = 0

    def said(self, frame: str) -> None:
        """To be told all that Asterisk was told."""
        head = frame.partition("\r\n\r\n")[0].split("\r\n")
        number = _number(head)
        if number is None:
            return
        if _method(head) in ("BYE", "CANCEL"):
            self._invite, self._ack = [], []
        elif _method(head) == "INVITE" and not _has_tag(head):
            self._invite, self._ack = head, []
        elif _method(head) == "ACK" and self._invite and number >= (_number(self._invite) or 0):
            self._ack = head
        self._last = max(self._last, number)

    def ending(self, branch: str) -> str | None:
        """What ends the call, answered or not; None: there is none.

        `branch`: new, and begins with z9hG4bK (RFC 3261).
        """
        if self._ack:
            head, method, number = self._ack, "BYE", self._last + 1
        elif self._invite:
            # Known by the branch of the INVITE that it takes back (RFC 3261 §9.1).
            head, method, number = self._invite, "CANCEL", _number(self._invite) or 0
        else:
            return None
        via = _header(head, "via")
        if method == "BYE":
            via = _BRANCH.sub(f"branch={branch}", via)
        target = head[0].split(" ")[1]
        lines = (
            f"{method} {target} SIP/2.0",
            f"Via: {via}",
            "Max-Forwards: 70",
            *(f"{name}: {_header(head, name.lower())}" for name in ("From", "To", "Call-ID")),
            f"CSeq: {number} {method}",
            "Content-Length: 0",
        )
        return "\r\n".join(lines) + "\r\n\r\n"


def is_answer_to(frame: str, request: str) -> bool:
    """Whether this is Asterisk's answer to that request."""
    head, asked = (text.partition("\r\n\r\n")[0].split("\r\n") for text in (frame, request))
    return head[0].startswith("SIP/2.0 ") and _header(head, "cseq") == _header(asked, "cseq")


def _method(head: Sequence[str]) -> str:
    return head[0].partition(" ")[0]


def _header(head: Sequence[str], name: str) -> str:
    """The first of this name, or of its short form; empty for none."""
    names = (name, _SHORT.get(name, name))
    found = (
        value.strip() for key, _, value in (line.partition(":") for line in head[1:]) if key.strip().lower() in names
    )
    return next(found, "")


def _number(head: Sequence[str]) -> int | None:
    """Of the request; None: it is an answer, or nothing."""
    number = _header(head, "cseq").partition(" ")[0]
    return int(number) if _REQUEST_LINE.match(head[0]) and number.isascii() and number.isdigit() else None


def _has_tag(head: Sequence[str]) -> bool:
    return ";tag=" in _header(head, "to").replace(" ", "").lower()


def _is_loopback(text: str) -> bool:
    if text == _LOCAL_NAME:
        return True
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False


def _national(e164: str) -> str:
    return f"0{e164.removeprefix('+31')}"


def _written(e164: str) -> str:
    digits = _national(e164)
    return f"{digits[:4]} {digits[4:6]} {digits[6:8]} {digits[8:]}"
