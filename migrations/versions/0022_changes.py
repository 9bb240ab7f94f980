"""a log of changes, numbered by their transactions

Revision 0022, after 0021. The log begins empty: a reader of before starts anew. Its triggers run with the owner's
rights, so that a program that is already running writes on, before it is granted anything.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# The table's own id is part of it: a dump that is restored over the same database makes the table anew. So is the last
# crash, at which Postgres resets its statistics: it may give the number of a transaction that was undone once more.
_ORIGIN = """
CREATE FUNCTION change_origin() RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
SELECT left(md5(concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
  left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), (SELECT extract(epoch FROM stats_reset) FROM pg_stat_wal),
  (SELECT oid FROM pg_database WHERE datname = current_database()), 'change'::regclass::oid)), 12) $$"""

_NUMBER = "pg_current_xact_id()::text::bigint"
_TRIGGER = "RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$"
_WRITE = "INSERT INTO change (number, kind, id, municipality, operator, changed_at) VALUES"

# A row that goes to another municipality is a change for the one that it leaves as well.
_OF_ROW = f"""
CREATE FUNCTION note_change() {_TRIGGER}
BEGIN
  IF TG_OP <> 'DELETE' THEN
    {_WRITE} ({_NUMBER}, TG_ARGV[0], NEW.id::text, NEW.municipality, NULL, clock_timestamp());
  END IF;
  IF TG_OP = 'DELETE' OR (OLD.municipality IS NOT NULL AND OLD.municipality IS DISTINCT FROM NEW.municipality) THEN
    {_WRITE} ({_NUMBER}, TG_ARGV[0], OLD.id::text, OLD.municipality, NULL, clock_timestamp());
  END IF;
  RETURN NULL;
END $$"""
_OF_SESSION = f"""
CREATE FUNCTION note_session_change() {_TRIGGER}
BEGIN
  IF TG_OP <> 'DELETE' THEN
    {_WRITE} ({_NUMBER}, 'session', NEW.id::text, NULL, NEW.operator, clock_timestamp());
  END IF;
  IF TG_OP = 'DELETE' OR (OLD.operator IS NOT NULL AND OLD.operator IS DISTINCT FROM NEW.operator) THEN
    {_WRITE} ({_NUMBER}, 'session', OLD.id::text, NULL, OLD.operator, clock_timestamp());
  END IF;
  RETURN NULL;
END $$"""
_OF_CALLS_PART = f"""
CREATE FUNCTION note_change_of_calls_part() {_TRIGGER}
BEGIN
  INSERT INTO change (number, kind, id, municipality, operator, changed_at)
  SELECT {_NUMBER}, 'call', id::text, municipality, NULL, clock_timestamp() FROM call WHERE id = NEW.call_id;
  RETURN NULL;
END $$"""
_OF_REQUESTS_PART = f"""
CREATE FUNCTION note_change_of_requests_part() {_TRIGGER}
BEGIN
  INSERT INTO change (number, kind, id, municipality, operator, changed_at)
  SELECT {_NUMBER}, 'request', id::text, municipality, NULL, clock_timestamp() FROM callback_request
  WHERE id = NEW.request_id;
  RETURN NULL;
END $$"""
# Only retention changes facts, many at once.
_OF_FACTS = f"""
CREATE FUNCTION note_change_of_{{whole}}_facts() {_TRIGGER}
BEGIN
  INSERT INTO change (number, kind, id, municipality, operator, changed_at)
  SELECT {_NUMBER}, '{{kind}}', id::text, municipality, NULL, clock_timestamp() FROM {{whole}}
  WHERE id IN (SELECT {{key}} FROM changed);
  RETURN NULL;
END $$"""
_FUNCTIONS = (
    "change_origin()",
    "note_change()",
    "note_session_change()",
    "note_change_of_calls_part()",
    "note_change_of_requests_part()",
    "note_change_of_call_facts()",
    "note_change_of_callback_request_facts()",
)

_CHANGED = "WHEN (OLD IS DISTINCT FROM NEW)"
# Legs, facts and transfers of a call are written together with its row; here is what comes alone.
_TRIGGERS = (
    ("call", "change", "INSERT OR UPDATE OR DELETE", "", "note_change('call')"),
    ("queue_visit", "change", "INSERT OR DELETE", "", "note_change('visit')"),
    ("queue_visit", "change_update", "UPDATE", _CHANGED, "note_change('visit')"),
    ("operator_session", "change", "INSERT OR DELETE", "", "note_session_change()"),
    ("operator_session", "change_update", "UPDATE", _CHANGED, "note_session_change()"),
    ("callback_request", "change", "INSERT OR DELETE", "", "note_change('request')"),
    ("callback_request", "change_update", "UPDATE", _CHANGED, "note_change('request')"),
    ("callback_reminder", "change", "INSERT OR DELETE", "", "note_change('reminder')"),
    ("callback_reminder", "change_update", "UPDATE OF done_at", _CHANGED, "note_change('reminder')"),
    ("calamity", "change", "INSERT OR DELETE", "", "note_change('calamity')"),
    ("calamity", "change_update", "UPDATE", _CHANGED, "note_change('calamity')"),
    ("transfer", "change", "UPDATE", "WHEN (OLD.ended_at IS NOT NULL)", "note_change_of_calls_part()"),
    ("transfer_allowance", "change", "INSERT", "", "note_change_of_calls_part()"),
    ("callback_attempt", "change", "INSERT OR UPDATE", "", "note_change_of_requests_part()"),
)
_FACT_TRIGGERS = (
    ("call_fact", "note_change_of_call_facts()"),
    ("callback_fact", "note_change_of_callback_request_facts()"),
)


def upgrade() -> None:
    op.create_table(
        "change",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_change_number", "change", ["number"])
    op.create_table(
        "change_log",
        sa.Column("id", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("kept_from", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_change_log_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_log")),
    )
    for function in (_ORIGIN, _OF_ROW, _OF_SESSION, _OF_CALLS_PART, _OF_REQUESTS_PART):
        op.execute(function)
    op.execute(_OF_FACTS.format(whole="call", kind="call", key="call_id"))
    op.execute(_OF_FACTS.format(whole="callback_request", kind="request", key="request_id"))
    for function in _FUNCTIONS[1:]:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(f"INSERT INTO change_log (origin, kept_from) VALUES (change_origin(), {_NUMBER})")
    for table, name, events, when, function in _TRIGGERS:
        op.execute(f"CREATE TRIGGER {name} AFTER {events} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {function}")
    for table, function in _FACT_TRIGGERS:
        op.execute(
            f"CREATE TRIGGER change AFTER UPDATE ON {table} REFERENCING NEW TABLE AS changed "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}"
        )


def downgrade() -> None:
    for table, _ in _FACT_TRIGGERS:
        op.execute(f"DROP TRIGGER change ON {table}")
    for table, name, *_ in _TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.drop_table("change_log")
    op.drop_table("change")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
