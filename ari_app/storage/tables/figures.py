"""Figures: sums of what calls and operators count for, the choices of municipalities, and how far all is counted.

Everything but the choices can be made anew from the record (`ari-app figures recount`). Keys of `counts` are those of
`reports.counting`. Codes are those of the moment, without foreign keys to the area; empty is none.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ari_app.storage.tables.columns import instant, key, metadata, one_of, optional_text, row_id, text

#: `quarter`: of an hour; `day`: of the Netherlands, the sum of its quarters once it is over
SPANS = ("quarter", "day")

figure_bucket = sa.Table(
    "figure_bucket",
    metadata,
    key("municipality"),
    key("span"),
    sa.Column("from_at", sa.DateTime(timezone=True), primary_key=True),
    key("team"),
    key("number"),
    sa.Column("counts", JSONB, nullable=False),
    one_of("span", SPANS),
    sa.Index("ix_figure_bucket_span_from_at", "span", "from_at"),
)

#: Milliseconds by state of the operators of a team; an operator is of the first team of their login.
team_time = sa.Table(
    "team_time",
    metadata,
    key("team"),
    key("span"),
    sa.Column("from_at", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("counts", JSONB, nullable=False),
    one_of("span", SPANS),
    sa.Index("ix_team_time_span_from_at", "span", "from_at"),
)

#: Calls of a caller who had called the same municipality in the seven days before, and how long before.
repeated_call = sa.Table(
    "repeated_call",
    metadata,
    sa.Column("call_id", sa.Uuid, sa.ForeignKey("call.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("after_seconds", sa.Integer, nullable=False),
)

#: One row: the position in the log of changes up to which all is counted, and the days whose sums are made.
figure_progress = sa.Table(
    "figure_progress",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False, server_default="1"),
    optional_text("position"),  # of the log of changes; null: nothing is counted yet
    instant("counted_at"),
    sa.Column("days_until", sa.Date, nullable=False),  # the first day without a sum
    sa.CheckConstraint("id = 1", name="one_row"),
)

#: What a municipality chose, from which day on (`reports.choices`). Append-only: of two for a day the later counts.
measure_definition = sa.Table(
    "measure_definition",
    metadata,
    row_id(),
    text("municipality"),
    sa.Column("from_day", sa.Date, nullable=False),
    text("clock"),
    sa.Column("short_abandon_seconds", sa.Integer, nullable=False),
    text("denominator"),
    text("early_abandons"),
    sa.Column("counts_calamities", sa.Boolean, nullable=False),
    sa.Column("norm_seconds", sa.Integer),  # null: that of the area file
    sa.Column("fewest_calls", sa.Integer, nullable=False),
    text("author"),
    instant("created_at"),
    one_of("clock", ("queue", "arrival")),
    one_of("denominator", ("offered", "answered")),
    one_of("early_abandons", ("left_out", "met", "missed")),
    sa.CheckConstraint(
        "short_abandon_seconds BETWEEN 0 AND 3600 AND norm_seconds BETWEEN 1 AND 3600"
        " AND fewest_calls BETWEEN 1 AND 1000",
        name="numbers_in_range",
    ),
    sa.Index("ix_measure_definition_municipality_from_day", "municipality", "from_day"),
)
