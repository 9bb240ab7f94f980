"""Closings that a supervisor makes on the day itself."""

from __future__ import annotations

import sqlalchemy as sa

from ari_app.storage.tables.columns import instant, metadata, optional_instant, optional_text, row_id, text

#: Closings that a supervisor makes on the day itself: no area file knows them, and no import removes them.
early_closing = sa.Table(
    "early_closing",
    metadata,
    row_id(),
    sa.Column("municipality", sa.Text, sa.ForeignKey("municipality.code", ondelete="CASCADE"), nullable=False),
    instant("starts_at"),
    instant("ends_at"),
    text("reason"),
    text("author"),
    instant("created_at"),
    optional_instant("ended_at"),
    optional_text("ended_by"),
    sa.CheckConstraint("starts_at < ends_at", name="in_order"),
    sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_is_whole"),
    sa.Index("ix_early_closing_municipality", "municipality"),
)
