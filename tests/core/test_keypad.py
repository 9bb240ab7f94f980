"""Key codes of operators: every code as a line of a table, and no flood of keys that does harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.keypad import (
    MAX_ENTRY_DIGITS,
    MAX_NUMBER_DIGITS,
    Awaited,
    CommandKey,
    ConsultPrompt,
    EndWrapUp,
    KeyCommand,
    LogOutKey,
    NextCallbackKey,
    PauseKey,
    PausePrompt,
    PlainKey,
    ResumeKey,
    UnknownCode,
    awaited,
    feed,
    feed_entry,
)
from ari_app.core.operator_commands import (
    CallbackKey,
    HoldOrResume,
    OfferSurvey,
    StartTransfer,
    TransferToQueue,
)
from ari_app.core.operators import PAUSE_KEYS, PauseReason
from ari_app.core.tariffs import Forbidden, callable_number
from ari_app.core.transfer import CancelTransfer, CompleteTransfer, Conference, SwapParties, TransferKind

pytestmark = pytest.mark.pure

KEYS = "0123456789*#"
keys = st.text(KEYS, max_size=60)


def commands(pressed: str) -> list[KeyCommand]:
    buffer, found = "", []
    for key in pressed:
        buffer, command = feed(buffer, key)
        if command is not None:
            found.append(command)
    return found


def entries(pressed: str) -> list[str]:
    buffer, found = "", []
    for key in pressed:
        buffer, entry = feed_entry(buffer, key)
        if entry is not None:
            found.append(entry)
    return found


@pytest.mark.parametrize(
    ("pressed", "meant"),
    [
        ("#", [EndWrapUp()]),
        ("*0", [ResumeKey()]),
        ("*8", [LogOutKey()]),
        ("*91", [PausePrompt(), PauseKey(PauseReason.BREAK)]),
        ("*92", [PausePrompt(), PauseKey(PauseReason.LUNCH)]),
        ("*95", [PausePrompt(), PauseKey(PauseReason.ADMINISTRATION)]),
        ("*96", [PausePrompt(), PauseKey(None)]),
        ("*90", [PausePrompt(), PauseKey(None)]),
        ("*9#", [PausePrompt(), PauseKey(None)]),
        ("*9*8", [PausePrompt(), LogOutKey()]),
        ("**8", [LogOutKey()]),
        ("*7", [NextCallbackKey()]),
        ("*6#", [CommandKey(CallbackKey())]),
        ("*61#", [CommandKey(CallbackKey("1"))]),
        ("*60612345678#", [CommandKey(CallbackKey("0612345678"))]),
        ("*#", [CommandKey(OfferSurvey())]),
        ("123", [PlainKey("1"), PlainKey("2"), PlainKey("3")]),
        ("1*0", [PlainKey("1"), ResumeKey()]),
        ("*8#", [LogOutKey(), EndWrapUp()]),
        ("*", []),
        ("*1201#", [CommandKey(StartTransfer(TransferKind.WARM, "201"))]),
        ("*20612345678#", [CommandKey(StartTransfer(TransferKind.COLD, "0612345678"))]),
        ("*1201*2202#", [CommandKey(StartTransfer(TransferKind.COLD, "202"))]),
        ("*1#", [UnknownCode()]),
        ("*31", [ConsultPrompt(), CommandKey(SwapParties())]),
        ("*32", [ConsultPrompt(), CommandKey(Conference())]),
        ("*33", [ConsultPrompt(), CommandKey(CompleteTransfer())]),
        ("*34", [ConsultPrompt(), CommandKey(CancelTransfer())]),
        ("*39", [ConsultPrompt(), UnknownCode()]),
        ("*4", [CommandKey(HoldOrResume())]),
        ("*52", [CommandKey(TransferToQueue("2"))]),
        ("*5#", [UnknownCode()]),
        ("*1" + "7" * 300 + "#", [CommandKey(StartTransfer(TransferKind.WARM, "7" * MAX_NUMBER_DIGITS))]),
    ],
)
def test_a_code_is_a_command(pressed: str, meant: list[KeyCommand]) -> None:
    assert commands(pressed) == meant


@pytest.mark.parametrize(
    ("pressed", "needs"),
    [
        ("", None),
        ("12", None),
        ("*4", None),
        ("*6#", None),
        ("*", Awaited.DIGIT),
        ("*3", Awaited.DIGIT),
        ("*5", Awaited.DIGIT),
        ("*9", Awaited.DIGIT),
        ("*1", Awaited.HASH),
        ("*2201", Awaited.HASH),
        ("*6", Awaited.HASH),
    ],
)
def test_an_incomplete_code_knows_its_next_key(pressed: str, needs: Awaited | None) -> None:
    buffer = ""
    for key in pressed:
        buffer, _ = feed(buffer, key)
    assert awaited(buffer) is needs


@pytest.mark.parametrize("code", ["*2", "*6"])
def test_a_number_with_keys_too_many_is_refused_and_not_cut_to_somebody_elses(code: str) -> None:
    longest = "00" + "493012345678901"  # 15 digits: the most that E.164 allows
    for keyed, is_called in ((longest, True), (f"{longest}2", False), (f"{longest}23456789", False)):
        (found,) = commands(f"{code}{keyed}#")
        assert isinstance(found, CommandKey)
        match found.command:
            case StartTransfer(to=number) | CallbackKey(pii_digits=number):
                assert isinstance(callable_number(number, {"DE"}), Forbidden) is not is_called, number
            case _:
                pytest.fail("not a number")


def test_keys_ask_for_every_pause_but_those_that_only_we_set() -> None:
    assert set(PAUSE_KEYS.values()) == set(PauseReason) - {PauseReason.NO_ANSWER, PauseReason.ON_HOLD}


@given(keys)
def test_a_star_begins_a_code_whatever_was_pressed_before(before: str) -> None:
    assert commands(before + "*8")[-1] == LogOutKey()


@given(keys)
def test_keys_never_pile_up(pressed: str) -> None:
    buffer = ""
    for key in pressed:
        buffer, _ = feed(buffer, key)
        assert buffer in ("", "*", "*3", "*5", "*9") or buffer[:2] in ("*1", "*2", "*6")
        assert len(buffer) <= len("*1") + MAX_NUMBER_DIGITS


@pytest.mark.parametrize(
    ("pressed", "entered"),
    [
        ("101#", ["101"]),
        ("101#4711#", ["101", "4711"]),
        ("#", [""]),
        ("99*101#", ["101"]),
        ("101", []),
        ("1" * 300 + "#", ["1" * MAX_ENTRY_DIGITS]),
    ],
)
def test_an_entry_is_the_digits_up_to_the_hash(pressed: str, entered: list[str]) -> None:
    assert entries(pressed) == entered


@given(keys)
def test_an_entry_holds_digits_only_and_never_too_many(pressed: str) -> None:
    for entry in entries(pressed):
        assert len(entry) <= MAX_ENTRY_DIGITS
        assert entry == "" or entry.isdigit()
