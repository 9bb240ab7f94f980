"""limits on the callbacks that callers ask for by themselves

Revision 0015, after 0014.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import add_rule, drop_rule, set_members

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_LIMITS = (("most_per_caller", "3"), ("most_per_number", "3"), ("most_per_hour", "100"))
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
_AT = _FACTS.index("callback_requested") + 1


def upgrade() -> None:
    for name, default in _LIMITS:
        op.add_column("callback_rules", sa.Column(name, sa.Integer, nullable=False, server_default=default))
    add_rule("callback_rules", "limits_positive", "most_per_caller > 0 AND most_per_number > 0 AND most_per_hour > 0")
    set_members("call_fact", "kind", (*_FACTS[:_AT], "callback_limited", *_FACTS[_AT:]))


def downgrade() -> None:
    """Values that only this revision has become those of the one before."""
    op.execute("UPDATE call_fact SET kind = 'noted' WHERE kind = 'callback_limited'")
    set_members("call_fact", "kind", _FACTS)
    drop_rule("callback_rules", "limits_positive")
    for name, _ in _LIMITS:
        op.drop_column("callback_rules", name)
