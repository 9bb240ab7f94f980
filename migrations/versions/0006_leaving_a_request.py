"""what a call knows of a callback that its caller asks for

Revision 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import add_members, add_rule, drop_rule, set_members

revision = "0006"
down_revision = "0005"
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
    "not_served",
    "handled_by_fallback",
    "fault",
    "lost",
)
_NEW_END_REASONS = (*_END_REASONS[:11], "callback_promised", *_END_REASONS[11:])
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
    "stage",
    "resumed",
    "to_fallback",
    "noted",
    "ended",
)
_NEW_FACTS = (*_FACTS[:20], "callback_offered", "callback_requested", *_FACTS[20:])
_REASONS = (
    "menu",
    "waiting",
    "closed",
    "calamity",
    "operator",
    "refused_transfer",
    "transfer_not_answered",
    "abandoned",
    "desk",
)
_COLUMNS = (
    ("callback_reason", _REASONS),
    ("callback_kind", ("promise", "place_in_line")),
    ("callback_confirmed_how", ("shown", "typed", "spoken", "unconfirmed")),
    ("callback_reference", ()),
    ("pii_callback_number", ()),
)


def upgrade() -> None:
    op.add_column("call", sa.Column("callback_offered_at", sa.DateTime(timezone=True), nullable=True))
    for name, values in _COLUMNS:
        op.add_column("call", sa.Column(name, sa.Text(), nullable=True))
        if values:
            add_members("call", name, values)
    add_rule(
        "call",
        "callback_is_whole",
        "pii_callback_number IS NULL OR (callback_kind IS NOT NULL AND callback_confirmed_how IS NOT NULL)",
    )
    set_members("call", "end_reason", _NEW_END_REASONS)
    set_members("call", "ending", _NEW_END_REASONS)
    set_members("call_fact", "kind", _NEW_FACTS)


def downgrade() -> None:
    """Values that only this revision has become those of the one before."""
    op.execute("UPDATE call_fact SET kind = 'noted' WHERE kind IN ('callback_offered', 'callback_requested')")
    op.execute("UPDATE call SET end_reason = 'nobody_available' WHERE end_reason = 'callback_promised'")
    op.execute("UPDATE call SET ending = 'nobody_available' WHERE ending = 'callback_promised'")
    set_members("call_fact", "kind", _FACTS)
    set_members("call", "ending", _END_REASONS)
    set_members("call", "end_reason", _END_REASONS)
    drop_rule("call", "callback_is_whole")
    for name, values in reversed(_COLUMNS):
        if values:
            drop_rule("call", f"{name}_known")
        op.drop_column("call", name)
    op.drop_column("call", "callback_offered_at")
