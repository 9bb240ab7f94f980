# ruff: noqa: E501
"""the number plan, the countries that may be called, and jobs that run once a night

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_entry",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("pii_number", sa.Text(), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("deputy", sa.Text(), nullable=True),
        sa.Column("keywords", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("has_hours", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("last_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_check", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('person', 'department', 'group', 'queue', 'outside')", name=op.f("ck_directory_entry_kind_known")
        ),
        sa.CheckConstraint(
            "last_check IN ('fine', 'unreachable', 'target_missing', 'expired', 'deputy_missing', 'deputy_unreachable', 'extension_clashes', 'number_refused')",
            name=op.f("ck_directory_entry_last_check_known"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(endpoint, pii_number, operator, team, queue) = 1", name=op.f("ck_directory_entry_one_target")
        ),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_directory_entry_valid_in_order")),
        sa.CheckConstraint(
            "(last_checked_at IS NULL) = (last_check IS NULL)", name=op.f("ck_directory_entry_check_is_whole")
        ),
        sa.ForeignKeyConstraint(["municipality"], ["municipality.code"], name=op.f("fk_directory_entry_municipality")),
        sa.ForeignKeyConstraint(["operator"], ["operator.number"], name=op.f("fk_directory_entry_operator")),
        sa.ForeignKeyConstraint(["team"], ["team.code"], name=op.f("fk_directory_entry_team")),
        sa.ForeignKeyConstraint(["queue"], ["municipality.code"], name=op.f("fk_directory_entry_queue")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_directory_entry")),
        sa.UniqueConstraint("extension", name=op.f("uq_directory_entry_extension")),
    )
    op.create_index("ix_directory_entry_municipality", "directory_entry", ["municipality"], unique=False)
    op.create_table(
        "directory_entry_hours",
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_directory_entry_hours_weekday_known")),
        sa.CheckConstraint("opens < closes OR closes = '00:00'", name=op.f("ck_directory_entry_hours_in_order")),
        sa.ForeignKeyConstraint(
            ["entry"], ["directory_entry.code"], name=op.f("fk_directory_entry_hours_entry"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry", "weekday", "opens", name=op.f("pk_directory_entry_hours")),
    )
    op.create_table(
        "callable_country",
        sa.Column("country", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("country", name=op.f("pk_callable_country")),
    )
    op.create_table(
        "nightly_run",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job", "day", name=op.f("pk_nightly_run")),
    )


def downgrade() -> None:
    op.drop_table("nightly_run")
    op.drop_table("callable_country")
    op.drop_table("directory_entry_hours")
    op.drop_table("directory_entry")
