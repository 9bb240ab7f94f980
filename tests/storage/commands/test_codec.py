"""Commands and answers as columns, and back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ari_app.core.account_commands import (
    AddAccount,
    ForgetFactor,
    GiveRole,
    LinkOperator,
    LockAccount,
    ResetAccount,
    TakeRole,
    UnlockAccount,
)
from ari_app.core.area import AfterCalamity
from ari_app.core.area_commands import CloseEarly, EndCalamity, OpenAgain, SetCalamity
from ari_app.core.callbacks import AttemptOutcome
from ari_app.core.commands import AnyCommand
from ari_app.core.directory_commands import ChangeDirectory, RemoveEntry
from ari_app.core.ids import EntryCode, OperatorNumber, RequestId, TeamCode, new_command_id
from ari_app.core.operator_commands import (
    ACCEPTED,
    Answer,
    HoldOrResume,
    MakeCallback,
    MarkCallback,
    NextCallback,
    PromiseCallback,
    Promised,
    PutDown,
    RefusalReason,
    Refused,
    StartTransfer,
    TransferToQueue,
    Unanswered,
)
from ari_app.core.operators import PauseReason
from ari_app.core.promise_commands import MakePromise
from ari_app.core.provider_commands import FollowProvider, LinkSubject
from ari_app.core.state_commands import BeReady, LogIn, LogOff, TakePause, TakePauseAfterCall
from ari_app.core.supervisor_commands import AllowTransfer, AskAllowance, AssignRequest, CloseByPerson
from ari_app.core.transfer import SwapParties, TransferKind
from ari_app.storage.commands.codec import decoded, decoded_answer, encoded, encoded_answer
from tests.storage.values import DESK

pytestmark = pytest.mark.pure


REQUEST = RequestId(new_command_id())
COMMANDS: list[AnyCommand] = [
    ChangeDirectory("code;kind;name\r\njan;person;Jan\r\n", "0f", replacing=True),
    ChangeDirectory("code;kind;name\r\njan;person;Jan\r\n", "0f", entry=EntryCode("jan")),
    RemoveEntry(EntryCode("jan"), "0f"),
    BeReady("te veel wachtenden"),
    TakePause(PauseReason.LUNCH),
    TakePauseAfterCall(PauseReason.BREAK),
    LogOff(),
    LogIn(DESK),
    HoldOrResume(is_for_hold=False),
    HoldOrResume(),
    StartTransfer(TransferKind.WARM, "0612345678", "paspoort voor Jan"),
    TransferToQueue("GM9902"),
    SwapParties(),
    PutDown(),
    PromiseCallback("0612345678", "paspoort", "belt graag 's avonds", TeamCode("kcc"), OperatorNumber("101")),
    PromiseCallback(entry=EntryCode("arts")),
    NextCallback(),
    MakeCallback(REQUEST),
    MarkCallback(AttemptOutcome.VOICEMAIL),
    AllowTransfer("drie keer verkeerd"),
    AskAllowance(),
    AssignRequest(REQUEST, TeamCode("kcc")),
    CloseByPerson(REQUEST, "Jan is 's avonds langs geweest, 0612345678"),
    SetCalamity("Er is brand.", until_at=datetime(2026, 3, 3, 16, tzinfo=UTC), then=AfterCalamity.END),
    EndCalamity(datetime(2026, 3, 3, 15, tzinfo=UTC)),
    CloseEarly(datetime(2026, 3, 3, 23, tzinfo=UTC), "storm"),
    MakePromise("0612345678", "paspoort", "na vijf", first_contact_at=datetime(2026, 3, 3, 12, tzinfo=UTC)),
    OpenAgain(),
    AddAccount("bea", "Bea de Wit", "ab12", "operator:GM9901", OperatorNumber("101")),
    LockAccount(),
    UnlockAccount(),
    ResetAccount("ab12"),
    ForgetFactor(),
    GiveRole("editor:GM9901"),
    TakeRole("editor"),
    LinkOperator(OperatorNumber("101")),
    LinkOperator(),
    FollowProvider("https://login.example", "4f1", "bea", "Bea de Wit", "editor"),
    LinkSubject("https://login.example", "4f1"),
]
ANSWERS: list[Answer] = [
    ACCEPTED,
    Refused(RefusalReason.NOT_NOW, "201"),
    Refused(RefusalReason.EXPIRED),
    Promised("B-104", datetime(2026, 3, 3, 16, tzinfo=UTC), joined=True),
    Unanswered(),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_a_command_comes_back_from_its_columns_and_what_is_personal_stands_apart(command: AnyCommand) -> None:
    what, arguments, pii_arguments = encoded(command)
    assert decoded(what, arguments, pii_arguments) == command
    assert "0612345678" not in arguments and "Jan" not in arguments and "avonds" not in arguments


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_an_answer_comes_back_from_its_columns(answer: Answer) -> None:
    state, reason, details = encoded_answer(answer)
    assert decoded_answer(state, reason, details) == answer


@pytest.mark.parametrize(
    ("what", "arguments"),
    [
        ("dance", "{}"),
        ("pause", "{}"),
        ("pause", '{"reason": "nap"}'),
        ("hold", '{"is_for_hold": "yes"}'),
        ("swap", '{"a": 1}'),
    ],
)
def test_a_row_that_says_something_else_is_no_command(what: str, arguments: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded(what, arguments, None)
