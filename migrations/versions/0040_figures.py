"""figures: sums by quarter of an hour and day, and the choices of municipalities

Revision 0040, after 0039.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "figure_bucket",
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column("from_at", _INSTANT, nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("counts", JSONB(), nullable=False),
        sa.CheckConstraint("span IN ('quarter', 'day')", name=op.f("ck_figure_bucket_span_known")),
        sa.PrimaryKeyConstraint("municipality", "span", "from_at", "team", "number", name=op.f("pk_figure_bucket")),
    )
    op.create_index("ix_figure_bucket_span_from_at", "figure_bucket", ["span", "from_at"])
    op.create_table(
        "team_time",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column("from_at", _INSTANT, nullable=False),
        sa.Column("counts", JSONB(), nullable=False),
        sa.CheckConstraint("span IN ('quarter', 'day')", name=op.f("ck_team_time_span_known")),
        sa.PrimaryKeyConstraint("team", "span", "from_at", name=op.f("pk_team_time")),
    )
    op.create_index("ix_team_time_span_from_at", "team_time", ["span", "from_at"])
    op.create_table(
        "repeated_call",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("after_seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_repeated_call_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_repeated_call")),
    )
    op.create_table(
        "figure_progress",
        sa.Column("id", sa.SmallInteger(), server_default="1", autoincrement=False, nullable=False),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("counted_at", _INSTANT, nullable=False),
        sa.Column("days_until", sa.Date(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_figure_progress_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_progress")),
    )
    op.create_table(
        "measure_definition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("short_abandon_seconds", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Text(), nullable=False),
        sa.Column("early_abandons", sa.Text(), nullable=False),
        sa.Column("counts_calamities", sa.Boolean(), nullable=False),
        sa.Column("norm_seconds", sa.Integer(), nullable=True),
        sa.Column("fewest_calls", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint("clock IN ('queue', 'arrival')", name=op.f("ck_measure_definition_clock_known")),
        sa.CheckConstraint(
            "denominator IN ('offered', 'answered')", name=op.f("ck_measure_definition_denominator_known")
        ),
        sa.CheckConstraint(
            "early_abandons IN ('left_out', 'met', 'missed')", name=op.f("ck_measure_definition_early_abandons_known")
        ),
        sa.CheckConstraint(
            "short_abandon_seconds BETWEEN 0 AND 3600 AND norm_seconds BETWEEN 1 AND 3600"
            " AND fewest_calls BETWEEN 1 AND 1000",
            name=op.f("ck_measure_definition_numbers_in_range"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure_definition")),
    )
    op.create_index("ix_measure_definition_municipality_from_day", "measure_definition", ["municipality", "from_day"])


def downgrade() -> None:
    for table in ("measure_definition", "figure_progress", "repeated_call", "team_time", "figure_bucket"):
        op.drop_table(table)
