"""Two changes of one account at the same moment, over two connections: one waits for the other, and never both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from ari_app.core.access import Actor
from ari_app.core.accounts import Account
from ari_app.core.ids import AccountId, WebSessionId
from ari_app.storage.accounts.changes import account_in, link_in, lock_in, one_at_a_time
from ari_app.storage.accounts.logins import Candidate, candidate, log_in, log_in_by_provider, use_link
from ari_app.storage.accounts.passkeys import add_passkey, known_passkey, use_passkey
from ari_app.storage.accounts.provider_logouts import end_logged_out
from ari_app.storage.accounts.second_factor import SecondFactor, set_factor
from ari_app.storage.accounts.sessions import end_idle_sessions, find_session
from ari_app.storage.accounts.store import new_link
from ari_app.storage.accounts.subjects import link_in as name_subject
from ari_app.storage.accounts.tokens import digest, new_token
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Database
from ari_app.storage.db.roles import WEB
from tests.jobs.account_town import NOW, account, with_administrators
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role
from tests.storage.values import eventually

pytestmark = pytest.mark.postgres

ISSUER = "https://login.example"
# A row that somebody else has in hand is waited for by the number of that one's transaction, which is in no database.
_WAITING = """
SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (
  SELECT pid FROM pg_stat_activity WHERE datname = current_database())"""
Step = Callable[[], Awaitable[object]]


class Anna:
    """An account with whatever can be changed of it; `web`: the database as the pages have it."""

    def __init__(self, database: Database, web: Database, judged: Candidate, link: str) -> None:
        self.database, self.web, self.judged, self.link = database, web, judged, link

    @property
    def actor(self) -> Actor:
        return self.judged.actor

    @property
    def id(self) -> AccountId:
        return self.actor.account

    async def is_of_provider(self) -> None:
        await self.database.pool.execute(
            "INSERT INTO account_subject (account, issuer, subject) VALUES ($1, $2, '4f1')", self.id, ISSUER
        )

    async def waits(self) -> WebSessionId:
        """The login that waits for a code."""
        token = await log_in(self.web.pool, self.judged, "Firefox", NOW, waits_for_code=True)
        assert token is not None
        found = await find_session(self.web.pool, token, NOW)
        assert found is not None
        return found.session.id

    async def has_passkey(self) -> None:
        token = await log_in(self.web.pool, self.judged, "Firefox", NOW, waits_for_code=False)
        assert token is not None
        found = await find_session(self.web.pool, token, NOW)
        assert found is not None
        assert await add_passkey(self.web.pool, self.actor, found.session.id, b"key", b"public", 0, "laptop", NOW)


@pytest.fixture
async def anna(database_url: str) -> AsyncIterator[Anna]:
    async with with_administrators(database_url) as database, Database(as_role(database_url, WEB)) as web:
        link = await new_link(database.background, "anna", "test", NOW)
        found = await candidate(web.pool, "anna")
        assert found is not None
        yield Anna(database, web, found, link)


async def uses_link(anna: Anna) -> Step:
    return lambda: use_link(anna.web.pool, anna.link, anna.actor, "a hash", None, "Firefox", NOW)


async def gave_password(anna: Anna) -> Step:
    await anna.database.pool.execute("UPDATE account SET password_hash = 'a hash' WHERE login = 'anna'")
    judged = await candidate(anna.web.pool, "anna")
    assert judged is not None
    return lambda: log_in(anna.web.pool, judged, "Firefox", NOW, waits_for_code=False)


async def comes_from_provider(anna: Anna) -> Step:
    await anna.is_of_provider()
    return lambda: log_in_by_provider(anna.web.pool, anna.actor, ISSUER, "4f1", None, "Firefox", NOW)


async def sets_factor(anna: Anna) -> Step:
    waiting = await anna.waits()
    await anna.database.pool.execute(
        "UPDATE account SET sets_factor_until = $1 WHERE login = 'anna'", NOW + timedelta(days=1)
    )
    factor = SecondFactor("JBSWY3DPEHPK3PXP", 1, ("code",))
    return lambda: set_factor(anna.web.pool, waiting, anna.actor, factor, "Firefox", NOW)


async def uses_passkey(anna: Anna) -> Step:
    await anna.has_passkey()
    known = await known_passkey(anna.web.pool, b"key")
    assert known is not None
    return lambda: use_passkey(anna.web.pool, known, 0, "Firefox", NOW)


async def uses_passkey_after_password(anna: Anna) -> Step:
    await anna.has_passkey()
    waiting, known = await anna.waits(), await known_passkey(anna.web.pool, b"key")
    assert known is not None
    return lambda: use_passkey(anna.web.pool, known, 0, "Firefox", NOW, waiting)


async def reset(connection: Connection, found: Account) -> None:
    await link_in(connection, found, digest(new_token()), None, "test", NOW)


async def lock(connection: Connection, found: Account) -> None:
    await lock_in(connection, found, "test", NOW)


async def is_anothers(connection: Connection, found: Account) -> None:
    await name_subject(connection, found, ISSUER, "another", None, "test", NOW)


RESET = [gave_password, uses_link, sets_factor, uses_passkey, uses_passkey_after_password]


@pytest.mark.parametrize(
    ("step", "change"),
    [(step, reset) for step in RESET]
    + [(step, lock) for step in (*RESET, comes_from_provider)]
    + [(comes_from_provider, is_anothers)],
)
async def test_given_a_change_that_goes_on_when_somebody_logs_in_then_they_wait_and_nobody_gets_in(
    anna: Anna, step: Callable[[Anna], Awaitable[Step]], change: Callable[[Connection, Account], Awaitable[None]]
) -> None:
    work = await step(anna)

    async def is_waiting() -> bool:
        return bool(await anna.database.background.fetchval(_WAITING))

    async with transaction(anna.database.pool) as connection:
        await one_at_a_time(connection)
        found = await account_in(connection, anna.id)
        assert found is not None
        logging_in = asyncio.create_task(asyncio.wait_for(work(), PATIENCE_SECONDS))
        await eventually(is_waiting)
        await change(connection, found)
    assert await logging_in is None, "what it would have logged in with was gone by then"
    open_now = "SELECT count(*) FROM web_session WHERE account = $1 AND ended_at IS NULL"
    assert await anna.database.pool.fetchval(open_now, anna.id) == 0


async def test_given_old_logins_of_others_in_hand_when_somebody_logs_in_then_they_do_not_wait(anna: Anna) -> None:
    """Rows that are removed, or written down as over, are others': whoever has them in hand keeps nobody."""
    long_ago = NOW - timedelta(days=40)
    for login in ("wim", "otto"):
        other = await account(anna.database, login)
        await anna.database.pool.execute(
            """INSERT INTO web_session (id, token_hash, account, created_at, last_seen_at, agent)
            VALUES ($1, $2, $3, $4, $4, 'x')""",
            uuid4(),
            login.encode(),
            other.id,
            long_ago,
        )
    async with transaction(anna.database.pool) as connection:
        await connection.execute("UPDATE web_session SET agent = 'y' WHERE token_hash = 'wim'")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await log_in(anna.web.pool, anna.judged, "Firefox", NOW, waits_for_code=False)
            await end_idle_sessions(anna.web.pool, NOW)
    left = "SELECT convert_from(token_hash, 'UTF8') FROM web_session WHERE agent IN ('x', 'y')"
    assert await anna.database.pool.fetchval(left) == "wim", "the other one is gone"


async def test_given_a_reset_that_goes_on_when_the_provider_logs_somebody_out_then_it_waits_for_the_account(
    anna: Anna,
) -> None:
    await anna.is_of_provider()
    for _ in range(2):
        await log_in_by_provider(anna.web.pool, anna.actor, ISSUER, "4f1", None, "Firefox", NOW)

    async def is_waiting() -> bool:
        return bool(await anna.database.background.fetchval(_WAITING))

    async with transaction(anna.database.pool) as connection:
        found = await account_in(connection, anna.id)
        assert found is not None
        ending = asyncio.create_task(
            asyncio.wait_for(end_logged_out(anna.web.pool, ISSUER, "jti", "4f1", None, NOW), PATIENCE_SECONDS)
        )
        await eventually(is_waiting)
        # None of the logins is in its hands: all of them are ended here without waiting.
        await connection.execute("SELECT FROM web_session WHERE account = $1 FOR UPDATE NOWAIT", anna.id)
        await link_in(connection, found, digest(new_token()), None, "test", NOW)
    assert await ending == 0
