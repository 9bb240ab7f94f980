"""who said which person of an identity provider an account is of

Revision 0041, after 0040.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

# As in 0035: what an administrator of a page answered for is not known any more. It was all of the account, at least.
# Whoever has a role for the whole group was named by somebody of the whole group; terminals and the provider are too.
_NAMED_ON_A_PAGE = """
UPDATE account_subject SET known_to = coalesce((
  SELECT array_agg(DISTINCT town ORDER BY town) FROM (
    SELECT held.municipality AS town FROM account_role held
    WHERE held.account = account_subject.account AND held.municipality <> ''
    UNION SELECT served.municipality FROM account_role held JOIN team_municipality served ON served.team = held.team
    WHERE held.account = account_subject.account
    UNION SELECT skill.municipality FROM operator_skill skill JOIN account ON account.operator = skill.operator
    WHERE account.id = account_subject.account) towns), '{}')
WHERE NOT EXISTS (SELECT FROM account_role held
    WHERE held.account = account_subject.account AND held.municipality = '' AND held.team = '')
  AND (SELECT deed.actor FROM audit_log deed JOIN account ON account.login = deed.detail ->> 'account'
    WHERE account.id = account_subject.account AND deed.action = 'account.subject'
    ORDER BY deed.id DESC LIMIT 1) LIKE 'account:%'"""


def upgrade() -> None:
    op.add_column("account_subject", sa.Column("known_to", ARRAY(sa.Text()), nullable=True))
    op.execute(_NAMED_ON_A_PAGE)


def downgrade() -> None:
    op.drop_column("account_subject", "known_to")
