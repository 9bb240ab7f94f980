"""phones in the pages of operators

Revision 0039, after 0038.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import set_members

revision = "0039"
down_revision = "0038"
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
    "make_promise",
)
_NEW = ("open_phone",)


def upgrade() -> None:
    op.create_table(
        "web_phone",
        sa.Column("session", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["session"], ["web_session.id"], name=op.f("fk_web_phone_session"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_web_phone")),
    )
    op.create_index("uq_web_phone_name", "web_phone", ["name"], unique=True)
    set_members("command", "what", (*_WHAT, *_NEW))


def downgrade() -> None:
    op.execute("DELETE FROM command WHERE what = 'open_phone'")
    set_members("command", "what", _WHAT)
    op.drop_table("web_phone")
