"""the deputy of a direct number

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import add_rule, drop_rule

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
    add_rule(
        "direct_number",
        "one_deputy_of_somebody",
        "num_nonnulls(deputy_operator, deputy_endpoint) <= num_nonnulls(operator, team, endpoint)",
    )


def downgrade() -> None:
    drop_rule("direct_number", "one_deputy_of_somebody")
    op.drop_constraint(op.f("fk_direct_number_deputy_operator"), "direct_number", type_="foreignkey")
    op.drop_column("direct_number", "deputy_endpoint")
    op.drop_column("direct_number", "deputy_operator")
