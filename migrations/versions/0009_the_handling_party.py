"""the handling party of a call; a stage that nothing entered is gone

Revision 0009, after 0008.
"""

from __future__ import annotations

from alembic import op

from ari_app.storage.db.constraints import set_members

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_STAGES = ("arrived", "choosing", "announcing", "waiting", "connecting", "talking", "leaving_callback", "ended")


def upgrade() -> None:
    op.alter_column("call", "holder", new_column_name="handled_by")
    set_members("call", "stage", _STAGES)


def downgrade() -> None:
    set_members("call", "stage", (*_STAGES[:6], "survey", *_STAGES[6:]))
    op.alter_column("call", "handled_by", new_column_name="holder")
