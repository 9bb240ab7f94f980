"""how the name of a municipality is spoken; the time in which a caller chooses

Revision 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import add_rule, drop_rule

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("municipality", sa.Column("spoken", sa.Text))
    seconds = sa.Column("choose_within_seconds", sa.Integer, nullable=False, server_default="15")
    op.add_column("shared_number", seconds)
    add_rule("shared_number", "choose_within_positive", "choose_within_seconds > 0")


def downgrade() -> None:
    drop_rule("shared_number", "choose_within_positive")
    op.drop_column("shared_number", "choose_within_seconds")
    op.drop_column("municipality", "spoken")
