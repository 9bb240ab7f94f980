"""people whom an identity provider lets in

Revision 0034, after 0033.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


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
    add_kinds(revision)


def downgrade() -> None:
    remove_kinds(revision)
    op.drop_column("account_role", "from_provider")
    op.drop_table("account_subject")
