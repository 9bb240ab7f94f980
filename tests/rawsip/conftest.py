"""An application of a few lines, and phones that are in a call with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ari_app.local.asterisk import AsteriskSettings, LocalAsterisk
from ari_app.local.ports import Protocol, free_port
from tests import privacy
from tests.acceptance.small_application import SmallApplication
from tests.local.ground import PHONE, TRUNK, password_of
from tests.machine import RealTimeAsterisk
from tests.place import address
from tests.rawsip import Call, Media, SipPhone, sdp
from tests.rawsip.message import Message


@pytest.fixture
async def small_application(asterisk: LocalAsterisk) -> AsyncIterator[SmallApplication]:
    """In place of the application under test."""
    async with SmallApplication(asterisk) as running:
        yield running


@dataclass
class Party:
    """Somebody whose call the small application has answered."""

    phone: SipPhone
    call: Call
    media: Media
    channel_id: str
    answer: Message


Joins = Callable[..., Awaitable[Party]]


@pytest.fixture
async def joins(asterisk: LocalAsterisk, small_application: SmallApplication) -> AsyncIterator[Joins]:
    """`await joins()`: a citizen over the trunk; `await joins("phone01")`: an operator's phone.

    `lines`: what the offer has, with the media's port; `extra`: header lines.
    """
    async with AsyncExitStack() as stack:

        async def join(account: str = "", lines: Callable[[int], list[str]] | None = None, extra: str = "") -> Party:
            address = PHONE if account else TRUNK
            server = (asterisk.sip_host, asterisk.sip_port)
            phone = await stack.enter_async_context(SipPhone(address, server, account or "0201234567"))
            media = await stack.enter_async_context(Media.open(address))
            offered = [sdp.audio(media.port)] if lines is None else lines(media.port)
            call = Call(phone, "1400" if account else "140119", offer=sdp.offer(address, *offered), extra=extra)
            password = password_of(asterisk, account) if account else None
            dialling = asyncio.create_task(call.invite(password=password))
            channel_id = await small_application.arrival()
            await small_application.answer(channel_id)
            answer = await dialling
            assert answer.status == 200
            media.connect(sdp.target(answer.body))
            return Party(phone, call, media, channel_id, answer)

        yield join
        await small_application.destroy_bridges()
        asterisk.cli("channel request hangup all")
        await small_application.all_gone()


@asynccontextmanager
async def another_asterisk(
    asterisk: LocalAsterisk, run_dir: Path, *, rtp_ports: int = 1000, trunk: Sequence[str] = ()
) -> AsyncIterator[LocalAsterisk]:
    """One more, with settings of its own from the environment; its accounts are the sample's."""
    host = address(1)
    settings = AsteriskSettings(
        rtp_start=20000,
        rtp_end=20000 + rtp_ports - 1,
        trunk_match=trunk,
        run_dir=run_dir,
        sounds_dir=asterisk.sounds_dir,
        http_port=free_port(Protocol.TCP, host),
        http_bind=host,
        sip_port=free_port(Protocol.UDP, host),
        sip_bind=host,
    )
    own = RealTimeAsterisk(asterisk.program, settings)
    privacy.watch(run_dir / "log")
    await asyncio.to_thread(own.start)
    try:
        yield own
    finally:
        await asyncio.to_thread(own.stop)


@asynccontextmanager
async def logged_in(asterisk: LocalAsterisk, app: SmallApplication, *, keys: bool = True) -> AsyncIterator[Party]:
    """phone01 of any Asterisk in a call; hung up at the end. `keys`: whether RFC 4733 is offered."""
    server = (asterisk.sip_host, asterisk.sip_port)
    async with SipPhone(PHONE, server, "phone01") as phone, Media.open(PHONE) as media:
        call = Call(phone, "1400", offer=sdp.offer(PHONE, sdp.audio(media.port, keys=keys)))
        dialling = asyncio.create_task(call.invite(password=password_of(asterisk, "phone01")))
        channel_id = await app.arrival()
        await app.answer(channel_id)
        answer = await dialling
        media.connect(sdp.target(answer.body))
        yield Party(phone, call, media, channel_id, answer)
        await call.bye()
        await app.all_gone()
