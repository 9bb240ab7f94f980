"""Indexes of tables that hold rows already, made beside the calls.

CREATE INDEX keeps every writer of its table waiting until it has read all of it: minutes, in a record of a year.
CONCURRENTLY keeps nobody waiting, but works outside transactions, and leaves half an index when it is broken off. So
these belong to no revision: each migrate makes those that are missing or half made. Without them the program does the
same, more slowly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ari_app.core.call import EndReason
from ari_app.storage.db.rows import MAY_BE_PERSONAL, REQUEST_MAY_HOLD_NUMBER, TRANSFER_MAY_HOLD_NUMBER

if TYPE_CHECKING:
    from sqlalchemy import Connection

# One summary of the numbers in 128 pages costs a writer next to nothing, and a row whose number is erased still changes
# in its place; an entry for each number would be written at random places, and make each such row new in every index.
# A summary says in which pages to look, and is wrong once in 500 times.
_SUMMARY = "text_bloom_ops (n_distinct_per_range = {0}, false_positive_rate = 0.002)"
#: operator classes by column, and the options of the index; `renew_call_numbers` of the schema counts pages so as well
NUMBER_SUMMARIES: Mapping[str, str] = {
    "pii_caller_number": _SUMMARY.format("-0.08"),
    "pii_callback_number": _SUMMARY.format("128"),
}
SUMMARY_OPTIONS: Mapping[str, str] = {"pages_per_range": "128", "autosummarize": "on"}

#: calls of callers for whom there was no room, whether they heard why or only busy
REFUSED = f"end_reason IN ('{EndReason.TURNED_AWAY}', '{EndReason.HEARD_BUSY}')"

#: states that began far back: a pause; an operator whose phone is rung stays logged in for days
LONG_STATE = "until_at - from_at > interval '1 hour'"
LONGEST_STATE = "until_at - from_at > interval '24 hours'"

#: by name, without its beginning; the tables have them too
LATE_INDEXES: Mapping[str, str] = {
    "ix_call_numbers": f"ON call USING brin ({', '.join(map(' '.join, NUMBER_SUMMARIES.items()))}) "
    f"WITH ({', '.join(map(' = '.join, SUMMARY_OPTIONS.items()))})",
    "ix_call_fallback": "ON call (arrived_at) WHERE handled_by_fallback",
    "ix_call_refused": f"ON call (arrived_at) WHERE {REFUSED}",
    "ix_callback_request_closed": "ON callback_request (closed_at, id) WHERE closed_at IS NOT NULL",
    "ix_operator_state_from_at": "ON operator_state (from_at)",
    "ix_operator_state_hour": f"ON operator_state (from_at) WHERE {LONG_STATE}",
    "ix_operator_state_long": f"ON operator_state (until_at) WHERE {LONGEST_STATE}",
    "ix_callback_request_first_contact_at": "ON callback_request (first_contact_at)",
    "ix_callback_request_deadline_at": "ON callback_request (deadline_at)",
    "ix_transfer_to_party": "ON transfer (to_party, requested_at)",
    "ix_transfer_personal": f"ON transfer (call_id) WHERE {TRANSFER_MAY_HOLD_NUMBER}",
    "ix_callback_request_personal": f"ON callback_request (id) WHERE {REQUEST_MAY_HOLD_NUMBER}",
    "ix_call_fact_personal": f"ON call_fact (call_id) WHERE {MAY_BE_PERSONAL.format('')}",
    "ix_callback_fact_personal": f"ON callback_fact (request_id) WHERE {MAY_BE_PERSONAL.format('')}",
}

#: whoever comes meanwhile leaves it to the one who makes them
_TRY = "SELECT pg_try_advisory_lock(hashtextextended('ari_app indexes', 0))"
_RELEASE = "SELECT pg_advisory_unlock(hashtextextended('ari_app indexes', 0))"
_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"


def make_late_indexes(connection: Connection) -> None:
    """Make what is missing. The connection is in no transaction, and holds no lock that others wait for.

    It waits until every transaction that wrote in the table before is over.
    """
    import sqlalchemy as sa  # who only reads a condition of these indexes does not load it

    connection.execution_options(isolation_level="AUTOCOMMIT")
    if not connection.execute(sa.text(_TRY)).scalar_one():
        return
    for name, rest in LATE_INDEXES.items():
        is_valid = connection.execute(sa.text(_VALID), {"name": name}).scalar_one_or_none()
        if is_valid is False:
            connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {name}")
        if not is_valid:
            connection.exec_driver_sql(f"CREATE INDEX CONCURRENTLY {name} {rest}")
    connection.execute(sa.text(_RELEASE))
