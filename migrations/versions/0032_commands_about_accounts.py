"""what administrators ask for: accounts, their roles and links

Revision 0032, after 0031.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import add_rule, drop_rule, set_members

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_WHAT = (
    "ready",
    "pause",
    "pause_after_call",
    "end_wrap_up",
    "log_out",
    "log_in",
    "hold",
    "transfer",
    "transfer_to_queue",
    "swap",
    "conference",
    "complete",
    "cancel",
    "put_down",
    "wrap_up",
    "promise_callback",
    "next_callback",
    "make_callback",
    "mark_callback",
    "close_request",
    "allow_transfer",
    "ask_allowance",
    "unlock_pin",
    "assign_request",
    "close_by_person",
    "set_calamity",
    "end_calamity",
    "close_early",
    "open_again",
)
_NEW = ("add_account", "lock_account", "unlock_account", "reset_account", "give_role", "take_role", "link_operator")
_ABOUT = "num_nonnulls(operator, call_id, request_id, municipality{0}) > 0"


def upgrade() -> None:
    op.add_column("command", sa.Column("account", sa.Uuid(), nullable=True))
    set_members("command", "what", (*_WHAT, *_NEW))
    drop_rule("command", "is_about_somebody")
    add_rule("command", "is_about_somebody", _ABOUT.format(", account"))


def downgrade() -> None:
    listed = ", ".join(f"'{what}'" for what in _NEW)
    op.execute(f"DELETE FROM command WHERE what IN ({listed})")
    drop_rule("command", "is_about_somebody")
    add_rule("command", "is_about_somebody", _ABOUT.format(""))
    set_members("command", "what", _WHAT)
    op.drop_column("command", "account")
