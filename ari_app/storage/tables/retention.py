"""Retention: the periods of municipalities, the proof of what was erased, and how far each kind was looked through."""

from __future__ import annotations

import sqlalchemy as sa

from ari_app.core.retention import MAXIMUM_DAYS, MINIMUM_DAYS, DataKind
from ari_app.storage.tables.columns import instant, key, metadata, optional_text, row_id, text

#: A municipality's periods; without a row the defaults of `core.retention.Retention`.
retention_rules = sa.Table(
    "retention_rules",
    metadata,
    key("municipality", "municipality.code"),
    *(sa.Column(f"{kind}_days", sa.Integer, nullable=False) for kind in DataKind),
    *(
        sa.CheckConstraint(f"{kind}_days BETWEEN {MINIMUM_DAYS[kind]} AND {MAXIMUM_DAYS}", name=f"{kind}_days_in_range")
        for kind in DataKind
    ),
)

#: The proof, append-only: one row per batch, committed together with it. `until_at`: data of before was erased.
erasure = sa.Table(
    "erasure",
    metadata,
    row_id(),
    text("kind"),
    optional_text("municipality"),  # null: rows of no municipality, or of a person in the whole group
    sa.Column("rows_count", sa.Integer, nullable=False),
    instant("until_at"),
    instant("erased_at"),
    sa.CheckConstraint("rows_count > 0", name="says_something"),
    sa.Index("ix_erasure_erased_at", "erased_at"),
)

#: The moment up to which everything was erased; a later run looks back a week from it. '' is no municipality.
retention_mark = sa.Table(
    "retention_mark",
    metadata,
    key("kind"),
    key("municipality"),
    instant("until_at"),
)
