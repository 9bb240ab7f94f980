"""an end for calls that the dialplan refused: one too many at the same time

Revision 0011, after 0010.
"""

from __future__ import annotations

from alembic import op

from ari_app.storage.db.constraints import set_members

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_BEFORE = (
    *("caller_hung_up_early", "abandoned_in_menu", "abandoned_in_announcement", "abandoned_waiting", "caller_hung_up"),
    *("operator_hung_up", "callback_not_answered", "callback_given_up", "caller_left_in_transfer", "closed"),
    *("calamity", "nobody_available", "waited_too_long", "callback_promised", "not_served"),
    *("handled_by_fallback", "fault", "lost"),
)
_AT = _BEFORE.index("handled_by_fallback")


def upgrade() -> None:
    for column in ("ending", "end_reason"):
        set_members("call", column, (*_BEFORE[:_AT], "heard_busy", *_BEFORE[_AT:]))


def downgrade() -> None:
    for column in ("ending", "end_reason"):
        op.execute(f"UPDATE call SET {column} = 'lost' WHERE {column} = 'heard_busy'")
        set_members("call", column, _BEFORE)
