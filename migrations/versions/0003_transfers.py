# ruff: noqa: E501
"""hand-overs, hold, and what a supervisor allows

Revision 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import add_rule, drop_rule, set_members

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_END_REASONS = (
    "caller_hung_up_early",
    "abandoned_in_menu",
    "abandoned_in_announcement",
    "abandoned_waiting",
    "caller_hung_up",
    "operator_hung_up",
    "closed",
    "calamity",
    "nobody_available",
    "waited_too_long",
    "not_served",
    "handled_by_fallback",
    "fault",
    "lost",
)
_NEW_END_REASONS = (*_END_REASONS[:6], "caller_left_in_transfer", *_END_REASONS[6:])
_NORMS = "answer_within_seconds > 0 AND overflow_after_seconds >= 0 AND max_wait_seconds > 0 AND position_every_seconds > 0 AND nobody_grace_seconds >= 0"
_FACTS = (
    "arrived",
    "answered_line",
    "question_asked",
    "wrong_key",
    "municipality_chosen",
    "announced",
    "queued",
    "position_told",
    "nobody_told",
    "offered",
    "offer_failed",
    "answered",
    "stage",
    "resumed",
    "to_fallback",
    "noted",
    "ended",
)
_NEW_FACTS = (
    *_FACTS[:12],
    "held",
    "held_no_more",
    "transfer_asked",
    "transfer_refused",
    "transfer_state",
    "transferred",
    "transfer_over",
    "came_back",
    *_FACTS[12:],
)


def upgrade() -> None:
    op.add_column("municipality", sa.Column("transfer_ring_seconds", sa.Integer(), server_default="25", nullable=False))
    _norms(f"{_NORMS} AND transfer_ring_seconds > 0")
    op.add_column("call", sa.Column("transfers_asked", sa.Integer(), server_default="0", nullable=False))
    op.add_column("call", sa.Column("holder", sa.Uuid(), nullable=True))
    op.add_column("call", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("call", sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True))
    set_members("call", "end_reason", _NEW_END_REASONS)
    set_members("call", "ending", _NEW_END_REASONS)
    set_members("call_fact", "kind", _NEW_FACTS)
    op.create_table(
        "transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_party", sa.Text(), nullable=False),
        sa.Column("from_leg", sa.Uuid(), nullable=False),
        sa.Column("to_party", sa.Text(), nullable=False),
        sa.Column("from_session", sa.Uuid(), nullable=True),
        sa.Column("in_presence", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("to_endpoint", sa.Text(), nullable=True),
        sa.Column("to_operator", sa.Text(), nullable=True),
        sa.Column("to_team", sa.Text(), nullable=True),
        sa.Column("to_municipality", sa.Text(), nullable=True),
        sa.Column("to_leg", sa.Uuid(), nullable=True),
        sa.Column("must_accept", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("pii_subject", sa.Text(), server_default="", nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("counted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("count_reason", sa.Text(), nullable=True),
        sa.Column("pii_to_number", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL) AND (state = 'ended') = (outcome IS NOT NULL) AND (state = 'ended') = (count_reason IS NOT NULL)",
            name=op.f("ck_transfer_ended_is_whole"),
        ),
        sa.CheckConstraint(
            "counted = (count_reason IS NOT DISTINCT FROM 'handed_over')", name=op.f("ck_transfer_counted_says_why")
        ),
        sa.CheckConstraint("kind IN ('warm', 'cold', 'queue')", name=op.f("ck_transfer_kind_known")),
        sa.CheckConstraint(
            "state IN ('ringing', 'briefing', 'consulting', 'with_caller', 'conferenced', 'queued', 'ended')",
            name=op.f("ck_transfer_state_known"),
        ),
        sa.CheckConstraint(
            "outcome IN ('completed', 'no_answer', 'busy', 'unreachable', 'refused', 'cancelled', 'caller_left', 'lost')",
            name=op.f("ck_transfer_outcome_known"),
        ),
        sa.CheckConstraint(
            "count_reason IN ('handed_over', 'same_person', 'not_handed_over')",
            name=op.f("ck_transfer_count_reason_known"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_transfer_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    op.create_index("uq_transfer_call_id_number", "transfer", ["call_id", "number"], unique=True)
    op.create_index(
        "uq_transfer_open", "transfer", ["call_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "transfer_allowance",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("allowed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("allowed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_transfer_allowance_call_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_allowance")),
    )
    op.create_index("ix_transfer_allowance_call_id", "transfer_allowance", ["call_id"], unique=False)


def downgrade() -> None:
    """Values that only this revision has become those of the one before."""
    op.drop_table("transfer_allowance")
    op.drop_table("transfer")
    op.execute(
        "UPDATE call_fact SET kind = 'noted' WHERE kind IN ('held', 'held_no_more', 'transfer_asked', 'transfer_refused', 'transfer_state', 'transferred', 'transfer_over', 'came_back')"
    )
    op.execute("UPDATE call SET end_reason = 'caller_hung_up' WHERE end_reason = 'caller_left_in_transfer'")
    op.execute("UPDATE call SET ending = 'caller_hung_up' WHERE ending = 'caller_left_in_transfer'")
    set_members("call_fact", "kind", _FACTS)
    set_members("call", "ending", _END_REASONS)
    set_members("call", "end_reason", _END_REASONS)
    _norms(_NORMS)
    op.drop_column("municipality", "transfer_ring_seconds")
    op.drop_column("call", "returned_at")
    op.drop_column("call", "held_at")
    op.drop_column("call", "holder")
    op.drop_column("call", "transfers_asked")


def _norms(rule: str) -> None:
    drop_rule("municipality", "norms_positive")
    add_rule("municipality", "norms_positive", rule)
