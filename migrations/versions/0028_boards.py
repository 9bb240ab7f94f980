"""addresses of wallboards

Revision 0028, after 0027.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "board_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("municipalities", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("municipalities <> '{}'", name=op.f("ck_board_token_of_somebody")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_board_token_ended_is_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_token")),
    )
    op.create_index("uq_board_token_token_hash", "board_token", ["token_hash"], unique=True)


def downgrade() -> None:
    op.drop_table("board_token")
