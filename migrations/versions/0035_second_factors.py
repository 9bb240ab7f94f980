"""second factors taken away by themselves, and who may know a password

Revision 0035, after 0034.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from ari_app.storage.db.constraints import set_members

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_WHAT = (
    "ready",
    "pause",
    "pause_after_call",
    "end_wrap_up",
    "log_out",
    "log_in",
    "hold",
    "transfer",
    "transfer_to_queue",
    "swap",
    "conference",
    "complete",
    "cancel",
    "put_down",
    "wrap_up",
    "promise_callback",
    "next_callback",
    "make_callback",
    "mark_callback",
    "close_request",
    "allow_transfer",
    "ask_allowance",
    "unlock_pin",
    "assign_request",
    "close_by_person",
    "set_calamity",
    "end_calamity",
    "close_early",
    "open_again",
    "add_account",
    "lock_account",
    "unlock_account",
    "reset_account",
    "give_role",
    "take_role",
    "link_operator",
    "follow_provider",
    "link_subject",
)
_NEW = ("forget_factor",)
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
    set_members("command", "what", (*_WHAT, *_NEW))


def downgrade() -> None:
    listed = ", ".join(f"'{what}'" for what in _NEW)
    op.execute(f"DELETE FROM command WHERE what IN ({listed})")
    set_members("command", "what", _WHAT)
    op.drop_column("account", "known_to")
    op.drop_column("account", "sets_factor_until")
