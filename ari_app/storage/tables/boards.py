"""Addresses of wallboards: each shows one board, to whoever has it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ari_app.storage.tables.columns import instant, metadata, optional_instant, optional_text, text

#: Only the SHA-256 of the token is here. `municipalities`: what the board is of, null for the whole group; with a team
#: it is of that team's part of them.
board_token = sa.Table(
    "board_token",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    text("name"),
    sa.Column("municipalities", ARRAY(sa.Text)),
    optional_text("team"),
    text("created_by"),
    instant("created_at"),
    optional_instant("shown_at"),  # by the hour: whether a screen still uses it
    optional_instant("ended_at"),
    optional_text("ended_by"),
    sa.CheckConstraint("municipalities <> '{}'", name="of_somebody"),
    sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_is_whole"),
    sa.Index("uq_board_token_token_hash", "token_hash", unique=True),
)
