"""The phone in a desk page: its account at Asterisk, and what its socket may say. Pure.

An account belongs to one login on the pages. Its password is known to that page alone; the database and Asterisk have
the digest that SIP compares (RFC 2617), which opens nothing but a call to 1400, and only through the relay.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network

from ari_app.core.ids import Endpoint, WebSessionId

#: of the digest: `default_realm` in asterisk-conf/pjsip.conf
REALM = "ari_app"
#: of SIP addresses; nobody looks it up
DOMAIN = "kcc.invalid"
DIALS = "1400"
PASSWORD_BYTES = 24
LARGEST_FRAME = 64 * 1024
PREFIX = "web-"
TECHNOLOGY = "PJSIP/"
_NAME = re.compile(r"web-[0-9a-f]{32}")

#: The endpoint, as `leg` of asterisk-conf/pjsip.conf has it for the trunk and phones, and what a browser needs besides.
ENDPOINT: Mapping[str, str] = {
    "disallow": "all",
    "allow": "alaw,ulaw,g722",
    "direct_media": "no",
    "rtp_symmetric": "yes",
    "force_rport": "yes",
    "rewrite_contact": "yes",
    "dtmf_mode": "rfc4733",
    "allow_transfer": "no",
    "allow_subscribe": "no",
    "trust_connected_line": "no",
    "send_pai": "no",
    "send_rpid": "no",
    "rtp_keepalive": "15",
    "rtp_timeout_hold": "3600",
    "timers": "yes",
    "timers_sess_expires": "1800",
    "language": "nl",
    "trust_id_inbound": "no",
    "webrtc": "yes",
    "max_audio_streams": "1",
    "max_video_streams": "0",
    "context": "from-desk",
    "from_domain": DOMAIN,
}
#: the endpoint of pjsip.conf from which the values are read that were rendered for this machine, and which they are
RENDERED_IN, RENDERED = "browser", ("rtp_timeout", "media_address", "bind_rtp_to_media_address")
#: the class of all of them in Asterisk's configuration, and what tells the trunk by its address (pjsip.conf)
CONFIG, TRUNK_IDENTIFY = "res_pjsip", "trunk-address"
#: When its socket goes, the contact goes: nothing has to be asked.
AOR: Mapping[str, str] = {
    "max_contacts": "1",
    "remove_existing": "yes",
    "minimum_expiration": "60",
    "maximum_expiration": "3600",
    "default_expiration": "300",
    "qualify_frequency": "0",
}


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """What Asterisk is told of one phone. `name` is that of its endpoint, `digest` stands for the password."""

    session: WebSessionId
    name: str
    digest: str = field(repr=False)


def new_name() -> str:
    return f"{PREFIX}{secrets.token_hex(16)}"


def new_password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def digest_of(name: str, password: str) -> str:
    """HA1 of RFC 2617, the only form that browsers' SIP libraries and every Asterisk know."""
    return hashlib.md5(f"{name}:{REALM}:{password}".encode(), usedforsecurity=False).hexdigest()


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def name_at(endpoint: Endpoint | None) -> str | None:
    """The account behind an endpoint such as `PJSIP/web-…`; None for every other phone."""
    name = (endpoint or "").removeprefix(TECHNOLOGY)
    return name if is_name(name) else None


def objects_of(
    account: PhoneAccount, rendered: Mapping[str, str], relays: Sequence[str]
) -> Sequence[tuple[str, Mapping[str, str]]]:
    """The objects to write, in this order: type and fields. `relays`: addresses from which alone it may be used."""
    auth = {"auth_type": "md5", "username": account.name, "realm": REALM, "md5_cred": account.digest}
    endpoint = {
        **ENDPOINT,
        **{name: value for name, value in rendered.items() if name in RENDERED and value},
        "deny": "0.0.0.0/0.0.0.0,::/0",
        "permit": ",".join(relays),
        "auth": account.name,
        "aors": account.name,
        "accountcode": str(account.session),
    }
    return (("auth", auth), ("aor", AOR), ("endpoint", endpoint))


def overlapping(relays: Iterable[str], trunk: Iterable[str]) -> str | None:
    """The first relay whose requests would be taken for the trunk's: an address is looked at before a name.

    Both are networks in any notation; what is none is no match.
    """
    known = list(_networks(trunk))
    for relay in _networks(relays):
        if any(relay.version == other.version and relay.overlaps(other) for other in known):
            return str(relay)
    return None


def _networks(texts: Iterable[str]) -> Iterator[IPv4Network | IPv6Network]:
    for text in texts:
        with suppress(ValueError):
            yield ip_network(text.strip(), strict=False)


# --- what the socket may say ---

_METHODS = frozenset({"REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "INFO", "PRACK"})
_REQUEST = re.compile(r"([A-Z]+) (sip:[^ ]{1,500}) SIP/2\.0")
_ANSWER = re.compile(r"SIP/2\.0 [1-6][0-9]{2} .*")
_FROM = re.compile(r"(?:from|f)[ \t]*:[^<]*<sip:([^@>;]*)@[^>]*>.*", re.IGNORECASE)
_IN_TALK = re.compile(r"(?:to|t)[ \t]*:.*;[ \t]*tag=", re.IGNORECASE)
_IS_FROM = re.compile(r"(?:from|f)[ \t]*:", re.IGNORECASE)
_LENGTH = re.compile(r"(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,6})[ \t]*", re.IGNORECASE)
_IS_LENGTH = re.compile(r"(?:content-length|l)[ \t]*:", re.IGNORECASE)


def refusal(frame: str, name: str, dials: Collection[str] = (DIALS,)) -> str | None:
    """Why a frame of this account's page is not passed on to Asterisk, in one word for the log; None: it is.

    `dials`: the numbers that it may call.

    Asterisk judges all of it again. What is refused here is what only a page that is not ours says, so that nobody can
    guess other accounts' passwords from the address of the relay, which Asterisk must not be told to ban.
    """
    if not frame.strip("\r\n"):
        return None  # a keep-alive
    start, _, body = frame.partition("\r\n\r\n")
    head = start.split("\r\n")
    if any("\n" in line or "\r" in line for line in head):
        return "no_sip"  # where Asterisk sees a line, and we do not
    if not _is_one_message(head, body):
        return "two_messages"
    if _ANSWER.fullmatch(head[0]):
        return None
    request = _REQUEST.fullmatch(head[0])
    if request is None or any(line.startswith((" ", "\t")) for line in head):
        return "no_sip"
    method, target = request.groups()
    if method not in _METHODS:
        return "method"
    senders = [line for line in head if _IS_FROM.match(line)]
    sender = _FROM.fullmatch(senders[0]) if len(senders) == 1 else None
    if sender is None or sender[1] != name:
        return "other_name"
    if (
        method == "INVITE"
        and not any(map(_IN_TALK.match, head))
        and target.removeprefix("sip:").partition("@")[0] not in dials
    ):
        return "other_number"
    return None


def _is_one_message(head: Sequence[str], body: str) -> bool:
    """Whether nothing follows the body: one message in each frame (RFC 7118 §4), as only the first is judged."""
    lengths = [line for line in head if _IS_LENGTH.match(line)]
    if not lengths:
        return not body
    said = _LENGTH.fullmatch(lengths[0]) if len(lengths) == 1 else None
    return said is not None and int(said[1]) == len(body.encode("utf-8", "replace"))


@dataclass(slots=True)
class FrameBudget:
    """How much a page may say: so many frames at once, refilled at so many in a second. A phone says ten in a talk."""

    burst: float = 60.0
    each_second: float = 10.0
    _left: float = field(init=False)
    _at: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._left = self.burst

    def take(self, at: float) -> bool:
        """One frame at this moment of a clock in seconds that never goes back; False: it is a flood."""
        if self._at is not None:
            self._left = min(self.burst, self._left + (at - self._at) * self.each_second)
        self._at = at
        if self._left < 1:
            return False
        self._left -= 1
        return True
