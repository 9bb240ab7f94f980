"""Calls of a citizen to the Asterisk in use."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from ari_app.ari import events
from ari_app.ari.client import AriClient
from tests.ari.listener import Listener
from tests.rawsip import Call, SipPhone

NUMBER = "140119"
#: Asterisk cuts its timestamps off there
MILLISECOND = timedelta(milliseconds=1)


async def arrival(heard: Listener, call: Call) -> events.StasisStart:
    """The call, once it is in our hands."""
    return await heard.first(events.StasisStart, lambda start: start.channel.protocol_id == call.id)


async def answered_call(ari: AriClient, heard: Listener, citizen: SipPhone) -> tuple[Call, str]:
    call = Call(citizen, NUMBER)
    ringing = asyncio.create_task(call.invite())
    channel_id = (await arrival(heard, call)).channel.id
    await ari.channels.answer(channel_id)
    assert (await ringing).status == 200
    return call, channel_id
