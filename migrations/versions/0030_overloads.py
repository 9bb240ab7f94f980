"""overloads: when there were more callers than the machine could carry, and how callers who were turned away end

Revision 0030, after 0029.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import set_members, set_members_by_function

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_ENDS = (
    "caller_hung_up_early abandoned_in_menu abandoned_in_announcement abandoned_waiting caller_hung_up "
    "caller_line_lost operator_hung_up callback_not_answered callback_given_up caller_left_in_transfer "
    "closed calamity nobody_available waited_too_long callback_promised not_served heard_busy "
    "handled_by_fallback fault lost"
)
_REASONS = "menu waiting closed calamity operator refused_transfer transfer_not_answered abandoned desk"
_STEPS = "'no_extras', 'ringing', 'turning_away', 'busy'"
_SIGNALS = "'orders', 'events', 'loop', 'calls', 'sound', 'turned_away'"


def upgrade() -> None:
    for column in ("end_reason", "ending"):
        set_members_by_function("call", column, _ENDS.replace(" handled", " turned_away handled").split())
    reasons = _REASONS.replace(" operator", " overload operator").split()
    set_members_by_function("call", "callback_reason", reasons)
    set_members("callback_request", "reason", reasons)
    op.create_table(
        "overload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asterisk_id", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("turned_away", sa.Integer(), nullable=False),
        sa.Column("end_is_estimated", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint(f"step IN ({_STEPS})", name=op.f("ck_overload_step_known")),
        sa.CheckConstraint(f"signal IN ({_SIGNALS})", name=op.f("ck_overload_signal_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overload")),
    )
    op.create_index("ix_overload_began_at", "overload", ["began_at"])


def downgrade() -> None:
    op.drop_table("overload")
    op.execute("UPDATE callback_request SET reason = 'waiting' WHERE reason = 'overload'")
    set_members("callback_request", "reason", _REASONS.split())
    op.execute("UPDATE call SET callback_reason = 'waiting' WHERE callback_reason = 'overload'")
    set_members_by_function("call", "callback_reason", _REASONS.split())
    for column in ("end_reason", "ending"):
        op.execute(f"UPDATE call SET {column} = 'heard_busy' WHERE {column} = 'turned_away'")
        set_members_by_function("call", column, _ENDS.split())
