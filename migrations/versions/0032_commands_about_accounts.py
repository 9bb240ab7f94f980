"""what administrators ask for: accounts, their roles and links

Revision 0032, after 0031.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds
from ari_app.storage.db.constraints import add_rule, drop_rule

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_ABOUT = "num_nonnulls(operator, call_id, request_id, municipality{0}) > 0"


def upgrade() -> None:
    op.add_column("command", sa.Column("account", sa.Uuid(), nullable=True))
    add_kinds(revision)
    drop_rule("command", "is_about_somebody")
    add_rule("command", "is_about_somebody", _ABOUT.format(", account"))


def downgrade() -> None:
    remove_kinds(revision)
    drop_rule("command", "is_about_somebody")
    add_rule("command", "is_about_somebody", _ABOUT.format(""))
    op.drop_column("command", "account")
