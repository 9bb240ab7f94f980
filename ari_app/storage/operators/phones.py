"""The phones of an operator: those on which they have proven with a PIN who they are."""

from __future__ import annotations

from ari_app.core.access import Scope
from ari_app.core.ids import Endpoint, OperatorNumber
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading

_LAST_LOGINS = 200
_LAST = f"""
SELECT endpoint, max(logged_in_at) AS last_at FROM (
  SELECT endpoint, logged_in_at FROM operator_session WHERE operator = $1
  ORDER BY logged_in_at DESC LIMIT {_LAST_LOGINS}
) logins WHERE endpoint IS NOT NULL AND endpoint !~ '^PJSIP/web-[0-9a-f]{{32}}$'
GROUP BY endpoint ORDER BY last_at DESC"""


async def phones_within(pool: Pool, operator: OperatorNumber, scope: Scope) -> list[Endpoint]:
    """Where this operator logged in lately; the phone of the last time is the first. Of one outside the scope none.

    Pages that were a phone are not among them: none of them can be rung.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope) as connection:
            return [Endpoint(row["endpoint"]) for row in await connection.fetch(_LAST, operator)]
