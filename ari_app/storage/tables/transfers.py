"""Transfers between persons, and what a supervisor allows beyond the two of AV §2 (`core.transfer`)."""

from __future__ import annotations

import sqlalchemy as sa

from ari_app.core.transfer import CountReason, TransferKind, TransferOutcome, TransferState
from ari_app.storage.db.rows import TRANSFER_MAY_HOLD_NUMBER
from ari_app.storage.tables.columns import (
    flag,
    instant,
    key,
    metadata,
    one_of,
    optional_instant,
    optional_text,
    row_id,
    text,
)

#: One transfer, asked for by a person (AV §2). `number` counts from 1 within its call.
transfer = sa.Table(
    "transfer",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("call_id", sa.Uuid, sa.ForeignKey("call.id", ondelete="CASCADE"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    text("kind"),
    text("state"),
    instant("requested_at"),
    text("from_party"),
    sa.Column("from_leg", sa.Uuid, nullable=False),
    text("to_party"),
    sa.Column("from_session", sa.Uuid),
    flag("in_presence"),
    optional_text("to_endpoint"),
    optional_text("to_operator"),
    optional_text("to_team"),
    optional_text("to_municipality"),
    sa.Column("to_leg", sa.Uuid),
    flag("must_accept"),
    text("pii_subject", default=""),
    optional_instant("until_at"),
    optional_instant("answered_at"),
    optional_instant("completed_at"),
    optional_instant("ended_at"),
    optional_text("outcome"),
    flag("counted"),
    optional_text("count_reason"),
    optional_text("pii_to_number"),
    one_of("kind", TransferKind),
    one_of("state", TransferState),
    one_of("outcome", TransferOutcome),
    one_of("count_reason", CountReason),
    sa.CheckConstraint(
        "(state = 'ended') = (ended_at IS NOT NULL) AND (state = 'ended') = (outcome IS NOT NULL)"
        " AND (state = 'ended') = (count_reason IS NOT NULL)",
        name="ended_is_whole",
    ),
    sa.CheckConstraint("counted = (count_reason IS NOT DISTINCT FROM 'handed_over')", name="counted_says_why"),
    sa.Index("uq_transfer_call_id_number", "call_id", "number", unique=True),
    sa.Index("uq_transfer_open", "call_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
    sa.Index("ix_transfer_to_party", "to_party", "requested_at"),
    sa.Index("ix_transfer_personal", "call_id", postgresql_where=sa.text(TRANSFER_MAY_HOLD_NUMBER)),
)

#: An operator who may not transfer a caller once more asks supervisors for it; the last time counts.
transfer_wish = sa.Table(
    "transfer_wish",
    metadata,
    sa.Column("call_id", sa.Uuid, sa.ForeignKey("call.id", ondelete="CASCADE"), primary_key=True),
    key("operator"),
    instant("asked_at"),
)

#: A supervisor allows one transfer more than AV §2. Append-only.
transfer_allowance = sa.Table(
    "transfer_allowance",
    metadata,
    row_id(),
    sa.Column("call_id", sa.Uuid, sa.ForeignKey("call.id", ondelete="CASCADE"), nullable=False),
    instant("allowed_at"),
    text("allowed_by"),
    text("reason"),
    sa.Index("ix_transfer_allowance_call_id", "call_id"),
)
