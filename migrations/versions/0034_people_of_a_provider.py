"""people whom an identity provider lets in

Revision 0034, after 0033.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import set_members

revision = "0034"
down_revision = "0033"
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
)
_NEW = ("follow_provider", "link_subject")


def upgrade() -> None:
    op.create_table(
        "account_subject",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["account.id"], name=op.f("fk_account_subject_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_account_subject")),
    )
    op.create_index("uq_account_subject_issuer", "account_subject", ["issuer", "subject"], unique=True)
    op.add_column("account_role", sa.Column("from_provider", sa.Boolean(), server_default="false", nullable=False))
    set_members("command", "what", (*_WHAT, *_NEW))


def downgrade() -> None:
    listed = ", ".join(f"'{what}'" for what in _NEW)
    op.execute(f"DELETE FROM command WHERE what IN ({listed})")
    set_members("command", "what", _WHAT)
    op.drop_column("account_role", "from_provider")
    op.drop_table("account_subject")
