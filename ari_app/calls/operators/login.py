"""Logging in: operator number and PIN by keys, and the row of the session that begins."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

import structlog

from ari_app.calls.errors import PartyLeft, StillTalking
from ari_app.calls.messages import PlaceAsked, ReplaceAsked
from ari_app.calls.operators.channel import OperatorChannel
from ari_app.calls.registry import SessionEntry
from ari_app.calls.shell import Shell
from ari_app.core.area import Reach
from ari_app.core.ids import Endpoint, OperatorNumber, new_session_id
from ari_app.core.keypad import feed_entry
from ari_app.core.ledger import AlreadyTaken, PinVerdict
from ari_app.core.limits import Limit
from ari_app.core.operator_rules import step
from ari_app.core.operators import LineLost, LogoutReason, OperatorLine, OperatorSession, OperatorState, line_gone
from ari_app.core.skills import team_codes
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)

LOGIN_TRIES = 3
#: stands for phones whose channel has a name of another shape than Asterisk gives
_UNKNOWN_PHONE = Endpoint("")
#: how long an entry may take from one key to the next
KEY_PATIENCE = timedelta(seconds=15)


async def ask_operator(
    shell: Shell, channel: OperatorChannel, line: OperatorLine, store_failure: Callable[[int], Awaitable[None]]
) -> OperatorNumber | None:
    """Ask for operator number and PIN, at most LOGIN_TRIES times on this line, those of before a restart included.

    None when the tries are used up, or number or phone have to wait. Which of the two was wrong is not said.
    `store_failure` commits the number of failed tries.
    """
    failures, limit = line.failed_logins, Limit.LOGIN_TRIES
    while failures < LOGIN_TRIES:
        again = to_operator.LOGIN_WRONG if failures else ()
        number = await _entry(shell, channel, (*again, *to_operator.ASK_OPERATOR_NUMBER))
        pin = await _entry(shell, channel, to_operator.ASK_PIN)
        verdict = await shell.ledger.check_pin(number, pin, line.endpoint or _UNKNOWN_PHONE, shell.clock.now())
        if verdict is PinVerdict.OK:
            return OperatorNumber(number)
        failures += 1
        await store_failure(failures)
        # What is no operator's number may be a PIN in the wrong place.
        operator = number if number in shell.area().operators else None
        level = logging.WARNING if verdict is PinVerdict.LOCKED else logging.INFO
        said = {"line_id": str(line.id), "endpoint": line.endpoint, "operator": operator, "verdict": verdict.value}
        log.log(level, "login_failed", **said)
        if verdict is PinVerdict.LOCKED:
            limit = Limit.PIN_WAIT
            break
    log.warning("login_closed", line_id=str(line.id), endpoint=line.endpoint, limit=limit.value)
    return None


async def _entry(shell: Shell, channel: OperatorChannel, prompt: Sequence[str]) -> str:
    """The digits up to `#`, or those that were keyed when no more come."""
    buffer = ""
    digit = await channel.play(prompt)
    while True:
        if digit is not None:
            buffer, entry = feed_entry(buffer, digit)
            if entry is not None:
                return entry
        digit = await channel.next_digit(shell.clock.now() + KEY_PATIENCE)
        if digit is None:
            return buffer


def new_session(shell: Shell, line: OperatorLine, operator: OperatorNumber, reach: Reach) -> OperatorSession:
    """A session that begins now on this line, and is not stored yet."""
    now = shell.clock.now()
    return OperatorSession(
        id=new_session_id(),
        asterisk_id=line.asterisk_id,
        operator=operator,
        reach=reach,
        endpoint=line.endpoint,
        logged_in_at=now,
        state=OperatorState.READY,
        state_since_at=now,
        idle_since_at=now,
        line_id=line.id,
        teams=team_codes(shell.area(), operator),
    )


async def store_new_session(shell: Shell, channel: OperatorChannel, session: OperatorSession) -> None:
    """Commit a new session; one that this operator has on another phone ends first, and that phone says so.

    `channel`: the line on which the operator logged in. To be called with `registry.logging_in` held.
    Raises StillTalking when the operator is in a talk on the other phone, AlreadyTaken when they are at work on another
    Asterisk.
    """
    other = shell.registry.session_of(session.operator)
    if other is not None:
        await _replace(other)
    try:
        await _store(shell, channel, session)
    except AlreadyTaken:
        await _close_left_behind(shell, session)
        await _store(shell, channel, session)


async def _store(shell: Shell, channel: OperatorChannel, session: OperatorSession) -> None:
    """Commit a new session. An operator who hangs up while the store is away leaves no row behind that is open.

    One whose phone is rung is at work all the same.
    """
    store = partial(shell.ledger.store_session, session)
    try:
        await channel.patient_store(store, even_if_left=session.reach is Reach.RING)
    except PartyLeft:
        # A try may have arrived, and only its answer was lost.
        left = await channel.departure(shell.clock.now())
        is_seen = not left.estimated
        event = line_gone(left.at, left.cause) if is_seen else LineLost(left.at, LogoutReason.LOST)
        await channel.patient_store(store, even_if_left=True)
        end = partial(shell.ledger.store_session, step(session, event), not is_seen)
        await channel.patient_store(end, even_if_left=True)
        raise


async def _replace(other: SessionEntry) -> None:
    """Ask a session to end, and wait until it has. Raises StillTalking when it does not."""
    if await ask_session(other, ReplaceAsked) is False:
        raise StillTalking
    await other.closed.wait()


async def ask_session(
    other: SessionEntry, question: Callable[[Callable[[bool], None]], ReplaceAsked | PlaceAsked]
) -> bool | None:
    """The answer of a session's task to the question that takes it; None when the session ended without one."""
    answered = asyncio.Event()
    answers: list[bool] = []

    def answer(is_so: bool) -> None:
        answers.append(is_so)
        answered.set()

    other.mailbox.post(question(answer))
    waits = [asyncio.create_task(event.wait()) for event in (answered, other.closed)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return answers[0] if answers else None


async def _close_left_behind(shell: Shell, session: OperatorSession) -> None:
    """End this operator's open rows that no task owns: a process died, or there was a fault."""
    rows = await shell.ledger.open_rows(session.asterisk_id)
    for found in rows.sessions:
        if found.operator == session.operator:
            over = step(found, LineLost(shell.clock.now(), LogoutReason.REPLACED))
            await shell.ledger.store_session(over, True)
