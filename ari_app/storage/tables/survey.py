"""The survey after a call: which questions a municipality asks, and what was answered.

An answer says nothing of a person: it has no number and no operator, and stays when those of its call are erased.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ari_app.core.survey import MOST_QUESTIONS, SurveyQuestion
from ari_app.storage.tables.columns import instant, key, metadata, one_of, optional_instant, text

#: without a row a municipality asks nothing
survey_rules = sa.Table(
    "survey_rules",
    metadata,
    key("municipality", "municipality.code"),
    sa.Column("share", sa.Integer, nullable=False),
    sa.Column("questions", ARRAY(sa.Text), nullable=False),
    sa.CheckConstraint("share BETWEEN 0 AND 100", name="share_is_percent"),
    sa.CheckConstraint(f"cardinality(questions) BETWEEN 1 AND {MOST_QUESTIONS}", name="few_questions"),
)

#: one row for each question that a caller was asked; `value` stays null when they gave no answer
survey_answer = sa.Table(
    "survey_answer",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("call_id", sa.Uuid, sa.ForeignKey("call.id", ondelete="CASCADE"), nullable=False),
    text("municipality"),
    text("question"),
    instant("asked_at"),
    sa.Column("value", sa.Integer),
    optional_instant("answered_at"),
    one_of("question", SurveyQuestion),
    sa.CheckConstraint("(value IS NULL) = (answered_at IS NULL)", name="answered_is_whole"),
    sa.CheckConstraint("value BETWEEN 0 AND 10", name="value_is_mark_or_yes_no"),
    sa.CheckConstraint("answered_at >= asked_at", name="answered_after_asked"),
    sa.Index("ix_survey_answer_call_id", "call_id"),
    sa.Index("ix_survey_answer_municipality_asked_at", "municipality", "asked_at"),
)
