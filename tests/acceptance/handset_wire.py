"""The wire between a phone of the phone network and its handset, which is in the process of the test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import uuid4

from tests.acceptance.handset import Handset
from tests.acceptance.remote_control import RemoteAsterisk, RemoteError

PutAway = Callable[[], Awaitable[None]]


async def connect(
    remote: RemoteAsterisk, create: Callable[..., Awaitable[None]], at: str, channel_id: str
) -> tuple[Handset, PutAway]:
    """Bridge a phone's channel with a wire to this process; returns the handset, and what puts it away.

    Not a snoop channel: Asterisk 22.10.1 drops what a snoop hears while the phone itself is speaking (the
    unread queue of the other direction fills up and both are flushed).
    """
    loop = asyncio.get_running_loop()
    transport, handset = await loop.create_datagram_endpoint(Handset, local_addr=(at, 0))
    host = "{}:{}".format(*transport.get_extra_info("sockname"))
    wire, bridge = f"wire-{uuid4()}", f"handset-{uuid4()}"

    async def put_away() -> None:
        await handset.close()
        for path in (f"channels/{wire}", f"bridges/{bridge}"):
            with suppress(RemoteError):
                await remote.order("DELETE", path)

    try:
        await create(wire, "channels/externalMedia", external_host=host, format="alaw")
        port = await remote.order("GET", f"channels/{wire}/variable", variable="UNICASTRTP_LOCAL_PORT")
        address = await remote.order("GET", f"channels/{wire}/variable", variable="UNICASTRTP_LOCAL_ADDRESS")
        handset.connect((address["value"], int(port["value"])))
        await remote.order("POST", f"bridges/{bridge}", type="mixing")
        await remote.order("POST", f"bridges/{bridge}/addChannel", channel=f"{wire},{channel_id}")
    except BaseException:
        await put_away()
        raise
    return handset, put_away
