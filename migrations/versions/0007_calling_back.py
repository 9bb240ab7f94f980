"""calls that keep a promise

Revision 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import add_members, drop_rule, set_members

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_END_REASONS = (
    "caller_hung_up_early",
    "abandoned_in_menu",
    "abandoned_in_announcement",
    "abandoned_waiting",
    "caller_hung_up",
    "operator_hung_up",
    "caller_left_in_transfer",
    "closed",
    "calamity",
    "nobody_available",
    "waited_too_long",
    "callback_promised",
    "not_served",
    "handled_by_fallback",
    "fault",
    "lost",
)
_NEW_END_REASONS = (
    "caller_hung_up_early",
    "abandoned_in_menu",
    "abandoned_in_announcement",
    "abandoned_waiting",
    "caller_hung_up",
    "operator_hung_up",
    "callback_not_answered",
    "callback_given_up",
    "caller_left_in_transfer",
    "closed",
    "calamity",
    "nobody_available",
    "waited_too_long",
    "callback_promised",
    "not_served",
    "handled_by_fallback",
    "fault",
    "lost",
)
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
    "held",
    "held_no_more",
    "transfer_asked",
    "transfer_refused",
    "transfer_state",
    "transferred",
    "transfer_over",
    "came_back",
    "callback_offered",
    "callback_requested",
    "stage",
    "resumed",
    "to_fallback",
    "noted",
    "ended",
)
_NEW_FACTS = (
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
    "calling_back",
    "callback_marked",
    "request_closed",
    "held",
    "held_no_more",
    "transfer_asked",
    "transfer_refused",
    "transfer_state",
    "transferred",
    "transfer_over",
    "came_back",
    "callback_offered",
    "callback_requested",
    "stage",
    "resumed",
    "to_fallback",
    "noted",
    "ended",
)


def upgrade() -> None:
    op.add_column("call", sa.Column("callback_request", sa.Uuid(), nullable=True))
    op.add_column("call", sa.Column("callback_attempt", sa.Uuid(), nullable=True))
    op.add_column("call", sa.Column("callback_mark", sa.Text(), nullable=True))
    add_members(
        "call",
        "callback_mark",
        ("reached", "no_answer", "busy", "voicemail", "wrong_number", "refused", "failed", "lost"),
    )
    set_members("call", "end_reason", _NEW_END_REASONS)
    set_members("call", "ending", _NEW_END_REASONS)
    set_members("call_fact", "kind", _NEW_FACTS)


def downgrade() -> None:
    """Values that only this revision has become those of the one before."""
    op.execute(
        "UPDATE call_fact SET kind = 'noted' WHERE kind IN ('calling_back', 'callback_marked', 'request_closed')"
    )
    op.execute("UPDATE call SET end_reason = 'lost' WHERE end_reason IN ('callback_not_answered', 'callback_given_up')")
    op.execute("UPDATE call SET ending = 'lost' WHERE ending IN ('callback_not_answered', 'callback_given_up')")
    set_members("call_fact", "kind", _FACTS)
    set_members("call", "ending", _END_REASONS)
    set_members("call", "end_reason", _END_REASONS)
    drop_rule("call", "callback_mark_known")
    op.drop_column("call", "callback_mark")
    op.drop_column("call", "callback_attempt")
    op.drop_column("call", "callback_request")
