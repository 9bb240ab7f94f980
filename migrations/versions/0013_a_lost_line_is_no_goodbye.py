"""a line that was lost is no goodbye: ends of calls, legs, lines and sessions say so

Revision 0013, after 0012.
"""

from __future__ import annotations

from alembic import op

from ari_app.storage.db.constraints import set_members

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_CALL_ENDS = (
    "caller_hung_up_early",
    "abandoned_in_menu",
    "abandoned_in_announcement",
    "abandoned_waiting",
    "caller_hung_up",
    "caller_line_lost",
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
    "heard_busy",
    "handled_by_fallback",
    "fault",
    "lost",
)
_LEG_ENDS = (
    "hung_up",
    "released",
    "no_answer",
    "busy",
    "unreachable",
    "to_fallback",
    "line_lost",
    "lost",
)
_LOGOUTS = (
    "hung_up",
    "key",
    "replaced",
    "line_lost",
    "lost",
    "asterisk_restarted",
)
_NEW = ("caller_line_lost", "line_lost")


def upgrade() -> None:
    for column in ("end_reason", "ending"):
        set_members("call", column, _CALL_ENDS)
    for table in ("call_leg", "operator_line"):
        set_members(table, "end_reason", _LEG_ENDS)
    set_members("operator_session", "logout_reason", _LOGOUTS)


def downgrade() -> None:
    for column in ("end_reason", "ending"):
        op.execute(f"UPDATE call SET {column} = 'caller_hung_up' WHERE {column} = 'caller_line_lost'")
        set_members("call", column, _before(_CALL_ENDS))
    for table in ("call_leg", "operator_line"):
        op.execute(f"UPDATE {table} SET end_reason = 'hung_up' WHERE end_reason = 'line_lost'")
        set_members(table, "end_reason", _before(_LEG_ENDS))
    op.execute("UPDATE operator_session SET logout_reason = 'hung_up' WHERE logout_reason = 'line_lost'")
    set_members("operator_session", "logout_reason", _before(_LOGOUTS))


def _before(members: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(member for member in members if member not in _NEW)
