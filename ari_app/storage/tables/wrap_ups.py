"""Wrap-ups of talks (`core.wrap_ups`)."""

from __future__ import annotations

import sqlalchemy as sa

from ari_app.storage.db.rows import WRAP_UP_MAY_HOLD_NUMBER
from ari_app.storage.tables.columns import instant, metadata, text

#: What an operator who talked in a call says of it, with the last word counting.
call_wrap_up = sa.Table(
    "call_wrap_up",
    metadata,
    sa.Column("call_id", sa.Uuid, sa.ForeignKey("call.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("operator", sa.Text, primary_key=True),
    text("subject"),  # a code of the municipality's list, or empty
    text("result"),
    instant("saved_at"),
    text("pii_note"),
    sa.Index("ix_call_wrap_up_operator_saved_at", "operator", "saved_at"),
    sa.Index("ix_call_wrap_up_personal", "call_id", postgresql_where=sa.text(WRAP_UP_MAY_HOLD_NUMBER)),
)
