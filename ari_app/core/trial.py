"""The citizen's phone in a page, with which a newcomer tries the system: where it may be, and what it may dial. Pure.

It is for one machine and for the numbers of the sample, which nobody has. In Asterisk one account of its own stands for
all such pages; a call of one of them is known by its SIP Call-ID, which the page has made up and nobody can guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
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
    return not is_forwarded and _is_loopback(urlsplit(f"//{host}").hostname or "") and _is_loopback(remote)


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
