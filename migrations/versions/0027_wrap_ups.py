"""wrap-ups: what a talk was about, what came of it, and a note

Revision 0027, after 0026.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import set_members

revision = "0027"
down_revision = "0026"
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
    "promise_callback",
    "next_callback",
    "make_callback",
    "mark_callback",
    "close_request",
    "allow_transfer",
    "unlock_pin",
    "assign_request",
)
_AT = _WHAT.index("promise_callback")


def upgrade() -> None:
    op.create_table(
        "call_wrap_up",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pii_note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_wrap_up_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "operator", name=op.f("pk_call_wrap_up")),
    )
    op.create_index("ix_call_wrap_up_operator_saved_at", "call_wrap_up", ["operator", "saved_at"])
    op.create_index(
        "ix_call_wrap_up_personal", "call_wrap_up", ["call_id"], postgresql_where=sa.text("pii_note ~ '[0-9]'")
    )
    op.execute(
        "CREATE TRIGGER change AFTER INSERT OR UPDATE ON call_wrap_up FOR EACH ROW "
        "EXECUTE FUNCTION note_change_of_calls_part()"
    )
    set_members("command", "what", (*_WHAT[:_AT], "wrap_up", *_WHAT[_AT:]))


def downgrade() -> None:
    op.execute("DELETE FROM command WHERE what = 'wrap_up'")
    set_members("command", "what", _WHAT)
    op.drop_table("call_wrap_up")
