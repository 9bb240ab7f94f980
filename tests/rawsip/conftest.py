"""An application of a few lines, and phones that are in a call with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.small_application import SmallApplication
from tests.local.ground import PHONE, TRUNK, password_of
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
