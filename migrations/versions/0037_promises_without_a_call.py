"""promises that no call leads to

Revision 0037, after 0036.
"""

from __future__ import annotations

from alembic import op

from ari_app.storage.db.constraints import set_members

revision = "0037"
down_revision = "0036"
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
    "add_account",
    "lock_account",
    "unlock_account",
    "reset_account",
    "give_role",
    "take_role",
    "link_operator",
    "follow_provider",
    "link_subject",
    "forget_factor",
)
_NEW = ("make_promise",)


def upgrade() -> None:
    set_members("command", "what", (*_WHAT, *_NEW))


def downgrade() -> None:
    listed = ", ".join(f"'{what}'" for what in _NEW)
    op.execute(f"DELETE FROM command WHERE what IN ({listed})")
    set_members("command", "what", _WHAT)
