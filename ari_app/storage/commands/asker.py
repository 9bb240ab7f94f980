"""Asking a controller to do something, and waiting for its answer.

async with Answers(url) as answers:                     # one for all that a process asks
    answer = await ask(pool, AskedCommand(BeReady(), operator), actor="account:7", scope=scope, answers=answers)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

from ari_app.core.access import Scope
from ari_app.core.commands import AskedCommand, What
from ari_app.core.ids import CallId, CommandId, OperatorNumber, RequestId, optional
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operator_commands import Answer, RefusalReason, Refused, Unanswered
from ari_app.core.state_commands import LogIn, OpenPhone
from ari_app.core.supervisor_commands import UnlockPin
from ari_app.storage.commands.codec import decoded_answer, encoded
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.feed import CommandAnswered, Feed, Resync
from ari_app.storage.db.notifications import ANSWER_CHANNEL, COMMAND_CHANNEL
from ari_app.storage.db.scopes import reading, scope_codes, set_scope

EXPIRES_IN = timedelta(seconds=5)
#: A controller acts on a command only when it had it within two seconds of its trying, and tries none that expired: one
#: that nobody has so long after its end was carried out by nobody (`storage.commands.claims`).
SURE_AFTER_SECONDS = 3.0
#: A call's task answers within five seconds of being asked, or nobody knows; and then that has to be stored.
LONGEST_SECONDS = 10.0
#: with a listener the row is read only in case a notification was lost
LOOK_SECONDS = 1.0
LOOK_WITHOUT_LISTENER_SECONDS = 0.03

#: about the caller whom the operator has, when no call is named
_OF_A_CALL = frozenset(
    {
        What.HOLD,
        What.TRANSFER,
        What.TRANSFER_TO_QUEUE,
        What.SWAP,
        What.CONFERENCE,
        What.COMPLETE,
        What.CANCEL,
        What.PUT_DOWN,
        What.WRAP_UP,
        What.CHOOSE_SCRIPT,
        What.PROMISE_CALLBACK,
        What.MARK_CALLBACK,
        What.CLOSE_REQUEST,
        What.ASK_ALLOWANCE,
    }
)
#: about an operator who need not be logged in
_WITHOUT_LOGIN = frozenset({What.LOG_IN, What.OPEN_PHONE, What.WRAP_UP, What.CHOOSE_SCRIPT, What.UNLOCK_PIN})
# Node, login and municipality are read here, and not said by whoever asks. A phone is rung by the node at which its
# operator was logged in last, and a page is a phone at the node to which it is relayed.
_ASK = f"""
WITH asked AS (
INSERT INTO command (id, actor, node, operator, session_id, call_id, request_id, municipality, what, arguments,
  pii_arguments, asked_at, expires_at, account)
SELECT $1::uuid, $2::text,
  coalesce(CASE WHEN $6 = 'open_phone' THEN $7::jsonb ->> 'node' END, call.asterisk_id, session.asterisk_id,
    before.asterisk_id), $3::text, session.id,
  coalesce($4::uuid, CASE WHEN $11 THEN session.call_id END), $5::uuid,
  coalesce(call.municipality, request.municipality, $13::text), $6::text, $7::jsonb, $8::jsonb, now(),
  now() + $9::interval, $14::uuid
FROM (SELECT) one
LEFT JOIN operator_session session ON session.operator = $3 AND session.logged_out_at IS NULL
LEFT JOIN call ON call.id = coalesce($4::uuid, CASE WHEN $11::boolean THEN session.call_id END)
LEFT JOIN callback_request request ON request.id = $5
LEFT JOIN LATERAL (SELECT asterisk_id FROM operator_session past WHERE past.operator = $3
  ORDER BY past.logged_in_at DESC LIMIT 1) before ON $6 = 'log_in'
WHERE ($3 IS NULL OR session.id IS NOT NULL OR ($12::boolean AND EXISTS (SELECT FROM operator WHERE number = $3)))
AND ($13 IS NULL OR EXISTS (SELECT FROM municipality WHERE code = $13))
AND ($10::text[] IS NULL OR (
  ($3 IS NULL OR EXISTS (SELECT FROM operator_skill skill WHERE skill.operator = $3 AND skill.municipality = ANY ($10)))
  AND ($4 IS NULL OR call.municipality = ANY ($10) OR ($11 AND session.call_id = $4))
  AND ($5 IS NULL OR request.municipality = ANY ($10))
  AND ($13 IS NULL OR $13 = ANY ($10))))
ON CONFLICT (id) DO NOTHING
RETURNING coalesce(node, '*') AS node)
SELECT pg_notify('{COMMAND_CHANNEL}', node)::text FROM asked"""
_READ = """
SELECT answer, reason, details, claimed_at IS NULL AND now() > expires_at + $2::interval AS is_expired
FROM command WHERE id = $1"""
_IS_THE_SAME = """
SELECT FROM command WHERE id = $1 AND actor = $2 AND what = $3 AND operator IS NOT DISTINCT FROM $4
  AND ($5::uuid IS NULL OR call_id IS NOT DISTINCT FROM $5)
  AND request_id IS NOT DISTINCT FROM $6
  AND ($7::text IS NULL OR municipality IS NOT DISTINCT FROM $7) AND account IS NOT DISTINCT FROM $8
  AND arguments - 'link_digest' = $9::jsonb - 'link_digest'"""
_WAS_ASKED = "SELECT FROM command WHERE id = $1 AND actor = $2"
_REQUEST = "SELECT request_id FROM command WHERE id = $1 AND actor = $2"
_OPERATOR = "SELECT operator FROM command WHERE id = $1 AND actor = $2 AND call_id = $3"


class Answers:
    """Hears that commands were answered, for everybody in this process who asked; holds one connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: dict[CommandId, asyncio.Event] = {}
        self._listener: asyncio.Task[None] | None = None

    @contextmanager
    def of(self, command_id: CommandId) -> Iterator[asyncio.Event]:
        """Set when this command may have an answer; whoever waits clears it, and reads the row."""
        event = self._waiting.setdefault(command_id, asyncio.Event())
        try:
            yield event
        finally:
            self._waiting.pop(command_id, None)
            event.set()  # somebody else who repeated the command waits for it too

    async def _listen(self) -> None:
        async with Feed(self._url, (ANSWER_CHANNEL,)) as feed:
            async for heard in feed:
                match heard:
                    case CommandAnswered(command_id) if command_id in self._waiting:
                        self._waiting[command_id].set()
                    case Resync():
                        for event in self._waiting.values():
                            event.set()

    async def listening(self) -> None:
        """Ends when nobody hears answers any more: raises what the listener raised. Between enter and exit."""
        assert self._listener is not None, "between enter and exit"
        await asyncio.shield(self._listener)

    async def __aenter__(self) -> Self:
        self._listener = asyncio.create_task(self._listen(), name="answers")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)


async def ask(
    pool: Pool,
    asked: AskedCommand,
    *,
    actor: str,
    scope: Scope,
    expires_in: timedelta = EXPIRES_IN,
    answers: Answers | None = None,
) -> Answer:
    """Ask, and return the answer of the controller. May be cancelled: the command goes on.

    Asked again with the same id it is the same command, and has the same answer; something else under an id that is
    used is refused, but for what is personal, which is gone once a command is answered. Who or what is outside the
    scope does not exist, and nobody waits for an operator who is not logged in. `actor`: "account:…", "service:…" or
    "console:…"; that they may ask this is for their room to decide.
    Refused as expired when no controller took it in time; Unanswered when nobody knows whether it was carried out.
    Raises StoreUnavailable: it may have been asked, so ask again with the same id.
    """
    what, arguments, pii_arguments = encoded(asked.command)
    until = asyncio.get_running_loop().time() + expires_in.total_seconds() + SURE_AFTER_SECONDS + LONGEST_SECONDS
    look_seconds = LOOK_WITHOUT_LISTENER_SECONDS if answers is None else LOOK_SECONDS
    with nullcontext(asyncio.Event()) if answers is None else answers.of(asked.id) as heard:
        reason = await _write(pool, asked, what, arguments, pii_arguments, actor, scope, expires_in, heard)
        if reason is not None:
            return Refused(reason)
        return await _answer(pool, asked.id, scope, until, heard, look_seconds)


async def operator_asked(
    pool: Pool, scope: Scope, command_id: CommandId, actor: str, call_id: CallId
) -> OperatorNumber | None:
    """In whose name this very command was asked before; None: it is a new one. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            found = await connection.fetchval(_OPERATOR, command_id, actor, call_id)
    return optional(OperatorNumber, found)


async def request_asked(pool: Pool, scope: Scope, command_id: CommandId, actor: str) -> RequestId | None:
    """About which request to be called back this actor asked something under this id before; None: about none.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope) as connection:
            found = await connection.fetchval(_REQUEST, command_id, actor)
    return optional(RequestId, found)


async def was_asked(pool: Pool, scope: Scope, command_id: CommandId, actor: str) -> bool:
    """Whether this actor asked something under this id before: what was right then may be wrong by now.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope) as connection:
            return await connection.fetchrow(_WAS_ASKED, command_id, actor) is not None


async def _write(
    pool: Pool,
    asked: AskedCommand,
    what: What,
    arguments: str,
    pii_arguments: str | None,
    actor: str,
    scope: Scope,
    expires_in: timedelta,
    heard: asyncio.Event,
) -> RefusalReason | None:
    """None: there is such a command now, this very one; a controller is notified by the commit.

    `heard` is set for one that was there before: it may have its answer already.
    """
    about = (asked.operator, asked.call_id, asked.request_id)
    is_of_call, needs_no_login = what in _OF_A_CALL, what in _WITHOUT_LOGIN
    said = (what.value, arguments, pii_arguments, expires_in, scope_codes(scope), is_of_call, needs_no_login)
    of = (asked.municipality, asked.account)
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, scope)
            if await connection.fetchrow(_ASK, asked.id, actor, *about, *said, *of) is not None:
                return None
            if await _is_the_same(connection, asked, actor, what, arguments):
                heard.set()
                return None
            # Others' commands do not exist for this actor.
            was_asked = await connection.fetchrow(_WAS_ASKED, asked.id, actor) is not None
            return RefusalReason.OTHER_COMMAND if was_asked else _outside(asked)


async def _is_the_same(connection: Connection, asked: AskedCommand, actor: str, what: What, arguments: str) -> bool:
    # A link has a new token each time that a page is asked for it: the first one's is stored.
    about = (asked.operator, asked.call_id, asked.request_id, asked.municipality, asked.account)
    return await connection.fetchrow(_IS_THE_SAME, asked.id, actor, what.value, *about, arguments) is not None


async def _answer(
    pool: Pool, command_id: CommandId, scope: Scope, until: float, heard: asyncio.Event, look_seconds: float
) -> Answer:
    loop = asyncio.get_running_loop()
    wait_seconds = look_seconds
    while loop.time() < until:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await heard.wait()
        heard.clear()
        try:
            with translated():
                async with reading(pool, scope) as connection:
                    row = await connection.fetchrow(_READ, command_id, timedelta(seconds=SURE_AFTER_SECONDS))
        except StoreUnavailable:
            wait_seconds = LOOK_SECONDS
            continue
        wait_seconds = look_seconds
        if row is None:
            return Unanswered()
        if row["answer"] is not None:
            return decoded_answer(row["answer"], row["reason"], row["details"])
        if row["is_expired"]:
            return Refused(RefusalReason.EXPIRED)
    return Unanswered()


def _outside(asked: AskedCommand) -> RefusalReason:
    """What somebody hears of something that is not there, or not theirs to know."""
    if isinstance(asked.command, LogIn | OpenPhone | UnlockPin):
        return RefusalReason.UNKNOWN_DESTINATION
    if asked.municipality is not None:
        return RefusalReason.NO_SUCH_MUNICIPALITY
    if asked.call_id is not None:
        return RefusalReason.NO_SUCH_CALL
    return RefusalReason.NOT_LOGGED_IN if asked.request_id is None else RefusalReason.NO_REQUEST
