"""The channel that Asterisk keeps by mistake after its phone hung up: told from every other one that a test left.

Asterisk 22.10.1: once in some thousand hang-ups while a bridge is entered, the channel's own thread waits for ever. The
application gives the party up (`phone_gone_unseen`, docs/operations.md); the channel is there until Asterisk restarts,
and would fail whatever test comes by.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from ari_app.local.asterisk import LocalAsterisk
from tests import privacy
from tests.patience import PATIENCE_SECONDS

#: where callers wait with music: stays for as long as the application runs
WAITING_BRIDGE = "waiting-"
#: a hang-up that Asterisk obeys is over by then
OBEYED_SECONDS = 2.0
#: what goes by itself has gone by then
LOOK_AFTER_SECONDS = 1.0


class Exchange(Protocol):
    """An Asterisk, and what the applications that it had said of its channels."""

    def channels(self) -> Mapping[str, str]:
        """The name of each channel, by id."""
        ...

    def bridges(self) -> Mapping[str, Sequence[str]]:
        """The channels in each bridge, by its id."""
        ...

    def given_up(self) -> set[str]:
        """The channels that an application gave up because their phones had gone."""
        ...

    def phone_has_gone(self, channel_id: str) -> bool:
        """Whether the SIP call of this channel is over."""
        ...

    def hang_up(self, channel_id: str) -> None: ...


class RealExchange:
    """Fulfils `Exchange`."""

    def __init__(self, server: LocalAsterisk) -> None:
        self._server = server
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, server.ari_url, server.ari_user, server.ari_password)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords)
        )

    def channels(self) -> Mapping[str, str]:
        return {one["id"]: one["name"] for one in self._ask("channels")}

    def bridges(self) -> Mapping[str, Sequence[str]]:
        return {one["id"]: one["channels"] for one in self._ask("bridges")}

    def given_up(self) -> set[str]:
        file = self._server.log_dir / privacy.APPLICATION_LOG
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
        return {json.loads(line)["channel_id"] for line in lines if '"phone_gone_unseen"' in line}

    def phone_has_gone(self, channel_id: str) -> bool:
        try:
            return bool(self._ask(f"channels/{channel_id}/variable?variable=RTPAUDIOQOS")["value"])
        except urllib.error.HTTPError:
            return False

    def hang_up(self, channel_id: str) -> None:
        with suppress(urllib.error.HTTPError):  # it went by itself
            self._ask(f"channels/{channel_id}", "DELETE")

    def _ask(self, what: str, method: str = "GET") -> Any:
        request = urllib.request.Request(f"{self._server.ari_url}/{what}", method=method)
        with self._opener.open(request, timeout=PATIENCE_SECONDS) as answer:
            body = answer.read()
        return json.loads(body) if body else None


def only_dead_are_left(exchange: Exchange, obeyed_seconds: float = OBEYED_SECONDS) -> bool:
    """Whether each channel that is left is dead, and no bridge has anybody else, or is left empty.

    Dead: the application gave it up, its SIP call is over, and it obeys no hang-up, which is tried here. Raises
    AssertionError for one that obeys: nobody who looks again would see what was left.
    """
    left = exchange.channels().keys()
    if not left or not left <= exchange.given_up() or not all(map(exchange.phone_has_gone, left)):
        return False
    places = {bridge_id: set(members) for bridge_id, members in exchange.bridges().items()}
    if any(
        not members or not members <= left for name, members in places.items() if not name.startswith(WAITING_BRIDGE)
    ):
        return False
    for channel_id in left:
        exchange.hang_up(channel_id)
    until = time.monotonic() + obeyed_seconds
    while (there := exchange.channels().keys()) == left and time.monotonic() < until:
        time.sleep(0.05)
    assert there == left, f"given up, and yet hung up when told to: {sorted(left - there)}"
    return True


def restart(server: LocalAsterisk) -> None:
    """Restart Asterisk, which ends dead channels; the output of the test says so."""
    names = list(RealExchange(server).channels().values())
    print(f"Asterisk kept channels without their phones, and is restarted: {names}", file=sys.stderr)  # noqa: T201
    server.kill()  # a stop would wait for them
    server.start()


def wait_until_empty(server: LocalAsterisk) -> dict[str, list[str]]:
    """The channels and bridges left in Asterisk; the last hang-ups of a test may take a moment."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    look_at = time.monotonic() + LOOK_AFTER_SECONDS
    exchange = RealExchange(server)
    while True:
        left = {"channels": [*exchange.channels().values()], "bridges": [*exchange.bridges()]}
        if not any(left.values()) or time.monotonic() > deadline:
            return left
        if time.monotonic() > look_at:
            if only_dead_are_left(exchange):
                restart(server)
            look_at = time.monotonic() + LOOK_AFTER_SECONDS
        time.sleep(0.05)
