"""Commands about an operator's own state, from a screen: as by keys, answered by the commit, and never twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from ari_app.calls.messages import StateAsked
from ari_app.core.area import Reach
from ari_app.core.ids import CommandId, OperatorNumber, SessionId, new_command_id
from ari_app.core.operator_commands import (
    ACCEPTED,
    Answer,
    HoldOrResume,
    PutDown,
    RefusalReason,
    Refused,
)
from ari_app.core.operators import LogoutReason, OperatorSession, OperatorState, PauseReason
from ari_app.core.state_commands import BeReady, EndWrapUpTime, LogOff, StateCommand, TakePause, TakePauseAfterCall
from tests.calls.test_killed_at_every_step import Stalls
from tests.calls.transfers import talk
from tests.calls.world import World
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure
Make = Callable[..., World]
ANNA = OperatorNumber("101")
LUNCH = PauseReason.LUNCH


async def answered(waiting: Awaitable[Answer]) -> Answer:
    asked = asyncio.ensure_future(waiting)
    await settle()
    return await asked


async def asks(world: World, command: StateCommand) -> Answer:
    return await answered(world.commands().ask_state(ANNA, command))


async def ready(make: Make) -> World:
    world = make()
    await world.operator("101")
    return world


async def in_a_talk(make: Make) -> World:
    return (await talk(make)).world


async def in_wrap_up(make: Make) -> World:
    t = await talk(make)
    await t.world.hang_up(t.citizen)
    await t.world.clock.advance(1)
    assert t.world.session("101").state is OperatorState.WRAP_UP
    return t.world


async def on_a_pause(make: Make) -> World:
    world = await ready(make)
    await world.press(next(iter(world.switch.channels)), "*92")
    return world


Scene = Callable[[Make], Awaitable[World]]


@dataclass(frozen=True)
class After:
    state: OperatorState
    reason: PauseReason | None = None
    pending: PauseReason | None = None
    logs_out: bool = False


def is_now(world: World) -> After:
    session = world.session("101")
    return After(session.state, session.pause_reason, session.pause_pending, session.logout_pending)


READY, TALKING, WRAP_UP = After(OperatorState.READY), After(OperatorState.TALKING), After(OperatorState.WRAP_UP)
PAUSED, AWAY = After(OperatorState.PAUSED, LUNCH), After(OperatorState.AWAY)
NO_CALL, NO_WRAP_UP = Refused(RefusalReason.NO_SUCH_CALL), Refused(RefusalReason.NO_WRAP_UP)
TABLE: list[tuple[Scene, StateCommand, Answer, After]] = [
    (ready, BeReady(), ACCEPTED, READY),
    (ready, TakePause(LUNCH), ACCEPTED, PAUSED),
    (ready, TakePauseAfterCall(LUNCH), NO_CALL, READY),
    (ready, EndWrapUpTime(), ACCEPTED, READY),
    (ready, LogOff(), ACCEPTED, AWAY),
    (in_a_talk, BeReady(), ACCEPTED, TALKING),
    (in_a_talk, TakePause(LUNCH), ACCEPTED, After(OperatorState.TALKING, pending=LUNCH)),
    (in_a_talk, TakePauseAfterCall(LUNCH), ACCEPTED, After(OperatorState.TALKING, pending=LUNCH)),
    (in_a_talk, EndWrapUpTime(), NO_WRAP_UP, TALKING),
    (in_a_talk, LogOff(), ACCEPTED, After(OperatorState.TALKING, logs_out=True)),
    (in_wrap_up, BeReady(), ACCEPTED, READY),
    (in_wrap_up, TakePause(LUNCH), ACCEPTED, PAUSED),
    (in_wrap_up, TakePauseAfterCall(LUNCH), ACCEPTED, After(OperatorState.WRAP_UP, pending=LUNCH)),
    (in_wrap_up, EndWrapUpTime(), ACCEPTED, READY),
    (in_wrap_up, LogOff(), ACCEPTED, AWAY),
    (on_a_pause, BeReady(), ACCEPTED, READY),
    (on_a_pause, TakePause(PauseReason.MEETING), ACCEPTED, After(OperatorState.PAUSED, PauseReason.MEETING)),
    (on_a_pause, TakePauseAfterCall(LUNCH), NO_CALL, PAUSED),
    (on_a_pause, EndWrapUpTime(), NO_WRAP_UP, PAUSED),
    (on_a_pause, LogOff(), ACCEPTED, AWAY),
]
by_table = pytest.mark.parametrize(
    ("scene", "command", "answer", "after"), TABLE, ids=lambda one: getattr(one, "__name__", type(one).__name__)
)


@by_table
async def test_given_a_state_when_a_screen_asks_then_it_is_as_the_table_says(
    make_world: Make, scene: Scene, command: StateCommand, answer: Answer, after: After
) -> None:
    world = await scene(make_world)
    assert await asks(world, command) == answer
    assert is_now(world) == after
    assert await asks(world, command) in (answer, Refused(RefusalReason.NOT_LOGGED_IN))
    assert is_now(world) == after


@dataclass
class Click:
    """One click, what was answered, and whether the row said so by then."""

    world: World
    command: StateCommand
    command_id: CommandId = field(default_factory=new_command_id)
    answers: list[Answer] = field(default_factory=list)
    was_written: list[bool] = field(default_factory=list)

    async def give(self) -> None:
        entry = self.world.registry.session_of(ANNA)
        assert entry is not None
        self._session = entry.session.id
        entry.mailbox.post(StateAsked(self.command, self._hear, self.command_id))
        await settle()
        await self.world.clock.advance(1)

    def _hear(self, answer: Answer) -> None:
        self.answers.append(answer)
        self.was_written.append(self.is_written)

    @property
    def is_written(self) -> bool:
        return stored(self.world, self._session).command_id == self.command_id


def stored(world: World, session_id: SessionId) -> OperatorSession:
    return world.ledger.sessions[session_id]


CHANGING = [
    row
    for row in TABLE
    if row[2] == ACCEPTED
    and (row[0], row[1]) not in ((ready, BeReady()), (ready, EndWrapUpTime()), (in_a_talk, BeReady()))
]


@pytest.mark.parametrize(
    ("scene", "command", "answer", "after"), CHANGING, ids=lambda one: getattr(one, "__name__", type(one).__name__)
)
async def test_wherever_the_process_dies_a_confirmed_command_is_carried_out_and_the_row_names_it(
    make_world: Make, scene: Scene, command: StateCommand, answer: Answer, after: After
) -> None:
    async def play(at: int | None) -> tuple[Click, Stalls]:
        click = Click(await scene(make_world), command)
        stalls = Stalls(click.world, at)
        await click.give()
        return click, stalls

    click, stalls = await play(None)
    assert (click.answers, click.was_written) == ([answer], [True])
    unanswered = 0
    for at in range(stalls.moments):
        click, _ = await play(at)
        await click.world.kill()
        assert click.was_written in ([], [True]), at
        unanswered += not click.answers
        if click.is_written:  # the next controller says so, and it is so
            session = stored(click.world, click._session)
            found = After(session.state, session.pause_reason, session.pause_pending, session.logout_pending)
            assert found == after, at
    assert unanswered > 0


async def test_given_a_pause_after_the_wrap_up_then_it_begins_when_the_wrap_up_is_over(make_world: Make) -> None:
    world = await in_wrap_up(make_world)
    assert await asks(world, TakePauseAfterCall(LUNCH)) == ACCEPTED
    await world.clock.advance(60)
    assert is_now(world) == PAUSED
    again = await in_wrap_up(make_world)
    assert await asks(again, TakePauseAfterCall(LUNCH)) == ACCEPTED
    assert await asks(again, BeReady()) == ACCEPTED
    assert is_now(again) == READY


async def test_given_a_supervisor_who_forces_a_state_then_the_operator_hears_it(make_world: Make) -> None:
    world = await ready(make_world)
    (operator,) = world.switch.channels
    assert await asks(world, TakePause(LUNCH, "oefening")) == ACCEPTED
    assert world.switch.heard(operator)[-2:] == ["nl/door-teamleider", "nl/pauze-lunch"]
    assert await asks(world, BeReady("klaar met oefenen")) == ACCEPTED
    assert world.switch.heard(operator)[-2:] == ["nl/door-teamleider", "nl/klaar"]
    assert await asks(world, LogOff("einde dienst")) == ACCEPTED
    await world.clock.advance(5)
    assert world.switch.heard(operator)[-2:] == ["nl/door-teamleider", "nl/afgemeld"]
    assert world.session("101").logout_reason is LogoutReason.KEY


async def test_given_a_supervisor_who_forces_a_pause_in_a_talk_then_it_begins_after_it_and_the_talk_goes_on(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    assert await asks(t.world, TakePause(LUNCH, "oefening")) == ACCEPTED
    await t.world.clock.advance(20)
    assert "nl/straks-pauze" in t.world.switch.heard(t.operator)
    assert t.hears(t.citizen) == {t.operator}
    await t.world.hang_up(t.citizen)
    await t.world.clock.advance(1)
    assert is_now(t.world) == PAUSED


async def test_given_another_login_than_the_one_that_was_asked_about_then_it_is_refused(make_world: Make) -> None:
    t = await talk(make_world)
    commands, session_id = t.world.commands(), t.world.session("101").id
    await t.world.hang_up(t.operator)
    await t.world.clock.advance(1)
    await t.world.operator("101", phone="phone09")
    late = Refused(RefusalReason.NOT_LOGGED_IN)
    assert await answered(commands.ask_state(ANNA, LogOff(), session_id=session_id)) == late
    not_theirs = Refused(RefusalReason.NOT_YOURS)
    assert await answered(commands.ask_call(t.call.id, ANNA, PutDown(), session_id=session_id)) == not_theirs
    assert t.world.session("101").state is not OperatorState.AWAY


@pytest.mark.parametrize("reach", Reach)
async def test_given_a_talk_when_it_is_put_down_then_the_caller_is_gone_and_the_wrap_up_begins(
    make_world: Make, reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    assert await answered(t.world.commands().ask_call(t.call.id, ANNA, PutDown())) == ACCEPTED
    await t.world.clock.advance(3)
    assert t.citizen not in t.world.switch.channels
    assert t.world.call(t.citizen).end_reason == "operator_hung_up"
    assert is_now(t.world) == WRAP_UP
    late = await answered(t.world.commands().ask_call(t.call.id, ANNA, HoldOrResume()))
    assert late == Refused(RefusalReason.NO_SUCH_CALL)


async def test_given_a_consult_when_the_call_is_put_down_then_it_is_refused_as_nobody_knows_which_one_is_meant(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.keys("*1200#")
    assert await answered(t.world.commands().ask_call(t.call.id, ANNA, PutDown())) == Refused(
        RefusalReason.TRANSFER_OPEN
    )


async def test_given_a_caller_who_is_held_when_hold_is_asked_twice_then_they_stay_held(make_world: Make) -> None:
    t = await talk(make_world)
    for _ in range(2):
        hold = HoldOrResume(is_for_hold=True)
        assert await answered(t.world.commands().ask_call(t.call.id, ANNA, hold)) == ACCEPTED
        assert t.has_music(t.citizen)
    for _ in range(2):
        resume = HoldOrResume(is_for_hold=False)
        assert await answered(t.world.commands().ask_call(t.call.id, ANNA, resume)) == ACCEPTED
        assert t.hears(t.citizen) == {t.operator}


async def test_given_a_call_that_waits_for_a_colleague_when_its_former_operator_asks_then_it_is_refused_at_once(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.world.operator("102", phone="phone08")
    await t.keys("*5")
    await t.keys("2")
    refused = await answered(t.world.commands().ask_call(t.call.id, ANNA, HoldOrResume()))
    assert refused == Refused(RefusalReason.NOT_YOURS)
