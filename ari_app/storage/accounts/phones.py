"""The phones in pages, as rows: whose they are, and which of them Asterisk has to be given or has to forget."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ari_app.core.access import Action, Actor, may
from ari_app.core.browser_phones import PhoneAccount
from ari_app.core.ids import AsteriskId, OperatorNumber, WebSessionId, optional
from ari_app.storage.accounts.sessions import ALIVE, living_in_slices
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named

_OF = """
FROM web_phone phone JOIN web_session session ON session.id = phone.session
JOIN account ON account.id = session.account"""
_IS_ALIVE = f"(NOT session.waits_for_code AND {ALIVE})"
# One page of a login after the other, also when none of them has a row yet: the later has the phone, and gets the name
# of the earlier, whose account nobody else would take out of Asterisk.
_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('web_phone ' || $1::text, 0))"
_BEFORE = "SELECT name FROM web_phone WHERE session = $1 AND name <> $2"
_OPEN = f"""
INSERT INTO web_phone (session, name, digest, node, made_at)
SELECT session.id, $2, $3, $4, $5 FROM web_session session JOIN account ON account.id = session.account
WHERE session.id = $1 AND account.operator = $6 AND {_IS_ALIVE.format(now="$5")}
ON CONFLICT (session) DO UPDATE SET name = $2, digest = $3, node = $4, made_at = $5, pushed_at = NULL
RETURNING name"""
_PUSHED = "UPDATE web_phone SET pushed_at = $2 WHERE name = $1"
_NOT_PUSHED = "UPDATE web_phone SET pushed_at = NULL WHERE node = $1"
_LIVING = f"SELECT phone.session, phone.name, phone.digest {_OF} WHERE phone.node = $1 AND {_IS_ALIVE.format(now='$2')}"
_ALL = f"SELECT phone.session, phone.name, account.operator {_OF} WHERE phone.node = $1"
_FORGET = "DELETE FROM web_phone WHERE name = ANY ($1)"
#: of whom a call is; run by the ledger
OPERATOR_AT = f"SELECT account.operator {_OF} WHERE phone.name = $1 AND {_IS_ALIVE.format(now='$2')}"
_NAMES = """
SELECT session, name FROM web_phone WHERE session = ANY ($1::uuid[]) AND node = $2 AND pushed_at IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class EndedPhone:
    """A phone whose login is over. `operator`: who is at work at it, if anybody is."""

    name: str
    operator: OperatorNumber | None


async def open_phone(
    pool: Pool, account: PhoneAccount, node: AsteriskId, operator: OperatorNumber, now: datetime
) -> str | None:
    """Let the page of a living login of this operator be a phone; None: there is no such login.

    Returns the name that this login's phone had before, empty when it had none. Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            await connection.execute(_TURN, str(account.session))
            before = await connection.fetchval(_BEFORE, account.session, account.name)
            is_open = await connection.fetchval(
                _OPEN, account.session, account.name, account.digest, node, now, operator
            )
    return (before or "") if is_open is not None else None


async def is_pushed(pool: Pool, name: str, at: datetime) -> None:
    """Asterisk has this phone now: the relay lets it in. Raises StoreUnavailable."""
    with translated():
        await pool.execute(_PUSHED, name, at)


async def none_is_pushed(pool: Pool, node: AsteriskId) -> None:
    """The Asterisk of this node may know no phone: none is let in until it was given to it. Raises StoreUnavailable."""
    with translated():
        await pool.execute(_NOT_PUSHED, node)


async def living_phones(pool: Pool, node: AsteriskId, now: datetime) -> list[PhoneAccount]:
    """Raises StoreUnavailable."""
    with translated():
        rows: Sequence[Named] = await pool.fetch(_LIVING, node, now)
    return [PhoneAccount(WebSessionId(row["session"]), row["name"], row["digest"]) for row in rows]


async def ended_phones(pool: Pool, node: AsteriskId, now: datetime) -> list[EndedPhone]:
    """Those that Asterisk has to forget: their login is over, or may be no phone any more. Raises StoreUnavailable."""
    with translated():
        rows: Sequence[Named] = await pool.fetch(_ALL, node)
    living = await living_in_slices(pool, [WebSessionId(row["session"]) for row in rows], now)
    return [
        EndedPhone(row["name"], optional(OperatorNumber, row["operator"]))
        for row in rows
        if not _may_be_phone(living.get(WebSessionId(row["session"])), row["operator"])
    ]


def _may_be_phone(actor: Actor | None, operator: str | None) -> bool:
    return actor is not None and actor.operator == operator and may(actor, Action.OWN_STATE)


async def forget_phones(pool: Pool, names: Collection[str]) -> None:
    """Asterisk has forgotten them. Raises StoreUnavailable."""
    with translated():
        await pool.execute(_FORGET, list(names))


async def phone_names(pool: Pool, sessions: Collection[WebSessionId], node: AsteriskId) -> Mapping[WebSessionId, str]:
    """The names of the phones that Asterisk has, by login; a login that is over may still be among them.

    Raises StoreUnavailable.
    """
    with translated():
        rows: Sequence[Named] = await pool.fetch(_NAMES, list(sessions), node)
    return {WebSessionId(row["session"]): str(row["name"]) for row in rows}
