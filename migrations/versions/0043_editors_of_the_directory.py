"""editors change the directory

Revision 0043, after 0042.
"""

from __future__ import annotations

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_kinds(revision)


def downgrade() -> None:
    remove_kinds(revision)
