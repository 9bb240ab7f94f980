"""logouts at an identity provider

Revision 0036, after 0035.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_logout",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_logout")),
    )
    op.add_column("web_session", sa.Column("provider_issuer", sa.Text(), nullable=True))
    op.add_column("web_session", sa.Column("provider_sid", sa.Text(), nullable=True))
    op.add_column("web_session", sa.Column("ended_by_provider", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    op.drop_column("web_session", "ended_by_provider")
    op.drop_column("web_session", "provider_sid")
    op.drop_column("web_session", "provider_issuer")
    op.drop_table("provider_logout")
