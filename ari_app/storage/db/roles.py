"""The roles of the database: an owner for `migrate`, one for `serve` and the commands, one for `web`.

The owner makes tables. `serve` reads and writes rows, and can change nothing that is append-only, but for what
retention takes out with functions of the owner. `web` reads, within the municipalities that its connection names (row
level security, the wall behind the scope of each query), adds to the audit log, asks for commands, and writes what
logging in needs and scripts. Rights are granted anew by each `migrate`, so they are not part of a dump.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from ari_app.storage.db.errors import StorageError
from ari_app.storage.db.excess import APPEND_ONLY
from ari_app.storage.db.scram import scram_secret
from ari_app.storage.db.web_sees import WEB_SEES, WEB_WRITES

SERVE, WEB = "ari_app_serve", "ari_app_web"

_READ, _ADD, _CHANGE, _ALL = "SELECT", "SELECT, INSERT", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE, DELETE"

#: what `serve` may do with each table and view
SERVE_RIGHTS: Mapping[str, str] = {
    **dict.fromkeys(APPEND_ONLY, _ADD),
    **dict.fromkeys(
        (
            "call",
            "call_leg",
            "transfer",
            "call_wrap_up",
            "queue_visit",
            "survey_answer",
            "operator_state",
            "operator_line",
            "operator_session",
            "operator_absence",
            "callback_request",
            "callback_attempt",
            "nightly_run",
            "node",
            "overload",
            "calamity",
            "municipality",
            "shared_number",
            "account",
            "board_token",
            "service_token",
            "early_closing",
            "transfer_wish",
            "figure_progress",
            "repeated_call",
            "script",
            "script_version",
            "script_use",
            "script_synonym",
            "script_remark",
        ),
        _CHANGE,
    ),
    **dict.fromkeys(
        (
            "opening_hours",
            "closing",
            "open_day",
            "special_day",
            "callback_rules",
            "retention_rules",
            "survey_rules",
            "retention_mark",
            "callback_reminder",
            "outbox",
            "shared_number_member",
            "member_consultation",
            "team",
            "team_municipality",
            "team_contact",
            "operator",
            "operator_team",
            "direct_number",
            "directory_entry",
            "directory_entry_hours",
            "callable_country",
            "followed_file",
            "pin_attempt",
            "phone_pin_attempt",
            "cel_position",
            "command",
            "account_role",
            "account_link",
            "account_subject",
            "recovery_code",
            "web_session",
            "web_phone",
            "login_attempt",
            "provider_logout",
            "passkey",
            "passkey_challenge",
            "figure_bucket",
            "team_time",
            "script_miss",
        ),
        _ALL,
    ),
    "change": "SELECT, INSERT, DELETE",
    "change_log": "SELECT, UPDATE",
    **dict.fromkeys(("operator_skill", "callback_proof", "callback_promise", "audit_entry", "alembic_version"), _READ),
}

#: they run with the owner's rights: retention takes out what is personal, and nothing else of a fact
OWNERS_FUNCTIONS = (
    "erase_from_call_facts(uuid[], int[])",
    "erase_from_callback_facts(uuid[], int[])",
    "erase_audit_rows(bigint[])",
    "renew_call_numbers(timestamptz, timestamptz)",
)

#: they look with the owner's rights, and say themselves what their reader may see
FINDERS = ("find_scripts(text, text, text[], date, integer, integer, integer)",)

#: triggers that write the log of changes with the owner's rights; nobody else may put them on a table
TRIGGER_FUNCTIONS = (
    "note_change()",
    "note_session_change()",
    "note_change_of_calls_part()",
    "note_change_of_requests_part()",
    "note_change_of_call_facts()",
    "note_change_of_callback_request_facts()",
    "note_command_change()",
)

#: a policy has a digest of its definition as its comment
_POLICIES = sa.text("""
SELECT polrelid::regclass::text AS name, obj_description(oid, 'pg_policy') AS mark
FROM pg_policy WHERE polname = 'web'""")

_ALL_POLICIES = sa.text("SELECT polrelid::regclass::text, quote_ident(polname) FROM pg_policy ORDER BY 1, 2")
_GUARDED = sa.text("SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity ORDER BY 1")

#: whoever asks reads no numbers and notes of others, and gives no answer
_ASKED = (
    "id, actor, node, operator, session_id, call_id, request_id, municipality, account, what, arguments, asked_at,"
    " expires_at"
)
_ANSWERED = "claimed_at, answered_at, answer, reason, details"

#: what `web` may do with each table and view
WEB_RIGHTS: Mapping[str, str] = {
    **dict.fromkeys(WEB_SEES, _READ),
    "operator": "SELECT (number, name)",  # never the hash of a PIN
    "pin_attempt": "SELECT (operator, locked_until_at)",
    "audit_log": "INSERT",  # what it may read of it is the view
    "audit_entry": _READ,
    "command": f"SELECT ({_ASKED}, {_ANSWERED}), INSERT ({_ASKED}, pii_arguments)",
    # Who logs in is of no municipality; no page makes an account, or gives a role: it asks for a command.
    "account": "SELECT, UPDATE (password_hash, totp_secret, totp_step, sets_factor_until)",
    "account_role": _READ,
    "account_subject": _READ,
    "account_link": "SELECT, UPDATE (used_at)",
    "web_session": _ALL,
    "web_phone": "SELECT (session, name, node, pushed_at)",  # never what stands for a password
    **dict.fromkeys(("recovery_code", "login_attempt", "provider_logout", "passkey_challenge"), _ALL),
    "passkey": "SELECT, INSERT, UPDATE (sign_count, last_used_at), DELETE",
    "board_token": "SELECT, INSERT, UPDATE (shown_at, ended_at, ended_by)",
    "service_token": "SELECT, UPDATE (used_at)",
    # Editors write by themselves; which script operators read is a matter of rows alone, and of no call.
    "script": _CHANGE,
    "script_version": "SELECT, INSERT, UPDATE (state, published_by, published_at)",
    "script_remark": "SELECT, INSERT, UPDATE (done_at, done_by)",
    "script_miss": _ALL,
    "node": "SELECT (name, seen_at)",
    **dict.fromkeys(
        (
            "municipality",
            "opening_hours",
            "closing",
            "early_closing",
            "open_day",
            "special_day",
            "callback_rules",
            "retention_rules",
            "survey_rules",
            "shared_number",
            "shared_number_member",
            "member_consultation",
            "team",
            "team_municipality",
            "direct_number",
            "callable_country",
            "operator_skill",
            "change_log",
            "figure_progress",
            "alembic_version",
        ),
        _READ,
    ),
}


class RolesRefused(StorageError):
    """The owner's role may not make roles."""


def make_roles(connection: Connection, passwords: Mapping[str, str]) -> None:
    """Make the roles that have a password here, or give them that password. ASCII only.

    Postgres is told no password but what it keeps of one, so that none can come into its log.
    Raises RolesRefused.
    """
    asked = "SELECT rolsuper OR rolcreaterole, rolname FROM pg_roles WHERE rolname = current_user"
    may_make_roles, owner = connection.execute(sa.text(asked)).one()
    if passwords and not may_make_roles:
        raise RolesRefused(
            f"{owner} may not make roles: let somebody who may run ALTER ROLE {owner} CREATEROLE, or make "
            f"{' and '.join(passwords)} by hand and unset their passwords here"
        )
    for role, password in passwords.items():
        exists = connection.execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).first()
        verb = "CREATE" if exists is None else "ALTER"
        rights = f"LOGIN NOCREATEDB NOCREATEROLE PASSWORD '{scram_secret(password)}'"
        connection.exec_driver_sql(f"{verb} ROLE {role} {rights}")


def grant_rights(connection: Connection) -> None:
    """Give each role that exists exactly its rights. The connection is in no transaction.

    A policy that changes locks its table for a moment, so each has a transaction of its own, and none when it is right.
    """
    with connection.begin():
        existing = set(connection.execute(sa.text("SELECT rolname FROM pg_roles")).scalars())
        for role, rights in ((SERVE, SERVE_RIGHTS), (WEB, WEB_RIGHTS)):
            if role in existing:
                for statement in _grants(role, rights):
                    connection.exec_driver_sql(statement)
        if SERVE in existing:
            connection.exec_driver_sql(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {SERVE}")
        for function in (*OWNERS_FUNCTIONS, *TRIGGER_FUNCTIONS, *FINDERS):
            connection.exec_driver_sql(
                f"REVOKE ALL ON FUNCTION {function} FROM {', '.join(['PUBLIC', *_of(existing)])}"
            )
            if SERVE in existing and function in OWNERS_FUNCTIONS:
                connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {function} TO {SERVE}")
        for function in FINDERS if _of(existing) else ():
            connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {function} TO {', '.join(_of(existing))}")
        there = {str(row.name): row.mark for row in connection.execute(_POLICIES)}
    for table, condition in WEB_SEES.items() if WEB in existing else ():
        statements = list(_policies(table, condition, existing))
        mark = hashlib.sha256("".join(statements).encode()).hexdigest()
        if there.get(table) != mark:
            with connection.begin():
                for statement in (*statements, f"COMMENT ON POLICY web ON {table} IS '{mark}'"):
                    connection.exec_driver_sql(statement)


def drop_policies(connection: Connection) -> None:
    """Before tables go: a policy depends on every table that its condition names. `grant_rights` makes them anew."""
    for table, name in connection.execute(_ALL_POLICIES).all():
        connection.exec_driver_sql(f"DROP POLICY {name} ON {table}")
    for table in connection.execute(_GUARDED).scalars().all():
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def _grants(role: str, rights: Mapping[str, str]) -> Iterator[str]:
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}"
    yield f"GRANT USAGE ON SCHEMA public TO {role}"
    for table, right in rights.items():
        yield f"GRANT {right} ON {table} TO {role}"


def _of(existing: set[str]) -> list[str]:
    return [role for role in (SERVE, WEB) if role in existing]


def _policies(table: str, condition: str, existing: set[str]) -> Iterator[str]:
    """Policies add up: of the three, `web` has only its own."""
    wanted = {"web": (WEB, condition), "others": ("PUBLIC", f"current_user <> '{WEB}'")}
    if SERVE in existing:
        wanted["serve"] = (SERVE, "true")  # folded away when a statement is planned
    for name, (role, rows) in wanted.items():
        yield f"DROP POLICY IF EXISTS {name} ON {table}"
        yield f"CREATE POLICY {name} ON {table} TO {role} USING ({rows})"
    for verb, rows in WEB_WRITES.get(table, {}).items():  # these take away from what `web` may
        yield f"DROP POLICY IF EXISTS web_{verb} ON {table}"
        condition = "WITH CHECK" if verb == "INSERT" else "USING"
        yield f"CREATE POLICY web_{verb} ON {table} AS RESTRICTIVE FOR {verb} TO {WEB} {condition} ({rows})"
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
