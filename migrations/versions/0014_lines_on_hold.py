"""operators whose phone has the line on hold

Revision 0014, after 0013.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import set_members

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_REASONS = (
    "break",
    "lunch",
    "meeting",
    "training",
    "administration",
    "no_answer",
    "on_hold",
)


def upgrade() -> None:
    op.add_column("operator_session", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    for column in ("pause_reason", "pause_pending"):
        set_members("operator_session", column, _REASONS)


def downgrade() -> None:
    for column in ("pause_reason", "pause_pending"):
        op.execute(f"UPDATE operator_session SET {column} = 'break' WHERE {column} = 'on_hold'")
        set_members("operator_session", column, _REASONS[:-1])
    op.drop_column("operator_session", "held_at")
