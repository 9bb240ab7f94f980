"""Every order about a caller, looked at as it is given: rule 1, write then act."""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.core.call import Call, Stage
from tests.calls.world import World

#: in which stage, by the row, each order about a caller may be given
ALLOWED = {
    "answer": {Stage.CHOOSING, Stage.WAITING, Stage.CONNECTING, Stage.LEAVING_CALLBACK},
    "play": {Stage.ARRIVED, Stage.CHOOSING, Stage.ANNOUNCING, Stage.WAITING, Stage.LEAVING_CALLBACK},
    "wait": {Stage.WAITING},
    "join": {Stage.TALKING},
    "no music": {Stage.TALKING, Stage.LEAVING_CALLBACK},
}


class Auditor:
    """Looks at every order at the moment at which it is given: do the rows allow it?"""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: list[str] = []
        self.wrong: list[tuple[str, ...]] = []
        world.switch.trouble = self.look

    def look(self, order: tuple[str, ...], is_done: bool) -> bool:
        if not is_done:
            self.seen.append(order[0])
            if not self.is_allowed(order[0], order[1:]):
                self.wrong.append(order)
        return False

    def is_allowed(self, name: str, about: Sequence[str]) -> bool:
        ledger = self.world.ledger
        calls: dict[str, Call] = {call.channel_id: call for call in ledger.calls.values() if call.is_open}
        if name == "create":
            return any(leg.channel_id == about[1] and leg.is_open for leg in ledger.legs.values())
        if name == "bridge":
            bridges = {call.bridge_id for call in calls.values()}
            return about[0] in bridges | {session.bridge_id for session in ledger.sessions.values()}
        call = next((calls[channel_id] for channel_id in about if channel_id in calls), None)
        if name == "hang up":
            return call is None or call.ending is not None
        return call is None or call.stage in ALLOWED[name]
