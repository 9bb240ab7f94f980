"""The log of changes: which row a screen has to read again. Triggers write it, in the transaction of each change."""

from __future__ import annotations

import sqlalchemy as sa

from ari_app.storage.tables.columns import instant, metadata, optional_text, text

#: `number`: the transaction that made the change. Kept for a day (`storage.changes.upkeep`). `kind` is a `ChangeKind`,
#: without a CHECK: only triggers write it, and in a trigger a CHECK took as long as all the rest of the insert.
change = sa.Table(
    "change",
    metadata,
    sa.Column("number", sa.BigInteger, nullable=False),
    text("kind"),
    text("id"),
    optional_text("municipality"),
    optional_text("operator"),  # of a session: it belongs to the municipalities of the operator's skills
    instant("changed_at"),
    sa.Index("ix_change_number", "number"),
)

#: One row: the database that the numbers belong to (`change_origin()`), and the first one that is surely kept.
change_log = sa.Table(
    "change_log",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False, server_default="1"),
    text("origin"),
    sa.Column("kept_from", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
)
