"""What comes over the socket of a page."""

from __future__ import annotations

import asyncio

from aiohttp import ClientWebSocketResponse, WSMsgType

from tests.patience import PATIENCE_SECONDS


async def next_frames(socket: ClientWebSocketResponse, *regions: str) -> str:
    """All that comes until each of these regions has come."""
    missing, heard = set(regions), ""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while missing:
            message = await socket.receive()
            assert message.type is WSMsgType.TEXT, message
            heard += message.data
            missing -= {region for region in missing if f'id="{region}"' in message.data}
    return heard


async def frame_with(socket: ClientWebSocketResponse, words: str) -> str:
    """The next message in which these words are: changes that come one by one may be in several."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            message = await socket.receive()
            assert message.type is WSMsgType.TEXT, message
            if words in message.data:
                return str(message.data)


async def closed_with(socket: ClientWebSocketResponse) -> int | None:
    """The code with which the server closes it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await socket.receive()).type is WSMsgType.TEXT:
            pass
    return socket.close_code
