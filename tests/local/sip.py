"""A telephone made of one UDP socket: says exactly what a test wants it to say, garbage too, and sends no sound."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

ANSWER_SECONDS = 10.0
SDP = "\r\n".join(
    [
        "v=0",
        "o=- 1 1 IN IP4 {host}",
        "s=-",
        "c=IN IP4 {host}",
        "t=0 0",
        "m=audio 9 RTP/AVP 8 101",
        "a=rtpmap:101 telephone-event/8000",
        "",
    ]
)


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response that came in."""

    start: str
    headers: Mapping[str, str]  # names in lower case; of several with one name, the first
    body: str
    text: str = field(repr=False)

    @property
    def status(self) -> int:
        """The status of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self.headers["cseq"].split()[1]


class SipPhone(asyncio.DatagramProtocol):
    """`async with SipPhone("127.0.0.10", (host, port)) as phone:`"""

    def __init__(self, address: str, server: tuple[str, int], user: str = "0201234567") -> None:
        self.address = address
        self.user = user
        self._server = server
        self._received: asyncio.Queue[Message] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport | None = None
        self._sequence = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, 0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        text = data.decode(errors="replace")
        head, _, body = text.partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), value.strip())
        if start:
            self._received.put_nowait(Message(start, headers, body, text))

    @property
    def port(self) -> int:
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def send(self, text: str | bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(text.encode() if isinstance(text, str) else text, self._server)

    async def response(self, call: Call, *, least: int = 200) -> Message:
        """The next response to the call's last request with at least this status; 100 Trying is not news."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                message = await self._received.get()
                same = message.headers.get("call-id") == call.id and message.headers.get("cseq") == call.cseq
                if same and message.status >= least and message.status != 100:
                    return message

    async def request(self, method: str, *, seconds: float = ANSWER_SECONDS) -> Message:
        """The next request from the other side, which is answered with 200."""
        async with asyncio.timeout(seconds):
            while True:
                message = await self._received.get()
                if message.status == 0 and message.method == method:
                    self._accept(message)
                    return message

    def _accept(self, message: Message) -> None:
        kept = [f"{name}: {message.headers[name]}" for name in ("via", "from", "call-id", "cseq")]
        tag = "" if ";tag=" in message.headers["to"] else f";tag={secrets.token_hex(4)}"
        body = SDP.format(host=self.address) if message.method == "INVITE" else ""
        lines = [
            "SIP/2.0 200 OK",
            *kept,
            f"To: {message.headers['to']}{tag}",
            f"Contact: <sip:{self.user}@{self.address}:{self.port}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.send("\r\n".join(lines) + "\r\n\r\n" + body)


@dataclass
class Call:
    """One dialog of a phone."""

    phone: SipPhone
    dialled: str
    from_header: str | None = None
    extra: str = ""  # further header lines, each ending in CR LF
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    to_tag: str = ""
    contact: str = ""
    _number: int = 0
    _method: str = "INVITE"
    _tag: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def cseq(self) -> str:
        return f"{self._number} {self._method}"

    @property
    def uri(self) -> str:
        host, port = self.phone._server
        return f"sip:{self.dialled}@{host}:{port}"

    def send(self, method: str, *, extra: str = "", body: str = "", same_number: bool = False) -> None:
        phone = self.phone
        self._method = method
        self._number += 0 if same_number else 1
        here = f"{phone.address}:{phone.port}"
        caller = self.from_header or f"<sip:{phone.user}@{phone.address}>"
        lines = [
            f"{method} {self.contact or self.uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{secrets.token_hex(8)};rport",
            f"From: {caller};tag={self._tag}",
            f"To: <{self.uri}>{self.to_tag}",
            f"Call-ID: {self.id}",
            f"CSeq: {self.cseq}",
            f"Contact: <sip:{phone.user}@{here}>",
            "Max-Forwards: 70",
        ]
        if body:
            lines.append("Content-Type: application/sdp")
        phone.send("\r\n".join(lines) + "\r\n" + self.extra + extra + f"Content-Length: {len(body)}\r\n\r\n{body}")

    async def invite(self, *, password: str | None = None, least: int = 200) -> Message:
        """Send INVITE, with credentials when they are asked and `password` is given; the response of at least `least`.

        A final response is acknowledged.
        """
        sdp = SDP.format(host=self.phone.address)
        self.send("INVITE", body=sdp)
        answer = await self.phone.response(self, least=least)
        if answer.status == 401 and password is not None:
            self._acknowledge(answer)
            challenge = answer.headers["www-authenticate"]
            self.send("INVITE", body=sdp, extra=self._credentials("INVITE", challenge, password))
            answer = await self.phone.response(self, least=least)
        if answer.status >= 200:
            self._acknowledge(answer)
        return answer

    async def answered(self) -> Message:
        """The final response after an earlier provisional one, acknowledged."""
        answer = await self.phone.response(self)
        self._acknowledge(answer)
        return answer

    async def register(self, password: str, *, expires: int = 300) -> Message:
        """Register the phone's user, or end its registration with `expires=0`."""
        lifetime = f"Expires: {expires}\r\n"
        self.send("REGISTER", extra=lifetime)
        answer = await self.phone.response(self)
        if answer.status == 401:
            credentials = self._credentials("REGISTER", answer.headers["www-authenticate"], password)
            self.send("REGISTER", extra=lifetime + credentials)
            answer = await self.phone.response(self)
        return answer

    async def bye(self) -> None:
        self.send("BYE")
        await self.phone.response(self)

    def _acknowledge(self, answer: Message) -> None:
        if answer.status < 300:
            self.to_tag = answer.headers["to"].partition(">")[2]
            if found := re.search(r"<(sip:[^>]+)>", answer.headers.get("contact", "")):
                self.contact = found[1]
        self.send("ACK", same_number=True)
        self._method = "INVITE"

    def _credentials(self, method: str, challenge: str, password: str) -> str:
        realm, nonce = (re.search(rf'{name}="([^"]*)"', challenge) for name in ("realm", "nonce"))
        assert realm is not None and nonce is not None
        count = secrets.token_hex(4)

        def digest(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        secret = digest(f"{self.phone.user}:{realm[1]}:{password}")
        response = digest(f"{secret}:{nonce[1]}:00000001:{count}:auth:{digest(f'{method}:{self.uri}')}")
        return (
            f'Authorization: Digest username="{self.phone.user}", realm="{realm[1]}", nonce="{nonce[1]}", '
            f'uri="{self.uri}", qop=auth, nc=00000001, cnonce="{count}", algorithm=MD5, response="{response}"\r\n'
        )
