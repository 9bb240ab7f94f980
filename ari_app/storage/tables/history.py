"""What figures are made of: each stay of a call in a queue, written by the ledger with the row of its call.

Codes of municipalities, teams and operators are those of the moment, without foreign keys to the area.
"""

from __future__ import annotations

import sqlalchemy as sa

from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.storage.tables.columns import flag, instant, metadata, one_of, optional_instant, optional_text, text

queue_visit = sa.Table(
    "queue_visit",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("call_id", sa.Uuid, sa.ForeignKey("call.id", ondelete="CASCADE"), nullable=False),
    optional_text("municipality"),
    text("reason"),
    instant("entered_at"),
    optional_text("only_team"),
    optional_text("subject"),
    optional_text("from_municipality"),
    sa.Column("position", sa.Integer),
    flag("calamity"),
    flag("overflowed"),
    optional_instant("left_at"),
    optional_text("outcome"),
    optional_text("operator"),
    optional_text("team"),
    flag("end_is_estimated"),
    one_of("reason", VisitReason),
    one_of("outcome", VisitOutcome),
    sa.CheckConstraint("(left_at IS NULL) = (outcome IS NULL)", name="ended_is_whole"),
    sa.CheckConstraint("left_at >= entered_at", name="left_after_entered"),
    sa.CheckConstraint("from_municipality IS NULL OR reason = 'transfer'", name="from_is_of_transfer"),
    sa.CheckConstraint("operator IS NULL OR outcome = 'answered'", name="operator_is_of_answer"),
    sa.Index("ix_queue_visit_call_id", "call_id"),
    sa.Index("uq_queue_visit_open", "call_id", unique=True, postgresql_where=sa.text("outcome IS NULL")),
    sa.Index("ix_queue_visit_municipality_entered_at", "municipality", "entered_at"),
)
