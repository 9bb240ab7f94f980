"""wrap-ups: what a talk was about, what came of it, and a note

Revision 0027, after 0026.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


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
    add_kinds(revision)


def downgrade() -> None:
    remove_kinds(revision)
    op.drop_table("call_wrap_up")
