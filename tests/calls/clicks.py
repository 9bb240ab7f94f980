"""Somebody at a screen, in a random walk: another one who asks, beside the keys; and what the answers may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from ari_app.calls.messages import CommandAsked, StateAsked
from ari_app.core.call import FactKind
from ari_app.core.ids import CommandId, Endpoint, OperatorNumber, new_command_id
from ari_app.core.operator_commands import (
    Accepted,
    Answer,
    CloseRequest,
    Command,
    HoldOrResume,
    NextCallback,
    PromiseCallback,
    Promised,
    PutDown,
    Refused,
    StartTransfer,
    TransferToQueue,
)
from ari_app.core.operators import PauseReason
from ari_app.core.state_commands import BeReady, EndWrapUpTime, LogOff, StateCommand, TakePause, TakePauseAfterCall
from ari_app.core.transfer import CancelTransfer, CompleteTransfer, Conference, SwapParties, TransferKind
from tests.calls.world import World
from tests.fakes.clock import settle

STATES: Sequence[StateCommand] = (
    BeReady(),
    BeReady("drukte"),
    TakePause(PauseReason.LUNCH),
    TakePause(PauseReason.MEETING, "overleg"),
    TakePauseAfterCall(PauseReason.BREAK),
    EndWrapUpTime(),
    LogOff(),
)
ABOUT_CALLERS: Sequence[Command] = (
    HoldOrResume(is_for_hold=True),
    HoldOrResume(is_for_hold=False),
    HoldOrResume(),
    PutDown(),
    StartTransfer(TransferKind.WARM, "200"),
    StartTransfer(TransferKind.COLD, "220"),
    StartTransfer(TransferKind.COLD, "999"),
    TransferToQueue("GM9902"),
    SwapParties(),
    Conference(),
    CompleteTransfer(),
    CancelTransfer(),
    PromiseCallback(),
    CloseRequest(),
    NextCallback(),
)
#: a command leads to one of each of these at most
ONCE = (FactKind.HELD, FactKind.HELD_NO_MORE, FactKind.TRANSFER_ASKED, FactKind.PUT_DOWN, FactKind.CALLBACK_REQUESTED)


@dataclass
class Click:
    command: Command | StateCommand
    id: CommandId = field(default_factory=new_command_id)
    answers: list[Answer] = field(default_factory=list)


@dataclass
class Clicks:
    """All that was asked in one walk. No answer may come: processes die, and the store goes away."""

    world: World
    dice: Random
    given: list[Click] = field(default_factory=list)

    async def one(self, operators: Sequence[str]) -> None:
        """An operator who is logged in clicks something, or one who is not has their phone rung."""
        operator = OperatorNumber(self.dice.choice(operators))
        entry = self.world.registry.session_of(operator)
        if entry is None:
            answers: list[Answer] = []
            phone = Endpoint(f"PJSIP/phone0{operator[-1]}")
            self.world.supervisor.operators.start_login(operator, phone, answers.append, new_command_id())
        elif self.dice.random() < 0.4:
            wanted = self.dice.choice(STATES)
            click = self._click(wanted)
            entry.mailbox.post(StateAsked(wanted, click.answers.append, click.id))
        else:
            asked = self.dice.choice(ABOUT_CALLERS)
            click, call_id = self._click(asked), entry.session.call_id
            message = CommandAsked(asked, entry.session.id, click.answers.append, click.id)
            if call_id is None or isinstance(asked, NextCallback):
                entry.mailbox.post(message)
            else:
                self.world.registry.post_to_call(call_id, message)
        await settle()

    def _click(self, command: Command | StateCommand) -> Click:
        self.given.append(Click(command))
        return self.given[-1]

    def check(self) -> None:
        """Each is answered once at most, carried out once at most, and a yes or no is what the record says."""
        facts = [fact for told in self.world.ledger.told.values() for fact in told]
        sessions = self.world.ledger.sessions.values()
        for click in self.given:
            assert len(click.answers) <= 1, click
            named = [fact for fact in facts if fact.detail.get("command") == str(click.id)]
            for kind in ONCE:
                assert [fact.kind for fact in named].count(kind) <= 1, (click, named)
            if click.answers and isinstance(click.answers[0], Refused):
                taken_back = any(fact.detail.get("withdrawn") == str(click.id) for fact in facts)
                done = [fact for fact in named if fact.kind is not FactKind.TRANSFER_REFUSED]
                assert taken_back or not done, (click, named)
                assert all(session.command_id != click.id for session in sessions), click
            if click.answers and isinstance(click.answers[0], Accepted | Promised) and must_leave_a_fact(click.command):
                assert named, click


def must_leave_a_fact(command: Command | StateCommand) -> bool:
    return isinstance(command, StartTransfer | TransferToQueue | PutDown)
