"""One dialog of a raw phone, begun by it or by the other side."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from tests.rawsip import message, sdp
from tests.rawsip.message import Message
from tests.rawsip.phone import ANSWER_SECONDS, SipPhone


@dataclass
class Call:
    """`offer` None: A-law and keys, at a port that nobody listens to. `extra`: header lines, each ending in CR LF."""

    phone: SipPhone
    dialled: str
    from_header: str | None = None  # without its tag
    extra: str = ""
    offer: str | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    #: the other side's, once it has said so
    far_tag: str = ""
    contact: str = ""
    #: with what the other side began this call; None when we did
    invitation: Message | None = None
    _number: int = 0
    _method: str = "INVITE"
    _branch: str = ""
    _authorization: str = ""
    _from: str = ""
    _to: str = ""

    @classmethod
    async def incoming(cls, phone: SipPhone, seconds: float = ANSWER_SECONDS) -> Call:
        """The next call that the other side begins; it has heard nothing yet: see `respond` and `pick_up`."""
        came = await phone.take(
            lambda came: came.start.startswith("INVITE ") and ";tag=" not in came.headers["to"], seconds
        )
        call = cls(phone, phone.user, id=came.call_id, invitation=came)
        call.far_tag = message.tag_of(came.headers["from"])
        call._from, call._to = f"{came.headers['to']};tag={call.tag}", came.headers["from"]
        call._learn_contact(came)
        return call

    def beside(self, offer: str) -> Call:
        """Another call of the same phone to the same number."""
        return Call(self.phone, self.dialled, self.from_header, self.extra, offer)

    @property
    def cseq(self) -> str:
        return f"{self._number} {self._method}"

    @property
    def uri(self) -> str:
        host, port = self.phone.server
        return f"sip:{self.dialled}@{host}:{port}"

    @property
    def sdp(self) -> str:
        return self.offer if self.offer is not None else sdp.offer(self.phone.address, sdp.audio())

    @property
    def replaces(self) -> str:
        """The Replaces header with which another phone takes the place of this dialog's phone (RFC 3891)."""
        return f"{self.id};to-tag={self.far_tag};from-tag={self.tag}"

    # --- what this phone asks ---

    def send(
        self,
        method: str,
        *,
        extra: str = "",
        body: str | bytes = "",
        kind: str = "application/sdp",
        again: bool = False,
    ) -> None:
        """Send one request. `again`: with the number and the branch of the last one (ACK, CANCEL)."""
        self._method = method
        self._number += 0 if again else 1
        if not again or method == "ACK":
            self._branch = f"z9hG4bK{secrets.token_hex(8)}"
        caller = self.from_header or f"<sip:{self.phone.user}@{self.phone.address}>"
        to = self._to or f"<{self.uri}>" + (f";tag={self.far_tag}" if self.far_tag else "")
        lines = [
            f"{method} {self.contact or self.uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.phone.here};branch={self._branch};rport",
            f"From: {self._from or f'{caller};tag={self.tag}'}",
            f"To: {to}",
            f"Call-ID: {self.id}",
            f"CSeq: {self.cseq}",
            f"Contact: <sip:{self.phone.user}@{self.phone.here}>",
            "Max-Forwards: 70",
        ]
        if body:
            lines.append(f"Content-Type: {kind}")
        octets = body if isinstance(body, bytes) else body.encode()
        head = "\r\n".join(lines) + "\r\n" + (self.extra if method in ("INVITE", "REGISTER") else "") + extra
        # Latin-1 where a test wants octets that are no UTF-8: "\x80".."\xff" in a header are sent as they are.
        self.phone.send(f"{head}Content-Length: {len(octets)}\r\n\r\n".encode("latin-1") + octets)

    async def ask(
        self, method: str, *, extra: str = "", body: str | bytes = "", kind: str = "application/sdp"
    ) -> Message:
        """Send one request and return its final response; an INVITE's is acknowledged."""
        self.send(method, extra=extra, body=body, kind=kind)
        answer = await self.response()
        if method == "INVITE":
            self._acknowledge(answer)
        return answer

    async def response(self, *, least: int = 200, seconds: float = ANSWER_SECONDS) -> Message:
        """The next response to the last request with at least this status; 100 Trying is not news."""

        def wanted(came: Message) -> bool:
            is_ours = came.call_id == self.id and came.headers.get("cseq") == self.cseq
            return is_ours and came.status >= least and came.status != 100

        return await self.phone.take(wanted, seconds)

    async def invite(self, *, password: str | None = None, least: int = 200) -> Message:
        """Send INVITE, with credentials when they are asked and `password` is given; the response of at least `least`.

        A final response is acknowledged.
        """
        self.send("INVITE", body=self.sdp)
        answer = await self.response(least=least)
        if answer.status == 401 and password is not None:
            self._acknowledge(answer)
            self.send("INVITE", body=self.sdp, extra=self._credentials(answer, "INVITE", password))
            answer = await self.response(least=least)
        if answer.status >= 200:
            self._acknowledge(answer)
        return answer

    async def answered(self) -> Message:
        """The final response after an earlier provisional one, acknowledged."""
        answer = await self.response()
        self._acknowledge(answer)
        return answer

    async def ask_with_password(self, method: str, password: str, *, extra: str = "") -> Message:
        """Send one request, again with credentials when they are asked; the last response."""
        answer = await self.ask(method, extra=extra)
        if answer.status == 401:
            answer = await self.ask(method, extra=extra + self._credentials(answer, method, password))
        return answer

    async def register(self, password: str, *, expires: int = 300) -> Message:
        """Register the phone's user, or end its registration with `expires=0`."""
        return await self.ask_with_password("REGISTER", password, extra=f"Expires: {expires}\r\n")

    async def key_by_info(self, key: str, milliseconds: int = 160) -> Message:
        """One key as SIP INFO, the way most desk phones write it."""
        return await self.ask(
            "INFO", body=f"Signal={key}\r\nDuration={milliseconds}\r\n", kind="application/dtmf-relay"
        )

    async def bye(self) -> Message:
        return await self.ask("BYE")

    def cancel(self) -> None:
        self.send("CANCEL", again=True)
        self._method = "INVITE"

    def _acknowledge(self, answer: Message) -> None:
        if answer.status < 300:
            self.far_tag = message.tag_of(answer.headers["to"])
            self._learn_contact(answer)
        self.send("ACK", again=True, extra="")
        self._method = "INVITE"

    def _learn_contact(self, came: Message) -> None:
        if found := re.search(r"<(sips?:[^>]+)>", came.headers.get("contact", "")):
            self.contact = found[1]

    def _credentials(self, answer: Message, method: str, password: str) -> str:
        challenge = answer.headers["www-authenticate"]
        return message.credentials(challenge, method, self.uri, self.phone.user, password)

    # --- what the other side asks ---

    async def request(
        self, method: str, *, seconds: float = ANSWER_SECONDS, status: int = 200, body: str = ""
    ) -> Message:
        """The next request of this method within this call, answered with `status`."""
        wanted = lambda came: came.call_id == self.id and came.start.startswith(f"{method} ")  # noqa: E731
        came = await self.phone.take(wanted, seconds)
        if method != "ACK":
            self.phone.respond(came, status, tag=self.tag, body=body)
        return came

    def respond(self, status: int, *, extra: str = "", body: str = "") -> None:
        """Answer the invitation: 180, 302 with a Contact in `extra`, 486 and so on."""
        assert self.invitation is not None
        self.phone.respond(self.invitation, status, tag=self.tag, extra=extra, body=body)

    async def pick_up(self) -> None:
        """Answer the invitation with 200, and wait until that is acknowledged."""
        self.respond(200, body=self.sdp)
        await self.request("ACK")
