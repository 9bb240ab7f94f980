"""ARI's REST operations, in the shape of ari-py: `await ari.bridges.add_channel(bridge_id, channel=[channel_id])`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Self

from ari_app.ari.bridges import Bridges
from ari_app.ari.channels import Channels
from ari_app.ari.endpoints import DeviceStates, Endpoints, Mailboxes
from ari_app.ari.media import Playbacks, Recordings, Sounds
from ari_app.ari.system import Applications, Asterisk, Events
from ari_app.ari.transport import Transport


class AriClient:
    """One Asterisk. Use it in `async with`; safe for many tasks at once.

    `url`: e.g. "http://127.0.0.1:8088/ari". Every call is over within `timeout_seconds`, waiting for one of the
    `connections` included; that time begins when `may_order`, which is awaited before each of them, returns.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        timeout_seconds: float = 5.0,
        connections: int = 16,
        may_order: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.transport = Transport(
            url, user, password, timeout_seconds=timeout_seconds, connections=connections, may_order=may_order
        )
        self.applications = Applications(self.transport)
        self.asterisk = Asterisk(self.transport)
        self.bridges = Bridges(self.transport)
        self.channels = Channels(self.transport)
        self.device_states = DeviceStates(self.transport)
        self.endpoints = Endpoints(self.transport)
        self.events = Events(self.transport)
        self.mailboxes = Mailboxes(self.transport)
        self.playbacks = Playbacks(self.transport)
        self.recordings = Recordings(self.transport)
        self.sounds = Sounds(self.transport)

    async def __aenter__(self) -> Self:
        await self.transport.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.transport.__aexit__()
