"""Write, then act: somebody who asks the record about each order before it is carried out."""

from __future__ import annotations

from dataclasses import dataclass, field

import asyncpg

from tests.acceptance.wire import Order

#: in which stages, by the committed row, an order about a caller may be given
ALLOWED = {
    "answer": {"choosing", "waiting", "connecting", "leaving_callback"},
    "play": {"arrived", "choosing", "announcing", "waiting", "survey", "leaving_callback"},
    "music": {"waiting"},
    "wait": {"waiting", "survey"},
    "no music": {"talking"},
    "join": {"talking"},
}
#: of an order about a channel of which the record knows nothing
UNWRITTEN = "nobody wrote about this channel"


@dataclass
class Auditor:
    """Asks the record, over a connection of its own, whether an order that is about to be carried out may be."""

    record: asyncpg.Pool[asyncpg.Record]
    wrong: list[str] = field(default_factory=list)

    async def look(self, order: Order) -> None:
        legs = await self.record.fetch(
            "SELECT l.role, c.stage, c.ending FROM call_leg l JOIN call c ON c.id = l.call_id"
            " WHERE l.channel_id = $1 AND l.owns_channel AND l.ended_at IS NULL",
            order.channel_id,
        )
        lines = await self.record.fetchval("SELECT count(*) FROM operator_line WHERE channel_id = $1", order.channel_id)
        if not legs and not lines:
            self.wrong.append(f"{order.text}: {UNWRITTEN}")
        for leg in legs:
            if order.name == "hang up":
                is_allowed = leg["ending"] is not None
            else:
                is_allowed = leg["role"] != "caller" or leg["stage"] in ALLOWED.get(order.name, ())
            if not is_allowed:
                self.wrong.append(f"{order.text}: the row says {leg['stage']}, ending {leg['ending']}")
