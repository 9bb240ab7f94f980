"""The audit log as people read it: who looked at what, and changed what. Within the scope of the deed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ari_app.core.access import Scope
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import json_detail
from ari_app.storage.db.scopes import reading, scope_codes


@dataclass(frozen=True, slots=True)
class Deed:
    """One row. `actor`: an account, a program (`service:`), or the name that somebody gave at a terminal.

    `is_own`: all that it was about is of the scope. Else it was about somebody who is of other municipalities too, and
    what was said of it is not for the reader; nor is the actor, unless `actor_is_known`: has a role for the scope, or
    is a token for nothing beyond it.
    """

    id: int
    at: datetime
    actor: str
    action: str
    detail: Mapping[str, Any]
    is_own: bool = True
    actor_is_known: bool = True


@dataclass(frozen=True, slots=True)
class DeedsAsked:
    """`who`: a login, or the name of a token, at a terminal, or of a provider; in small letters. `actions`: whole ones,
    or the words before the full stop of them; empty: all. `before`: the last row of the page that was read before this
    one.
    """

    since: datetime | None = None
    until: datetime | None = None
    who: str | None = None
    actions: tuple[str, ...] = ()
    before: tuple[datetime, int] | None = None


_OWN = "coalesce($1::text[] IS NULL OR municipalities <@ $1, false)"
_KNOWN = """CASE WHEN $1::text[] IS NULL THEN true
  WHEN actor LIKE 'service:%' THEN EXISTS (SELECT FROM service_token token
    WHERE token.name = substr(actor, 9) AND token.municipalities <@ $1)
  ELSE NOT EXISTS (SELECT FROM account WHERE login = regexp_replace(actor, '^account:', ''))
    OR EXISTS (SELECT FROM account JOIN account_role given ON given.account = account.id
      LEFT JOIN team_municipality served ON served.team = given.team
      WHERE account.login = regexp_replace(actor, '^account:', '') AND (given.municipality = ANY ($1)
        OR served.municipality = ANY ($1) OR (given.municipality = '' AND given.team = ''))) END"""
# The view is the second wall: it knows the scope that the transaction names. Whoever may not know the actor of a row
# does not find it by the actor either.
_DEEDS = f"""
SELECT id, at, actor, action, detail, {_OWN} AS is_own, {_KNOWN} AS actor_is_known
FROM audit_entry
WHERE ($1::text[] IS NULL OR municipalities && $1)
  AND at >= coalesce($2::timestamptz, '-infinity') AND at < coalesce($3::timestamptz, 'infinity')
  AND ($4::text IS NULL OR (
    lower(actor) IN ($4, 'account:' || $4, 'service:' || $4, 'console:' || $4, 'provider:' || $4)
    AND ({_OWN} OR {_KNOWN})))
  AND (cardinality($5::text[]) = 0 OR action = ANY ($5) OR split_part(action, '.', 1) = ANY ($5))
  AND ($6::timestamptz IS NULL OR (at, id) < ($6, $7::bigint))
ORDER BY at DESC, id DESC LIMIT $8"""


async def list_deeds(pool: Pool, scope: Scope, asked: DeedsAsked, *, limit: int = 50) -> list[Deed]:
    """The newest first. Raises StoreUnavailable."""
    at, last = asked.before or (None, None)
    values = (scope_codes(scope), asked.since, asked.until, asked.who, list(asked.actions), at, last, limit)
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_DEEDS, *values)
    return [Deed(**{**row, "detail": json_detail(row["detail"])}) for row in rows]
