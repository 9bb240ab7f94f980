"""editors change the directory

Revision 0044, after 0043.
"""

from __future__ import annotations

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_kinds(revision)


def downgrade() -> None:
    remove_kinds(revision)
