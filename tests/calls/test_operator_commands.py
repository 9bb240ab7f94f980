"""Commands from a screen: carried out or refused by the call's own task, by the same rules as keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ari_app.core.ids import OperatorNumber
from ari_app.core.operator_commands import (
    ACCEPTED,
    Answer,
    Command,
    HoldOrResume,
    RefusalReason,
    Refused,
    StartTransfer,
    TransferToQueue,
)
from ari_app.core.transfer import CancelTransfer, CompleteTransfer, Conference, SwapParties, TransferKind
from tests.calls.transfers import Talk, talk
from tests.calls.world import World
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure
Make = Callable[..., World]
ANNA, BRAM = OperatorNumber("101"), OperatorNumber("102")


async def asks(t: Talk, command: Command, operator: OperatorNumber = ANNA) -> Answer:
    commands = t.world.commands()
    asked = asyncio.create_task(commands.ask_call(t.call.id, operator, command))
    await settle()
    return await asked


async def test_given_a_talk_when_a_screen_transfers_warm_then_the_colleague_hears_the_subject_that_was_typed(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    assert await asks(t, StartTransfer(TransferKind.WARM, "200", "een verloren rijbewijs")) == ACCEPTED
    assert await asks(t, SwapParties()) == Refused(RefusalReason.NOT_YET)
    colleague = await t.picked_up()
    assert "said een verloren rijbewijs" in t.world.switch.heard(colleague)
    for command, heard in (
        (SwapParties(), {t.operator}),
        (Conference(), {t.operator, colleague}),
        (CompleteTransfer(), {colleague}),
    ):
        assert await asks(t, command) == ACCEPTED
        assert t.hears(t.citizen) == heard
    assert await asks(t, CancelTransfer()) == Refused(RefusalReason.NOT_YOURS)


async def test_given_a_talk_when_the_desk_holds_and_resumes_then_it_is_as_by_keys(make_world: Make) -> None:
    t = await talk(make_world)
    assert await asks(t, HoldOrResume()) == ACCEPTED
    assert t.has_music(t.citizen)
    assert await asks(t, HoldOrResume()) == ACCEPTED
    assert t.hears(t.citizen) == {t.operator}
    assert await asks(t, TransferToQueue("GM9902")) == Refused(RefusalReason.NOBODY_THERE)
    assert await asks(t, CompleteTransfer()) == Refused(RefusalReason.NO_TRANSFER)


async def test_given_somebody_elses_call_when_it_is_asked_for_then_it_is_refused(make_world: Make) -> None:
    t = await talk(make_world)
    commands = t.world.commands()
    assert await commands.ask(BRAM, HoldOrResume()) == Refused(RefusalReason.NO_SUCH_CALL)
    await t.world.operator("102", phone="phone08")
    assert await commands.ask(BRAM, HoldOrResume()) == Refused(RefusalReason.NO_SUCH_CALL)
    assert await asks(t, HoldOrResume(), BRAM) == Refused(RefusalReason.NOT_YOURS)
    assert t.hears(t.citizen) == {t.operator}


async def test_given_a_store_that_is_away_when_a_transfer_is_asked_for_then_it_is_refused_and_the_talk_goes_on(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    t.world.ledger.available = False
    assert await asks(t, StartTransfer(TransferKind.COLD, "200")) == Refused(RefusalReason.STORE_AWAY)
    t.world.ledger.available = True
    assert t.hears(t.citizen) == {t.operator} and not t.transfers
