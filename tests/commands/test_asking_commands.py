"""Commands that a controller has to carry out: what a person at a terminal reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ari_app.commands import asking
from ari_app.core.operator_commands import RefusalReason, Refused
from ari_app.render.commands import refusal_text
from ari_app.storage.commands import asker
from tests.commands.conftest import SAMPLE, Type

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asker, "SURE_AFTER_SECONDS", 0.1)
    monkeypatch.setattr(asking, "EXPIRES_IN", timedelta(seconds=0.1))


@pytest.mark.parametrize(
    "words",
    [
        ("operators", "ready", "101", "--reason", "drukte"),
        ("operators", "pause", "101", "--for", "lunch", "--reason", "drukte"),
        ("operators", "logout", "101", "--reason", "drukte"),
    ],
    ids=" ".join,
)
def test_nobody_waits_for_an_operator_who_is_not_logged_in(type_in: Type, words: tuple[str, ...]) -> None:
    result = type_in(*words)
    assert (result.exit_code, result.stderr) == (1, "101: this operator is not logged in\n")


def test_without_a_controller_a_command_says_that_nothing_was_done(type_in: Type) -> None:
    assert type_in("import", str(SAMPLE)).exit_code == 0
    assert type_in("operators", "login", "999", "--phone", "phone01").exit_code == 1
    result = type_in("operators", "login", "101", "--phone", "phone01")
    assert result.exit_code == 1
    assert result.stderr == ("101: no controller took it in time, so nothing was done; is `ari-app serve` running?\n")


@pytest.mark.parametrize("words", [("operators", "ready", "101", "--reason", " "), ("operators", "pause", "101")])
def test_a_supervisor_says_why(type_in: Type, words: tuple[str, ...]) -> None:
    result = type_in(*words)
    assert result.exit_code == 2
    assert "--reason" in result.stderr


@pytest.mark.parametrize("verb", ["hold", "resume", "put-down"])
def test_a_call_that_is_not_there_is_named(type_in: Type, verb: str) -> None:
    result = type_in("calls", verb, "0123")
    assert (result.exit_code, result.stderr) == (1, "no call begins with '0123'; `ari-app calls` lists them\n")


def test_every_refusal_has_a_sentence_for_a_terminal() -> None:
    sentences = [refusal_text(Refused(reason)) for reason in RefusalReason]
    assert len(set(sentences)) == len(RefusalReason)
    assert refusal_text(Refused(RefusalReason.NOT_NOW, "201")).endswith("try extension 201")
