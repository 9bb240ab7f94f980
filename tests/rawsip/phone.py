"""One socket with an account: sends what it is told, keeps what comes until somebody asks for it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.patience import PATIENCE_SECONDS
from tests.rawsip import message, sdp
from tests.rawsip.message import Message

ANSWER_SECONDS = PATIENCE_SECONDS  # what each method waits for an answer when nothing else is said


class SipPhone(asyncio.DatagramProtocol):
    """`async with SipPhone("127.0.0.10", (host, port)) as phone:`

    Requests are kept until a test takes them with `request`; only OPTIONS is answered at once.
    """

    def __init__(self, address: str, server: tuple[str, int], user: str = "0201234567", local_port: int = 0) -> None:
        self.address = address
        self._local_port = local_port  # 0: any
        self.server = server
        self.user = user
        #: all that came and that nobody took yet, oldest first
        self.received: list[Message] = []
        self._arrived = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self.address, self._local_port)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        came = message.read(data)
        if came is None:
            return
        if came.start.startswith("OPTIONS "):
            self.respond(came, 200)
            return
        self.received.append(came)
        self._arrived.set()

    def error_received(self, exc: Exception) -> None:
        """A refused port of the other side is no matter of ours."""

    @property
    def port(self) -> int:
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    @property
    def here(self) -> str:
        return f"{self.address}:{self.port}"

    def send(self, text: str | bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(text.encode() if isinstance(text, str) else text, self.server)

    async def take(self, wanted: Callable[[Message], bool], seconds: float = ANSWER_SECONDS) -> Message:
        """The oldest message that is wanted, as soon as it is there. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                for number, came in enumerate(self.received):
                    if wanted(came):
                        return self.received.pop(number)
                self._arrived.clear()
                await self._arrived.wait()

    async def request(self, method: str, *, seconds: float = ANSWER_SECONDS, status: int = 200) -> Message:
        """The next request with this method in whatever call, answered with `status`."""
        came = await self.take(lambda came: came.status == 0 and came.method == method, seconds)
        self.respond(came, status, body=sdp.offer(self.address, sdp.audio()) if method == "INVITE" else "")
        return came

    def respond(self, came: Message, status: int, *, tag: str = "", extra: str = "", body: str = "") -> None:
        """Answer a request. `extra`: further header lines, each ending in CR LF."""
        kept = [f"Via: {via}" for via in came.all("via")]
        kept += [f"{name}: {came.headers[name]}" for name in ("from", "call-id", "cseq")]
        to = came.headers["to"]
        to += "" if message.tag_of(to) or status == 100 else f";tag={tag or secrets.token_hex(4)}"
        head = [f"SIP/2.0 {status} Said", *kept, f"To: {to}", f"Contact: <sip:{self.user}@{self.here}>"]
        head += ["Content-Type: application/sdp"] if body else []
        self.send("\r\n".join(head) + f"\r\n{extra}Content-Length: {len(body.encode())}\r\n\r\n{body}")
