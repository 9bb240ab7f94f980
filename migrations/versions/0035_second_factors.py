"""second factors taken away by themselves, and who may know a password

Revision 0035, after 0034.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

# For which municipalities an administrator answered who made a link on a page is not known any more: for those of the
# account, at least. So the next role beyond these forgets the password. Links of a terminal are the group's.
_LINKED_ON_A_PAGE = """
UPDATE account SET known_to = coalesce((
  SELECT array_agg(DISTINCT town) FROM (
    SELECT held.municipality AS town FROM account_role held WHERE held.account = account.id AND held.municipality <> ''
    UNION SELECT served.municipality FROM account_role held JOIN team_municipality served ON served.team = held.team
    WHERE held.account = account.id
    UNION SELECT skill.municipality FROM operator_skill skill WHERE skill.operator = account.operator) towns), '{}')
WHERE NOT EXISTS (SELECT FROM account_role held
    WHERE held.account = account.id AND held.municipality = '' AND held.team = '')
  AND (SELECT deed.actor FROM audit_log deed WHERE deed.action = 'account.reset'
    AND deed.detail ->> 'account' = account.login ORDER BY deed.id DESC LIMIT 1) LIKE 'account:%'"""


def upgrade() -> None:
    op.add_column("account", sa.Column("sets_factor_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("account", sa.Column("known_to", ARRAY(sa.Text()), nullable=True))
    op.execute(_LINKED_ON_A_PAGE)
    add_kinds(revision)


def downgrade() -> None:
    remove_kinds(revision)
    op.drop_column("account", "known_to")
    op.drop_column("account", "sets_factor_until")
