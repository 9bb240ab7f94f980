"""the deputy of a direct number

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("direct_number", sa.Column("deputy_operator", sa.Text(), nullable=True))
    op.add_column("direct_number", sa.Column("deputy_endpoint", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_direct_number_deputy_operator"), "direct_number", "operator", ["deputy_operator"], ["number"]
    )
    op.create_check_constraint(
        op.f("ck_direct_number_one_deputy_of_somebody"),
        "direct_number",
        "num_nonnulls(deputy_operator, deputy_endpoint) <= num_nonnulls(operator, team, endpoint)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_direct_number_one_deputy_of_somebody"), "direct_number", type_="check")
    op.drop_constraint(op.f("fk_direct_number_deputy_operator"), "direct_number", type_="foreignkey")
    op.drop_column("direct_number", "deputy_endpoint")
    op.drop_column("direct_number", "deputy_operator")
