"""phones in the pages of operators

Revision 0039, after 0038.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


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
    add_kinds(revision)


def downgrade() -> None:
    remove_kinds(revision)
    op.drop_table("web_phone")
