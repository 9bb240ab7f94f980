"""The nodes: each Asterisk with its controller, and when that controller was seen last."""

from __future__ import annotations

import sqlalchemy as sa

from ari_app.storage.tables.columns import ROOM_FOR_CHANGES, instant, key, metadata, text

#: `installation` is a machine's own, made at its first start: two machines with one node name have two of them.
node = sa.Table(
    "node",
    metadata,
    key("name"),
    text("installation"),
    instant("seen_at"),  # by the clock of Postgres, each second while the controller lives
    postgresql_with=ROOM_FOR_CHANGES,
)
