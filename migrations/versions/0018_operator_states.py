"""stretches of the states of operators

Revision 0018, after 0017. Of sessions of before only the present state is known, so the stretches of a session that is
open begin with it; its teams are those of the area now.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_STATES = ("away", "ready", "offered", "talking", "wrap_up", "paused")
_REASONS = ("break", "lunch", "meeting", "training", "administration", "no_answer", "on_hold")
_TEAMS_OF_NOW = """
UPDATE operator_session SET teams = array(
  SELECT team FROM operator_team WHERE operator_team.operator = operator_session.operator ORDER BY team)
WHERE logged_out_at IS NULL"""


def _known(column: str, members: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{member}'" for member in members)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_operator_state_{column}_known"))


def upgrade() -> None:
    op.add_column("operator_session", sa.Column("teams", ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.execute(_TEAMS_OF_NOW)
    op.create_table(
        "operator_state",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("teams", ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_is_estimated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _known("state", _STATES),
        _known("pause_reason", _REASONS),
        sa.CheckConstraint("until_at > from_at", name=op.f("ck_operator_state_until_after_from")),
        sa.PrimaryKeyConstraint("session_id", "from_at", name=op.f("pk_operator_state")),
    )
    op.create_index("ix_operator_state_operator_from_at", "operator_state", ["operator", "from_at"])


def downgrade() -> None:
    op.drop_table("operator_state")
    op.drop_column("operator_session", "teams")
