"""the handling party of a call; a stage that nothing entered is gone

Revision 0009, after 0008.
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_STAGES = ("arrived", "choosing", "announcing", "waiting", "connecting", "talking", "leaving_callback", "ended")


def upgrade() -> None:
    op.alter_column("call", "holder", new_column_name="handled_by")
    _known("call", "stage", _STAGES)


def downgrade() -> None:
    _known("call", "stage", (*_STAGES[:6], "survey", *_STAGES[6:]))
    op.alter_column("call", "handled_by", new_column_name="holder")


def _known(table: str, column: str, values: Sequence[str]) -> None:
    name = op.f(f"ck_{table}_{column}_known")
    op.drop_constraint(name, table, type_="check")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(name, table, f"{column} IN ({listed})")
