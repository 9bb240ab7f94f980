"""The rights that a role has beyond those that `serve` needs."""

from __future__ import annotations

from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated

#: rows that nobody changes any more
APPEND_ONLY = (
    "call_fact",
    "call_script",
    "callback_fact",
    "transfer_allowance",
    "audit_log",
    "erasure",
    "measure_definition",
)

_EXCESS = """
SELECT rolsuper AS "is a superuser", rolcreaterole OR rolcreatedb AS "may make roles or databases",
  has_schema_privilege('public', 'CREATE') AS "may make tables",
  EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner = pg_roles.oid)
    AS "owns tables",
  EXISTS (SELECT FROM unnest($1::text[]) AS facts (name)
    WHERE has_table_privilege(facts.name, 'UPDATE, DELETE, TRUNCATE')) AS "may change facts"
FROM pg_roles WHERE rolname = current_user"""


async def rights_in_excess(pool: Pool) -> list[str]:
    """The rights that the role of these connections has and does not need, in words. Raises StoreUnavailable."""
    with translated():
        row = await pool.fetchrow(_EXCESS, list(APPEND_ONLY))
    return [] if row is None else [words for words, has in row.items() if has]
