"""What figures are made of: stays of calls in queues, and states of operators that are over.

The ledger writes them with the row of the call, or of the session. A session's row has the state that goes on.

Codes of municipalities, teams and operators are those of the moment, without foreign keys to the area.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ari_app.core.operators import OperatorState, PauseReason
from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.storage.db.indexes import LONG_STATE, LONGEST_STATE
from ari_app.storage.tables.columns import (
    INSTANT,
    flag,
    instant,
    metadata,
    optional_instant,
    optional_text,
    quickly_one_of,
    text,
)

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
    quickly_one_of("queue_visit", "reason", VisitReason),
    quickly_one_of("queue_visit", "outcome", VisitOutcome),
    sa.CheckConstraint("(left_at IS NULL) = (outcome IS NULL)", name="ended_is_whole"),
    sa.CheckConstraint("left_at >= entered_at", name="left_after_entered"),
    sa.CheckConstraint("from_municipality IS NULL OR reason = 'transfer'", name="from_is_of_transfer"),
    sa.CheckConstraint("operator IS NULL OR outcome = 'answered'", name="operator_is_of_answer"),
    sa.Index("ix_queue_visit_call_id", "call_id"),
    sa.Index("uq_queue_visit_open", "call_id", unique=True, postgresql_where=sa.text("outcome IS NULL")),
    sa.Index("ix_queue_visit_municipality_entered_at", "municipality", "entered_at"),
)

operator_state = sa.Table(
    "operator_state",
    metadata,
    sa.Column("session_id", sa.Uuid, primary_key=True),
    text("operator"),
    sa.Column("teams", ARRAY(sa.Text), nullable=False),
    text("state"),
    optional_text("pause_reason"),
    sa.Column("call_id", sa.Uuid),
    sa.Column("from_at", INSTANT, primary_key=True),
    instant("until_at"),
    flag("end_is_estimated"),
    quickly_one_of("operator_state", "state", OperatorState),
    quickly_one_of("operator_state", "pause_reason", PauseReason),
    sa.CheckConstraint("until_at > from_at", name="until_after_from"),
    sa.Index("ix_operator_state_operator_from_at", "operator", "from_at"),
    sa.Index("ix_operator_state_from_at", "from_at"),
    sa.Index("ix_operator_state_hour", "from_at", postgresql_where=sa.text(LONG_STATE)),
    sa.Index("ix_operator_state_long", "until_at", postgresql_where=sa.text(LONGEST_STATE)),
)
