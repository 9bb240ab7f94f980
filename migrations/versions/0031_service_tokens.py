"""tokens of other programs

Revision 0031, after 0030.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("municipalities", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("most_per_minute", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("municipalities <> '{}'", name=op.f("ck_service_token_of_somebody")),
        sa.CheckConstraint("scopes <> '{}'", name=op.f("ck_service_token_for_something")),
        sa.CheckConstraint("most_per_minute > 0", name=op.f("ck_service_token_some_per_minute")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_service_token_ended_is_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_token")),
    )
    op.create_index("uq_service_token_token_hash", "service_token", ["token_hash"], unique=True)
    op.create_index("uq_service_token_name", "service_token", ["name"], unique=True)


def downgrade() -> None:
    op.drop_table("service_token")
