"""All that is kept about one telephone number, and its erasure (AVG art. 15 and 17).

A number stands in columns of its own, and may stand in texts in any notation. Columns are searched by index, and so are
texts with a digit in them; no call waits for it. Each look is a row in the audit log, with no more of the number than
its last two digits.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ari_app.core.access import Scope
from ari_app.core.numbers import E164
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.rows import REQUEST_MAY_HOLD_NUMBER, TRANSFER_MAY_HOLD_NUMBER, WRAP_UP_MAY_HOLD_NUMBER
from ari_app.storage.db.scopes import scope_codes
from ari_app.storage.retention.batches import HAS_PERSONAL

#: the longest that looking through one table may take
SECONDS = 1800.0

# The parameters are the number, a regular expression of its digits, and the municipalities or null.
_ASKED = "WITH asked AS NOT MATERIALIZED (SELECT $1::text AS number, $2::text AS digits, $3::text[] AS codes)"
_SCOPE = "(asked.codes IS NULL OR {0} = ANY (asked.codes))"


def _holds(column: str) -> str:
    return f"{column} ~ asked.digits"


def _fact_holds(fact: str) -> str:
    pairs = f"jsonb_each_text({fact}.detail) AS pair (name, value)"
    return f"EXISTS (SELECT FROM {pairs} WHERE starts_with(name, 'pii_') AND {_holds('value')})"


def _contents(table: str, *columns: str) -> str:
    pairs = ", ".join(f"'{column}', {table}.{column}" for column in columns)
    return f"jsonb_build_object({pairs}) AS contents"


def _facts(table: str, owner: str, of: str, number: str) -> str:
    """Whatever is personal in the facts of the person's own calls or requests, and each fact that holds the number."""
    chosen = f"SELECT fact.{of} AS owner, fact.seq FROM asked, {table} fact"
    return (
        f"{chosen} JOIN {owner} ON {owner}.id = fact.{of}"
        f" WHERE {owner}.{number} = asked.number AND {HAS_PERSONAL.format('fact')}"
        f" UNION {chosen} WHERE {HAS_PERSONAL.format('fact')} AND {_fact_holds('fact')}"
    )


# Each arm of a UNION goes by an index; one condition with all of them would read every row.
_TRANSFERS = f"""
SELECT transfer.id FROM asked, transfer
WHERE ({TRANSFER_MAY_HOLD_NUMBER})
  AND (transfer.pii_to_number = asked.number OR {_holds("transfer.pii_subject")})
UNION SELECT transfer.id FROM asked, call JOIN transfer ON transfer.call_id = call.id
WHERE call.pii_caller_number = asked.number AND transfer.pii_subject <> ''"""
_WRAP_UPS = f"""
SELECT wrap_up.call_id, wrap_up.operator FROM asked, call_wrap_up wrap_up
WHERE ({WRAP_UP_MAY_HOLD_NUMBER}) AND {_holds("wrap_up.pii_note")}
UNION SELECT wrap_up.call_id, wrap_up.operator FROM asked, call JOIN call_wrap_up wrap_up ON wrap_up.call_id = call.id
WHERE call.pii_caller_number = asked.number AND wrap_up.pii_note <> ''"""
_REQUESTS = f"""
SELECT request.id FROM asked, callback_request request WHERE request.pii_number = asked.number
UNION SELECT request.id FROM asked, callback_request request
WHERE ({REQUEST_MAY_HOLD_NUMBER})
  AND ({_holds("request.pii_note")} OR {_holds("request.pii_close_reason")})"""
_WRITTEN = {
    "call": f"""
SELECT call.id::text AS key, call.municipality, call.arrived_at AS at, call.ended_at IS NULL AS is_open,
  {_contents("call", "pii_caller_number", "pii_callback_number")}
FROM asked, call WHERE {_SCOPE.format("call.municipality")}
  AND (call.pii_caller_number = asked.number OR call.pii_callback_number = asked.number)
ORDER BY call.arrived_at""",
    "call_fact": f"""
SELECT fact.call_id || ' ' || fact.seq AS key, call.municipality, fact.at, call.ended_at IS NULL AS is_open,
  fact.detail AS contents, chosen.owner, chosen.seq
FROM ({_facts("call_fact", "call", "call_id", "pii_caller_number")}) chosen
JOIN call_fact fact ON fact.call_id = chosen.owner AND fact.seq = chosen.seq JOIN call ON call.id = chosen.owner, asked
WHERE {_SCOPE.format("call.municipality")} ORDER BY fact.at, fact.call_id, fact.seq""",
    "transfer": f"""
SELECT transfer.call_id || ' ' || transfer.number AS key, call.municipality, transfer.requested_at AS at,
  call.ended_at IS NULL AS is_open, {_contents("transfer", "pii_to_number", "pii_subject")}
FROM ({_TRANSFERS}) chosen JOIN transfer ON transfer.id = chosen.id JOIN call ON call.id = transfer.call_id, asked
WHERE {_SCOPE.format("call.municipality")} ORDER BY transfer.requested_at""",
    "call_wrap_up": f"""
SELECT wrap_up.call_id || ' ' || wrap_up.operator AS key, call.municipality, wrap_up.saved_at AS at,
  call.ended_at IS NULL AS is_open, {_contents("wrap_up", "pii_note")}
FROM ({_WRAP_UPS}) chosen JOIN call_wrap_up wrap_up USING (call_id, operator) JOIN call ON call.id = wrap_up.call_id,
  asked
WHERE {_SCOPE.format("call.municipality")} ORDER BY wrap_up.saved_at""",
    "callback_request": f"""
SELECT request.reference AS key, request.municipality, request.created_at AS at, request.closed_at IS NULL AS is_open,
  {_contents("request", "pii_number", "pii_note", "pii_close_reason")}
FROM ({_REQUESTS}) chosen JOIN callback_request request ON request.id = chosen.id, asked
WHERE {_SCOPE.format("request.municipality")} ORDER BY request.created_at""",
    "callback_fact": f"""
SELECT request.reference || ' ' || fact.seq AS key, request.municipality, fact.at,
  request.closed_at IS NULL AS is_open, fact.detail AS contents, chosen.owner, chosen.seq
FROM ({_facts("callback_fact", "callback_request", "request_id", "pii_number")}) chosen
JOIN callback_fact fact ON fact.request_id = chosen.owner AND fact.seq = chosen.seq
JOIN callback_request request ON request.id = chosen.owner, asked
WHERE {_SCOPE.format("request.municipality")} ORDER BY fact.at, fact.request_id, fact.seq""",
    "directory_entry": f"""
SELECT entry.code AS key, entry.municipality, NULL::timestamptz AS at, false AS is_open,
  {_contents("entry", "pii_number")}
FROM asked, directory_entry entry WHERE {_SCOPE.format("entry.municipality")} AND entry.pii_number = asked.number
ORDER BY entry.code""",
    "team_contact": f"""
SELECT contact.team || ' ' || contact.audience AS key, NULL::text AS municipality, NULL::timestamptz AS at,
  false AS is_open, {_contents("contact", "pii_email", "pii_phone")}
FROM asked, team_contact contact
WHERE (asked.codes IS NULL OR EXISTS (SELECT FROM team_municipality served WHERE served.team = contact.team
    AND served.municipality = ANY (asked.codes)))
  AND (contact.pii_phone = asked.number OR {_holds("contact.pii_email")})
ORDER BY contact.team, contact.audience""",
}
_AREA = ("directory_entry", "team_contact")
_FUNCTIONS = {"call_fact": "erase_from_call_facts", "callback_fact": "erase_from_callback_facts"}
# What a text says of somebody cannot be cut out of it: a text that holds the number goes whole. Transfers and
# wrap-ups come before calls, whose numbers tell which of them are meant.
_EMPTIED = (
    f"""
UPDATE transfer SET pii_to_number = CASE WHEN pii_to_number = asked.number THEN NULL ELSE pii_to_number END,
  pii_subject = CASE WHEN call.pii_caller_number = asked.number OR {_holds("pii_subject")} THEN ''
    ELSE pii_subject END
FROM asked, call WHERE transfer.id IN ({_TRANSFERS})
  AND call.id = transfer.call_id AND call.ended_at IS NOT NULL AND {_SCOPE.format("call.municipality")}""",
    f"""
UPDATE call_wrap_up SET pii_note = '' FROM asked, call
WHERE (call_wrap_up.call_id, call_wrap_up.operator) IN ({_WRAP_UPS})
  AND call.id = call_wrap_up.call_id AND call.ended_at IS NOT NULL AND {_SCOPE.format("call.municipality")}""",
    f"""
UPDATE call SET pii_caller_number = CASE WHEN pii_caller_number = asked.number THEN NULL ELSE pii_caller_number END,
  pii_callback_number = NULL
FROM asked WHERE call.ended_at IS NOT NULL AND {_SCOPE.format("call.municipality")}
  AND (call.pii_caller_number = asked.number OR call.pii_callback_number = asked.number)""",
    f"""
UPDATE callback_request request SET
  pii_note = CASE WHEN pii_number = asked.number OR {_holds("pii_note")} THEN '' ELSE pii_note END,
  pii_close_reason = CASE WHEN pii_number = asked.number OR {_holds("pii_close_reason")} THEN NULL
    ELSE pii_close_reason END,
  pii_number = CASE WHEN pii_number = asked.number THEN '' ELSE pii_number END
FROM asked WHERE request.id IN ({_REQUESTS}) AND request.closed_at IS NOT NULL
  AND {_SCOPE.format("request.municipality")}""",
)
# How many pages a summary leaves to read, Postgres guesses from the order of numbers in the table, which is chance: it
# may read all of a year instead.
_BY_INDEX = "SET LOCAL enable_seqscan = off"
_PROVE = "INSERT INTO erasure (kind, municipality, rows_count, until_at, erased_at) VALUES ('person', $1, $2, $3, $3)"


class ErasureRefused(InputRefused):
    """Something about this number goes on, or is the municipality's own; the text says what to do first."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One row that holds something about the number. `key` is how people name it; `at` None: it is of the area."""

    table: str
    key: str
    municipality: str | None
    at: datetime | None
    is_open: bool
    pii_contents: Mapping[str, str] = field(repr=False)


async def list_person(pool: Pool, scope: Scope, number: E164, actor: str, now: datetime) -> list[Kept]:
    """All that is kept about a number in the scope, by table and time; the look is audited. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            found = [kept for kept, _ in await _find(connection, scope, number)]
            await record_deed(connection, now, actor, "person.list", _deed(scope, number, found))
    return found


async def erase_person(
    pool: Pool, scope: Scope, number: E164, reason: str, actor: str, now: datetime
) -> Mapping[str, int]:
    """Erase all of it in one transaction; returns rows by table. Rows of figures stay.

    Raises ErasureRefused, StoreUnavailable.
    """
    if _digits(number) in "".join(char for char in reason if char.isdecimal()):
        raise ErasureRefused("--reason holds the number, and is kept for years: say it without")
    asked = _parameters(number, scope)
    with translated():
        async with transaction(pool) as connection:
            rows = await _find(connection, scope, number)
            found = [kept for kept, _ in rows]
            _refuse_what_goes_on(found)
            for table, function in _FUNCTIONS.items():
                of = [row for kept, row in rows if kept.table == table]
                owners, seqs = [row["owner"] for row in of], [row["seq"] for row in of]
                await connection.execute(f"SELECT {function}($1, $2)", owners, seqs, timeout=SECONDS)
            for statement in _EMPTIED:
                await connection.execute(f"{_ASKED} {statement}", *asked, timeout=SECONDS)
            if found:
                await connection.execute(_PROVE, _one_code(scope), len(found), now)
            await record_deed(connection, now, actor, "person.erase", _deed(scope, number, found) | {"reason": reason})
    return Counter(kept.table for kept in found)


async def _find(connection: Connection, scope: Scope, number: E164) -> list[tuple[Kept, Mapping[str, Any]]]:
    asked = _parameters(number, scope)
    await connection.execute(_BY_INDEX)
    found: list[tuple[Kept, Mapping[str, Any]]] = []
    for table, statement in _WRITTEN.items():
        for row in await connection.fetch(f"{_ASKED} {statement}", *asked, timeout=SECONDS):
            contents = json.loads(row["contents"])
            personal = {name: str(text) for name, text in contents.items() if name.startswith("pii_") and text}
            found.append((Kept(table, row["key"], row["municipality"], row["at"], row["is_open"], personal), dict(row)))
    return found


def _parameters(number: E164, scope: Scope) -> tuple[str, str, list[str] | None]:
    """Of each statement. The digits match in any notation: with spaces, dashes or brackets between them."""
    return number, "[^0-9]*".join(_digits(number)), scope_codes(scope)


def _refuse_what_goes_on(found: Iterable[Kept]) -> None:
    """Raises ErasureRefused."""
    for kept in found:
        if kept.table.startswith("callback") and kept.is_open:
            reference = kept.key.partition(" ")[0]
            raise ErasureRefused(
                f"a promise is open: call back first, or close it with `ari-app callbacks close {reference} --reason …`"
            )
        if kept.is_open:
            raise ErasureRefused(f"call {kept.key.partition(' ')[0]} goes on; try again when it is over")
        if kept.table in _AREA:
            raise ErasureRefused(
                f"the number stands in the area itself ({kept.table} {kept.key}); take it out of the area file or the "
                "directory first, and import that"
            )


def _deed(scope: Scope, number: E164, found: Iterable[Kept]) -> dict[str, object]:
    code = _one_code(scope)
    deed: dict[str, object] = {"number_ends_in": number[-2:], "rows": dict(Counter(kept.table for kept in found))}
    return deed if code is None else deed | {"municipality": code}


def _one_code(scope: Scope) -> str | None:
    return next(iter(scope)) if scope is not None and len(scope) == 1 else None


def _digits(number: E164) -> str:
    """The digits that every notation of the number has: without the country's own for a Dutch one."""
    return number.removeprefix("+31").removeprefix("+")
