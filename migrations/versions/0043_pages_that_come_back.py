"""pages of operators that lost their line, and may come back

Revision 0043, after 0042.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_COLUMNS = ("line_lost_at", "line_until_at")


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("operator_session", sa.Column(column, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for column in _COLUMNS:
        op.drop_column("operator_session", column)
