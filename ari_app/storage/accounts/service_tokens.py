"""Tokens of other programs: made, found, listed, ended. Each change is audited; the token itself is shown once."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from ari_app.core.access import Actor, ApiScope, Grant, Scope
from ari_app.core.ids import (
    AccountId,
    MunicipalityCode,
    OperatorNumber,
    ServiceTokenId,
    new_service_token_id,
    optional,
)
from ari_app.storage.accounts.tokens import digest, new_token
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import reading, scope_codes, set_scope

LONGEST_LIFE = timedelta(days=1096)
MOST_PER_MINUTE = 600
#: used_at is written at most so often
USED_AFTER = timedelta(hours=1)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")

_COLUMNS = "id, name, scopes, municipalities, operator, most_per_minute, created_by, created_at, expires_at, used_at"
_ADD = """
INSERT INTO service_token (id, token_hash, name, scopes, municipalities, operator, most_per_minute, created_by,
  created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (name) DO NOTHING RETURNING id"""
_UNKNOWN = """
SELECT asked.code FROM unnest($1::text[]) AS asked (code)
WHERE NOT EXISTS (SELECT FROM municipality one WHERE one.code = asked.code)"""
_IS_OPERATOR = "SELECT EXISTS (SELECT FROM operator WHERE number = $1)"
_ALIVE = "ended_at IS NULL AND expires_at > $2"
_FIND = f"SELECT {_COLUMNS} FROM service_token WHERE token_hash = $1 AND {_ALIVE}"
_IS_ALIVE = f"SELECT EXISTS (SELECT FROM service_token WHERE id = $1 AND {_ALIVE})"
_USED = "UPDATE service_token SET used_at = $2 WHERE id = $1"
_LIST = f"SELECT {_COLUMNS} FROM service_token WHERE ended_at IS NULL ORDER BY name"
_END = """
UPDATE service_token SET ended_at = $2, ended_by = $3 WHERE name = $1 AND ended_at IS NULL RETURNING id"""


class TokenRefused(InputRefused):
    """A token that makes no sense; the text is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """A token that was not ended, without its secret. `used_at`: a program used it then, or in the hour after."""

    id: ServiceTokenId
    name: str
    scopes: frozenset[ApiScope]
    municipalities: Scope
    operator: OperatorNumber | None
    most_per_minute: int
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None

    @property
    def actor(self) -> Actor:
        grants = tuple(Grant(scope, self.municipalities) for scope in sorted(self.scopes))
        return Actor(AccountId(self.id), self.name, self.name, self.operator, grants)


async def add_token(
    pool: Pool,
    name: str,
    scopes: Collection[ApiScope],
    municipalities: Scope,
    author: str,
    now: datetime,
    *,
    lasts: timedelta,
    operator: OperatorNumber | None = None,
    most_per_minute: int = MOST_PER_MINUTE,
) -> str:
    """The token, which nobody can show again. Raises TokenRefused, StoreUnavailable."""
    if _NAME.fullmatch(name) is None:
        raise TokenRefused("a token's name has small letters, digits and .-_, and at most 60 of them")
    if not scopes:
        raise TokenRefused("a token is for something: give it one scope or more")
    if not timedelta() < lasts <= LONGEST_LIFE:
        raise TokenRefused(f"a token lasts for at most {LONGEST_LIFE.days} days")
    token, found, codes = new_token(), new_service_token_id(), scope_codes(municipalities)
    expires_at = now + lasts
    detail = {
        "token": name,
        "scopes": sorted(scopes),
        "municipalities": codes,
        "operator": operator,
        "expires_at": expires_at.isoformat(),
    }
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, None)
            await _require_known(connection, codes, operator)
            values = (sorted(scopes), codes, operator, most_per_minute, author, now, expires_at)
            if await connection.fetchval(_ADD, found, digest(token), name, *values) is None:
                raise TokenRefused(f"there is, or was, a token {name}: give this one another name, for the audit log")
            await record_deed(connection, now, author, "token.add", detail)
    return token


async def find_token(pool: Pool, token: str, now: datetime) -> ServiceToken | None:
    """None: there is none, it was ended, or it has expired. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            row = await connection.fetchrow(_FIND, digest(token), now)
        if row is None:
            return None
        found = _token(row)
        if found.used_at is None or now - found.used_at > USED_AFTER:
            async with transaction(pool) as connection:
                await set_scope(connection, None)
                await connection.execute(_USED, found.id, now)
    return found


async def token_lives(pool: Pool, token: ServiceTokenId, now: datetime) -> bool:
    """Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            return bool(await connection.fetchval(_IS_ALIVE, token, now))


async def list_tokens(pool: Pool) -> list[ServiceToken]:
    """Those that were not ended, expired ones included, by name. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            return [_token(row) for row in await connection.fetch(_LIST)]


async def end_token(pool: Pool, name: str, author: str, now: datetime) -> bool:
    """Programs that carry it are refused from now on. False: there is no such one. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            if await connection.fetchval(_END, name, now, author) is None:
                return False
            await record_deed(connection, now, author, "token.end", {"token": name})
    return True


async def _require_known(connection: Connection, codes: list[str] | None, operator: OperatorNumber | None) -> None:
    unknown = [row["code"] for row in await connection.fetch(_UNKNOWN, codes or [])]
    if unknown:
        raise TokenRefused(f"the area has no municipality {', '.join(unknown)}")
    if operator is not None and not await connection.fetchval(_IS_OPERATOR, operator):
        raise TokenRefused(f"the area has no operator {operator}")


def _token(row: Named) -> ServiceToken:
    codes = row["municipalities"]
    known = {scope.value for scope in ApiScope}
    return ServiceToken(
        ServiceTokenId(row["id"]),
        row["name"],
        frozenset(ApiScope(scope) for scope in row["scopes"] if scope in known),
        None if codes is None else frozenset(map(MunicipalityCode, codes)),
        optional(OperatorNumber, row["operator"]),
        row["most_per_minute"],
        row["created_by"],
        row["created_at"],
        row["expires_at"],
        row["used_at"],
    )
