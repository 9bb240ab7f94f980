"""retention of personal data

Revision 0019, after 0018. The two functions run with the owner's rights: `ari_app_serve` changes no fact and deletes no
audit row otherwise. They take out what is personal, and leave alone whatever is open or young.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.constraints import add_rule, drop_rule

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_LEAST = {"numbers": 35, "facts": 35, "callbacks": 35, "reminders": 35, "audit": 183}
_OLD_RULE = "pii_number ~ '^[+][1-9][0-9]{4,14}$'"
_NEW_RULE = f"{_OLD_RULE} OR (pii_number = '' AND closed_at IS NOT NULL)"

_FACTS = """
CREATE FUNCTION erase_from_{table}s(owners uuid[], seqs int[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
WITH changed AS (
  UPDATE {table} fact SET detail = coalesce(
    (SELECT jsonb_object_agg(key, value) FROM jsonb_each(fact.detail) WHERE NOT starts_with(key, 'pii_')), '{{}}')
  FROM unnest(owners, seqs) AS chosen (owner, seq), {of} owner
  WHERE fact.{key} = chosen.owner AND fact.seq = chosen.seq AND owner.id = chosen.owner AND owner.{closed} IS NOT NULL
  RETURNING 1)
SELECT count(*) FROM changed $$"""
# A day less than the minimum of a period: a day of the Netherlands may have 25 hours.
_AUDIT = """
CREATE FUNCTION erase_audit_rows(ids bigint[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
WITH gone AS (DELETE FROM audit_log WHERE id = ANY (ids) AND at < now() - interval '182 days' RETURNING 1)
SELECT count(*) FROM gone $$"""
_FUNCTIONS = (
    "erase_from_call_facts(uuid[], int[])",
    "erase_from_callback_facts(uuid[], int[])",
    "erase_audit_rows(bigint[])",
)


def upgrade() -> None:
    op.create_table(
        "retention_rules",
        sa.Column("municipality", sa.Text(), nullable=False),
        *(sa.Column(f"{kind}_days", sa.Integer(), nullable=False) for kind in _LEAST),
        *(
            sa.CheckConstraint(
                f"{kind}_days BETWEEN {least} AND 3660", name=op.f(f"ck_retention_rules_{kind}_days_in_range")
            )
            for kind, least in _LEAST.items()
        ),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_retention_rules_municipality"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality", name=op.f("pk_retention_rules")),
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=True),
        sa.Column("rows_count", sa.Integer(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rows_count > 0", name=op.f("ck_erasure_says_something")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_index("ix_erasure_erased_at", "erasure", ["erased_at"])
    op.create_table(
        "retention_mark",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "municipality", name=op.f("pk_retention_mark")),
    )
    drop_rule("callback_request", "number_is_e164")
    add_rule("callback_request", "number_is_e164", _NEW_RULE)
    op.execute(_FACTS.format(table="call_fact", of="call", key="call_id", closed="ended_at"))
    op.execute(_FACTS.format(table="callback_fact", of="callback_request", key="request_id", closed="closed_at"))
    op.execute(_AUDIT)
    for function in _FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")


def downgrade() -> None:
    """A number that was erased becomes one that is nobody's."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("UPDATE callback_request SET pii_number = '+10000' WHERE pii_number = ''")
    drop_rule("callback_request", "number_is_e164")
    add_rule("callback_request", "number_is_e164", _OLD_RULE)
    for table in ("retention_mark", "erasure", "retention_rules"):
        op.drop_table(table)
