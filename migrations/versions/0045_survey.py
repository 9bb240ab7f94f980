"""the survey after a call: rules, answers, and what a call must remember of it

Revision 0045, after 0044.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds
from ari_app.storage.db.constraints import set_members_by_function

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_STAGES = "arrived choosing announcing waiting connecting talking leaving_callback ended"
_FACTS = (
    "arrived answered_line question_asked wrong_key municipality_chosen announced queued position_told "
    "nobody_told offered offer_failed answered calling_back callback_marked request_closed put_down held "
    "held_no_more transfer_asked transfer_refused transfer_state transferred transfer_over came_back "
    "callback_offered callback_requested callback_limited stage resumed to_fallback noted ended"
)
_NEW_FACTS = "survey_offered survey_agreed survey_question survey_answered"


def upgrade() -> None:
    op.create_table(
        "survey_rules",
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("questions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.CheckConstraint("share BETWEEN 0 AND 100", name=op.f("ck_survey_rules_share_is_percent")),
        sa.CheckConstraint("cardinality(questions) BETWEEN 1 AND 3", name=op.f("ck_survey_rules_few_questions")),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_survey_rules_municipality"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality", name=op.f("pk_survey_rules")),
    )
    op.create_table(
        "survey_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("answered_at", _INSTANT, nullable=True),
        sa.CheckConstraint(
            "question IN ('mark', 'wait', 'helped', 'clear')", name=op.f("ck_survey_answer_question_known")
        ),
        sa.CheckConstraint("(value IS NULL) = (answered_at IS NULL)", name=op.f("ck_survey_answer_answered_is_whole")),
        sa.CheckConstraint("value BETWEEN 0 AND 10", name=op.f("ck_survey_answer_value_is_mark_or_yes_no")),
        sa.CheckConstraint("answered_at >= asked_at", name=op.f("ck_survey_answer_answered_after_asked")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_survey_answer_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_answer")),
    )
    op.create_index("ix_survey_answer_call_id", "survey_answer", ["call_id"])
    op.create_index("ix_survey_answer_municipality_asked_at", "survey_answer", ["municipality", "asked_at"])
    for name in ("survey_asked_at", "survey_agreed_at", "survey_until_at"):
        op.add_column("call", sa.Column(name, _INSTANT, nullable=True))
    op.add_column("call", sa.Column("survey_done", sa.Integer(), server_default="0", nullable=False))
    set_members_by_function("call", "stage", _STAGES.replace(" leaving", " survey leaving").split())
    set_members_by_function("call_fact", "kind", _FACTS.replace(" stage", f" {_NEW_FACTS} stage").split())
    add_kinds(revision)


def downgrade() -> None:
    """Values that only this revision has become those of the one before. A call in its survey was over already."""
    remove_kinds(revision)
    for kind in _NEW_FACTS.split():
        op.execute(f"UPDATE call_fact SET kind = 'noted' WHERE kind = '{kind}'")
    set_members_by_function("call_fact", "kind", _FACTS.split())
    op.execute("UPDATE call SET stage = 'talking' WHERE stage = 'survey'")
    set_members_by_function("call", "stage", _STAGES.split())
    for name in ("survey_done", "survey_until_at", "survey_agreed_at", "survey_asked_at"):
        op.drop_column("call", name)
    op.drop_table("survey_answer")
    op.drop_table("survey_rules")
