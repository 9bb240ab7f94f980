"""stays in a queue, and the team of an operator's leg

Revision 0017, after 0016. Of calls that are over, the stay is made from their facts where these tell it: a shared
number, one stay in the queue, no transfer, not in the dialplan's fallback. Position, overflow and team are not known of
it. Calls that these facts do not tell get no stay.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_REASONS = ("menu", "direct", "transfer", "returned", "virtual_hold")
_OUTCOMES = (
    "answered",
    "abandoned",
    "callback",
    "virtual_hold",
    "waited_too_long",
    "nobody_available",
    "moved",
    "not_reached",
    "given_up",
    "fallback",
    "lost",
)
_STAYS_OF_BEFORE = """
INSERT INTO queue_visit (id, call_id, municipality, reason, entered_at, calamity, left_at, outcome, operator,
  end_is_estimated)
SELECT gen_random_uuid(), call.id, call.municipality, 'menu', call.queued_at, call.calamity,
  greatest(call.queued_at, coalesce(call.answered_at, asked.at, call.ended_at)),
  CASE WHEN call.answered_at IS NOT NULL THEN 'answered'
    WHEN call.end_reason = 'callback_promised' AND call.callback_kind = 'virtual_hold' THEN 'virtual_hold'
    WHEN call.end_reason = 'callback_promised' THEN 'callback'
    WHEN call.end_reason IN ('waited_too_long', 'nobody_available') THEN call.end_reason
    WHEN call.end_reason IN ('lost', 'fault') THEN 'lost'
    ELSE 'abandoned' END,
  CASE WHEN call.answered_at IS NOT NULL THEN taker.party END,
  call.answered_at IS NULL AND asked.at IS NULL AND call.end_is_estimated
FROM call
LEFT JOIN LATERAL (SELECT party FROM call_leg WHERE call_id = call.id AND role = 'operator' AND joined_at IS NOT NULL
  ORDER BY joined_at LIMIT 1) taker ON true
LEFT JOIN LATERAL (SELECT max(at) AS at FROM call_fact WHERE call_id = call.id AND kind = 'stage'
  AND detail ->> 'stage' = 'leaving_callback') asked ON true
WHERE call.ended_at IS NOT NULL AND call.queued_at IS NOT NULL AND call.shared_number IS NOT NULL
  AND call.callback_request IS NULL AND call.transfers_asked = 0 AND NOT call.handled_by_fallback
  AND call.end_reason IN ('abandoned_waiting', 'caller_hung_up', 'operator_hung_up', 'caller_line_lost',
    'callback_promised', 'waited_too_long', 'nobody_available', 'lost', 'fault')
  AND (call.answered_at IS NOT NULL
    OR call.end_reason NOT IN ('caller_hung_up', 'operator_hung_up', 'caller_line_lost'))
  AND NOT EXISTS (SELECT FROM call_fact WHERE call_id = call.id AND (kind = 'came_back' OR detail ? 'direct'
    OR detail ? 'endpoint' OR (kind = 'municipality_chosen' AND at > call.queued_at)
    OR (kind = 'queued' AND at > coalesce(call.answered_at, asked.at))))
  AND EXISTS (SELECT FROM call_fact WHERE call_id = call.id AND kind = 'queued')"""


def _known(column: str, members: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{member}'" for member in members)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_queue_visit_{column}_known"))


def upgrade() -> None:
    op.add_column("call_leg", sa.Column("team", sa.Text(), nullable=True))
    op.create_table(
        "queue_visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("only_team", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("from_municipality", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("calamity", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("overflowed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("end_is_estimated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _known("reason", _REASONS),
        _known("outcome", _OUTCOMES),
        sa.CheckConstraint("(left_at IS NULL) = (outcome IS NULL)", name=op.f("ck_queue_visit_ended_is_whole")),
        sa.CheckConstraint("left_at >= entered_at", name=op.f("ck_queue_visit_left_after_entered")),
        sa.CheckConstraint(
            "from_municipality IS NULL OR reason = 'transfer'", name=op.f("ck_queue_visit_from_is_of_transfer")
        ),
        sa.CheckConstraint(
            "operator IS NULL OR outcome = 'answered'", name=op.f("ck_queue_visit_operator_is_of_answer")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_queue_visit_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_visit")),
    )
    op.execute(_STAYS_OF_BEFORE)
    op.create_index("ix_queue_visit_call_id", "queue_visit", ["call_id"])
    op.create_index(
        "uq_queue_visit_open", "queue_visit", ["call_id"], unique=True, postgresql_where=sa.text("outcome IS NULL")
    )
    op.create_index("ix_queue_visit_municipality_entered_at", "queue_visit", ["municipality", "entered_at"])


def downgrade() -> None:
    op.drop_table("queue_visit")
    op.drop_column("call_leg", "team")
