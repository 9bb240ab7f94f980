"""the municipalities of a deed, and what the pages may read of the audit log

Revision 0033, after 0032. Of rows of before the municipality is known where their detail names it; the others are read
by administrators of the whole group.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_log", sa.Column("municipalities", postgresql.ARRAY(sa.Text()), nullable=True))
    op.execute(
        "UPDATE audit_log SET municipalities = ARRAY[detail ->> 'municipality'] "
        "WHERE detail ->> 'municipality' IS NOT NULL"
    )
    op.execute(
        """\
CREATE VIEW audit_entry WITH (security_barrier) AS
SELECT id, at, actor, action, detail, municipalities FROM audit_log
WHERE coalesce(current_setting('ari_app.scope', true), '') = '*'
  OR municipalities && string_to_array(coalesce(current_setting('ari_app.scope', true), ''), ',')"""
    )


def downgrade() -> None:
    op.execute("DROP VIEW audit_entry")
    op.drop_column("audit_log", "municipalities")
