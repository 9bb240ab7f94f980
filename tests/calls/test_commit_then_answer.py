"""An answer to a command is true: given by the commit that writes what the command leads to, and never before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from ari_app.calls.messages import CommandAsked
from ari_app.core.area import Reach
from ari_app.core.call import FactKind
from ari_app.core.command_traces import answer_by_facts
from ari_app.core.ids import CommandId, OperatorNumber, new_command_id
from ari_app.core.operator_commands import (
    Accepted,
    Answer,
    Command,
    HoldOrResume,
    PromiseCallback,
    Promised,
    PutDown,
    RefusalReason,
    Refused,
    StartTransfer,
    TransferToQueue,
    Unanswered,
)
from ari_app.core.transfer import CancelTransfer, CompleteTransfer, Conference, SwapParties, TransferKind
from tests.calls.test_killed_at_every_step import Stalls
from tests.calls.transfers import Talk, consulting, talk
from tests.calls.world import World
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure
Make = Callable[..., World]


@dataclass
class Asker:
    """Gives one command in a talk, and remembers what was answered, and what was written by then."""

    t: Talk
    written: FactKind
    command_id: CommandId = field(default_factory=new_command_id)
    answers: list[Answer] = field(default_factory=list)
    is_written: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._before = self._count()

    def _count(self) -> int:
        return self.t.world.ledger.kinds(self.t.call.id).count(self.written)

    async def ask(self, command: Command) -> None:
        by = self.t.world.session("101").id
        self.t.world.registry.post_to_call(self.t.call.id, CommandAsked(command, by, self._hear, self.command_id))
        await settle()

    @property
    def is_in_record(self) -> bool:
        return self._count() > self._before

    def by_record(self) -> Answer:
        """The answer that the next controller would give for this one, which has died."""
        facts = self.t.world.ledger.told[self.t.call.id]
        named = [fact for fact in facts if str(self.command_id) in fact.detail.values()]
        return answer_by_facts(named, deadline_at=self.t.world.now)

    def _hear(self, answer: Answer) -> None:
        self.answers.append(answer)
        self.is_written.append(self._count() > self._before)


async def talking(make: Make, reach: Reach) -> Talk:
    t = await talk(make, reach=reach)
    other = await t.world.operator("102", phone="phone08")
    if reach is Reach.RING:
        await t.world.hang_up(other)
    return t


async def on_hold(make: Make, reach: Reach) -> Talk:
    t = await talk(make, reach=reach)
    await t.keys("*4")
    return t


async def while_it_rings(make: Make, reach: Reach) -> Talk:
    t = await talk(make, reach=reach)
    await t.keys("*1200#")
    return t


async def in_a_consult(make: Make, reach: Reach) -> Talk:
    return (await consulting(make, reach=reach))[0]


Scene = Callable[[Make, Reach], Awaitable[Talk]]
COMMANDS: dict[str, tuple[Scene, Command, FactKind]] = {
    "warm": (talking, StartTransfer(TransferKind.WARM, "200"), FactKind.TRANSFER_ASKED),
    "cold": (talking, StartTransfer(TransferKind.COLD, "200"), FactKind.TRANSFER_ASKED),
    "to an operator": (talking, StartTransfer(TransferKind.COLD, "220"), FactKind.TRANSFER_ASKED),
    "into a queue": (talking, TransferToQueue("GM9902"), FactKind.TRANSFER_ASKED),
    "hold": (talking, HoldOrResume(), FactKind.HELD),
    "promise": (talking, PromiseCallback(), FactKind.CALLBACK_REQUESTED),
    "resume": (on_hold, HoldOrResume(), FactKind.HELD_NO_MORE),
    "hold and no other": (talking, HoldOrResume(is_for_hold=True), FactKind.HELD),
    "resume and no other": (on_hold, HoldOrResume(is_for_hold=False), FactKind.HELD_NO_MORE),
    "put down": (talking, PutDown(), FactKind.PUT_DOWN),
    "complete while it rings": (while_it_rings, CompleteTransfer(), FactKind.TRANSFER_STATE),
    "cancel while it rings": (while_it_rings, CancelTransfer(), FactKind.TRANSFER_OVER),
    "swap": (in_a_consult, SwapParties(), FactKind.TRANSFER_STATE),
    "conference": (in_a_consult, Conference(), FactKind.TRANSFER_STATE),
    "complete": (in_a_consult, CompleteTransfer(), FactKind.TRANSFERRED),
    "cancel": (in_a_consult, CancelTransfer(), FactKind.TRANSFER_OVER),
}
#: a talk does not wait for these: the operator hears that it cannot be done now
REFUSED = ("warm", "swap", "conference")
#: nor for these; nobody knows what became of the commit that was to answer them
UNANSWERED = ("hold", "hold and no other", "put down")
of_every_command = pytest.mark.parametrize("name", COMMANDS)


def is_yes(answer: Answer) -> bool:
    return isinstance(answer, Accepted | Promised)


@pytest.mark.parametrize("reach", Reach)
@of_every_command
async def test_given_a_command_when_the_process_dies_before_or_after_any_order_or_write_then_no_answer_is_untrue(
    make_world: Make, name: str, reach: Reach
) -> None:
    scene, command, written = COMMANDS[name]

    async def play(at: int | None) -> tuple[Asker, Stalls]:
        t = await scene(make_world, reach)
        asker, stalls = Asker(t, written), Stalls(t.world, at)
        await asker.ask(command)
        await t.world.clock.advance(1)
        return asker, stalls

    asker, stalls = await play(None)
    assert [is_yes(answer) for answer in asker.answers] == [True]
    assert asker.is_written == [True]
    unanswered = 0
    for at in range(stalls.moments):
        asker, _ = await play(at)
        await asker.t.world.kill()
        assert asker.is_written in ([], [True]), at
        assert all(map(is_yes, asker.answers)), at
        assert is_yes(asker.by_record()) == asker.is_in_record, at
        unanswered += not asker.answers
    assert unanswered > 0


@of_every_command
async def test_given_a_command_when_the_store_goes_away_then_it_is_answered_when_it_is_written_or_never(
    make_world: Make, name: str
) -> None:
    scene, command, written = COMMANDS[name]
    t = await scene(make_world, Reach.LINE)
    asker, store = Asker(t, written), t.world.ledger.store

    async def goes_away(*row: object) -> object:
        t.world.ledger.available, t.world.ledger.store = False, store  # type: ignore[method-assign]
        return await store(*row)  # type: ignore[arg-type]

    t.world.ledger.store = goes_away  # type: ignore[assignment,method-assign]
    await asker.ask(command)
    refused = [Refused(RefusalReason.STORE_AWAY)] if name in REFUSED else []
    assert asker.answers == refused
    await t.world.clock.advance(20)
    assert asker.answers == refused
    is_lost = t.citizen in t.world.switch.fallback  # outside a talk, nobody waits for so long
    t.world.ledger.available = True
    await t.world.clock.advance(2)
    assert asker.answers[1:] == [] and asker.answers[: len(refused)] == refused
    assert asker.is_written == ([] if is_lost or name in UNANSWERED else [name not in REFUSED])


async def test_given_a_command_that_changes_nothing_then_it_is_answered_all_the_same(make_world: Make) -> None:
    t, _ = await consulting(make_world)
    asker = Asker(t, FactKind.TRANSFER_STATE)
    await asker.ask(Conference())
    await asker.ask(Conference())
    assert list(map(is_yes, asker.answers)) == [True, True]


async def test_given_a_refusal_when_the_store_goes_away_then_it_is_answered_at_once(make_world: Make) -> None:
    t = await talk(make_world)
    asker = Asker(t, FactKind.TRANSFER_REFUSED)

    async def is_away(*row: object) -> object:
        t.world.ledger.available = False
        return await t.world.ledger.call(t.call.id)

    t.world.ledger.store = is_away  # type: ignore[assignment,method-assign]
    await asker.ask(StartTransfer(TransferKind.WARM, "999"))
    assert asker.answers == [Refused(RefusalReason.UNKNOWN_DESTINATION)]


async def test_given_a_call_that_does_not_answer_in_time_then_it_is_not_said_to_be_refused(make_world: Make) -> None:
    t = await talk(make_world)
    commands = t.world.commands(patience_seconds=0)
    assert await commands.ask(OperatorNumber("101"), HoldOrResume()) == Unanswered()
    await settle()
    assert t.has_music(t.citizen)
