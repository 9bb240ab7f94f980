"""A phone in a page without the browser: SIP over a WebSocket, also as no browser would say it."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import socket
from dataclasses import dataclass, field

from aiohttp import ClientWebSocketResponse

from tests.patience import PATIENCE_SECONDS
from tests.place import address

#: from which the relay speaks to Asterisk, and from which nobody may
BINDS, STRANGER = address(1), address(60)
_CHALLENGE = re.compile(r'nonce="([^"]*)"')
#: an offer as a browser makes it, of a browser that is nowhere
_OFFER = "\r\n".join(
    (
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 8 101",
        "c=IN IP4 127.0.0.1",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:0123456789abcdef01234567",
        f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}",
        "a=setup:actpass",
        "a=mid:0",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=candidate:1 1 udp 2113937151 127.0.0.1 9 typ host",
        "",
    )
)


@dataclass
class Account:
    """What `/computer` answers."""

    name: str
    password: str
    domain: str = "kcc.invalid"


def authorization(account: Account, method: str, uri: str, challenge: str, realm: str = "ari_app") -> str:
    """RFC 2617 without qop, which Asterisk takes as well."""
    found = _CHALLENGE.search(challenge)
    assert found is not None, challenge

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    own, asked = md5(f"{account.name}:{realm}:{account.password}"), md5(f"{method}:{uri}")
    answer = md5(f"{own}:{found[1]}:{asked}")
    return (
        f'Authorization: Digest username="{account.name}", realm="{realm}", nonce="{found[1]}", uri="{uri}",'
        f' response="{answer}", algorithm=MD5\r\n'
    )


@dataclass
class PagePhone:
    """One socket, and one call on it at most."""

    socket: ClientWebSocketResponse
    account: Account
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    _number: int = 0

    def request(
        self, method: str, uri: str, *, to: str | None = None, sender: str | None = None, more: str = "", body: str = ""
    ) -> str:
        account = self.account
        own = f"sip:{sender or account.name}@{account.domain}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/WS {account.name}.invalid;branch=z9hG4bK{secrets.token_hex(6)}\r\n"
            f"Max-Forwards: 69\r\nTo: {to or f'<{own}>'}\r\nFrom: <{own}>;tag={self.tag}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self._number} {method}\r\n"
            f"Contact: <sip:{account.name}@{account.name}.invalid;transport=ws>\r\n"
            f"{kind}{more}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    async def say(self, method: str, uri: str, **said: str) -> str:
        """Say it, with the password where that is asked; returns the last answer."""
        self._number += 1
        await self.socket.send_str(self.request(method, uri, **said))
        answer = await self.answer(method)
        if answer.startswith("SIP/2.0 401"):
            if method == "INVITE":
                await self.socket.send_str(self.request("ACK", uri, to=_header(answer, "To")))
            self._number += 1
            more = authorization(self.account, method, uri, answer)
            await self.socket.send_str(self.request(method, uri, **said | {"more": more}))
            answer = await self.answer(method)
        return answer

    async def answer(self, method: str) -> str:
        """The next final answer to this."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                text = await self.socket.receive_str()
                if re.search(rf"\r\nCSeq: *\d+ {method}\r\n", text) and re.match(r"SIP/2\.0 [2-6]", text):
                    return text

    async def register(self, **said: str) -> str:
        return await self.say("REGISTER", f"sip:{self.account.domain}", **said)

    async def dial(self, number: str) -> str:
        """The final answer; a call that is answered is acknowledged."""
        uri = f"sip:{number}@{self.account.domain}"
        self.call_id = secrets.token_hex(8)
        answer = await self.say("INVITE", uri, to=f"<{uri}>", body=_OFFER)
        await self.socket.send_str(self.request("ACK", uri, to=_header(answer, "To")))
        return answer


def _header(text: str, name: str) -> str:
    found = re.search(rf"\r\n{name}: *(.*)\r\n", text)
    assert found is not None, text
    return found[1]


async def over_udp(host: str, port: int, account: Account) -> str:
    """The last answer to a REGISTER over plain UDP, from another address than the relay's."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind((STRANGER, 0))
        sock.connect((host, port))
        at = f"{STRANGER}:{sock.getsockname()[1]}"
        uri, call, answer = f"sip:{host}:{port}", secrets.token_hex(8), ""
        for number, more in ((1, ""), (2, "?")):
            if more:
                if "nonce=" not in answer:
                    break
                more = authorization(account, "REGISTER", uri, answer)
            text = (
                f"REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{secrets.token_hex(6)};rport\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:{account.name}@{host}>;tag=x\r\nTo: <sip:{account.name}@{host}>\r\n"
                f"Call-ID: {call}\r\nCSeq: {number} REGISTER\r\nContact: <sip:{account.name}@{at}>\r\n"
                f"{more}Content-Length: 0\r\n\r\n"
            )
            await loop.sock_sendall(sock, text.encode())
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = (await loop.sock_recv(sock, 65536)).decode()
    return answer
