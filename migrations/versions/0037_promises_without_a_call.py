"""promises that no call leads to

Revision 0037, after 0036.
"""

from __future__ import annotations

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_kinds(revision)


def downgrade() -> None:
    remove_kinds(revision)
