"""Free texts are spoken on demand and removed after a day."""

from __future__ import annotations

import asyncio
import os
import stat
import time
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from ari_app.prompts import sound, spoken, voice
from ari_app.prompts.catalogue import Voice
from ari_app.prompts.errors import BadText, CannotWrite
from ari_app.prompts.spoken import MOST_CHARACTERS, forget, speak_for_now
from ari_app.prompts.voice import PromptVoice

pytestmark = pytest.mark.pure

SUBJECT = "Paspoort van mevrouw Jansen"


def age(file: Path, hours: float) -> None:
    at = time.time() - hours * 3600
    os.utime(file, (at, at))


async def test_given_a_subject_when_it_is_said_then_it_can_be_played(tmp_path: Path) -> None:
    says = PromptVoice(tmp_path)
    (name,) = await says.say(SUBJECT)
    assert says.media([name], "GM9901") == (f"sound:{tmp_path}/{name}",)
    file = tmp_path / f"{name}.wav"
    with wave.open(str(file)) as made:
        assert made.getnframes() > sound.RATE
    assert file.stat().st_mode & stat.S_IROTH, "Asterisk is another user"


async def test_given_the_same_words_again_then_they_are_not_made_again_and_stay_longer(tmp_path: Path) -> None:
    says = PromptVoice(tmp_path)
    (name,) = await says.say(SUBJECT)
    file = tmp_path / f"{name}.wav"
    made = file.stat().st_ino
    age(file, hours=23)
    assert await says.say(f" {SUBJECT}\n") == (name,)
    assert file.stat().st_ino == made
    assert forget(tmp_path, datetime.now(UTC) + timedelta(hours=2)) == 0


async def test_the_name_of_a_file_cannot_be_guessed_from_the_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = await PromptVoice(tmp_path).say(SUBJECT)
    monkeypatch.setattr(spoken, "_KEY", b"another process")
    assert await PromptVoice(tmp_path).say(SUBJECT) != (name,)


async def test_given_words_of_yesterday_when_swept_then_they_are_gone_and_those_of_today_are_not(
    tmp_path: Path,
) -> None:
    says = PromptVoice(tmp_path)
    (old,), (new,) = await says.say("Van gisteren"), await says.say("Van vandaag")
    broken_off = tmp_path / "gesproken" / ".half.wav.part"
    broken_off.touch()
    for file in (tmp_path / f"{old}.wav", broken_off):
        age(file, hours=25)
    await says.forget()
    assert [file.stem for file in (tmp_path / "gesproken").iterdir()] == [new.removeprefix("gesproken/")]


async def test_given_nothing_was_ever_said_when_swept_then_nothing_happens(tmp_path: Path) -> None:
    await PromptVoice(tmp_path).forget()


@pytest.mark.parametrize("text", ["", " \n", "...", "\x00"])
async def test_given_words_that_cannot_be_spoken_then_there_is_no_prompt_and_no_word_of_it_in_the_log(
    tmp_path: Path, text: str
) -> None:
    with structlog.testing.capture_logs() as logged:
        assert await PromptVoice(tmp_path).say(text) == ()
    assert logged == [{"event": "text_not_spoken", "error": BadText.__name__, "log_level": "warning"}]


async def test_given_no_place_to_write_then_a_call_goes_on_without_the_words(tmp_path: Path) -> None:
    (tmp_path / "gesproken").touch()
    with structlog.testing.capture_logs() as logged:
        assert await PromptVoice(tmp_path).say(SUBJECT) == ()
        await PromptVoice(tmp_path).forget()
    assert [entry["event"] for entry in logged] == ["text_not_spoken", "speech_not_removed"]
    assert logged[0]["error"] == CannotWrite.__name__
    assert SUBJECT not in str(logged)


async def test_given_a_synthesizer_that_hangs_then_a_call_does_not_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(sounds_dir: Path, text: str) -> str:
        asyncio.run_coroutine_threadsafe(is_over.wait(), loop).result()
        return ""

    monkeypatch.setattr(voice, "speak_for_now", hang)
    monkeypatch.setattr(voice, "SPEAK_SECONDS", 0.01)
    assert await PromptVoice(tmp_path).say(SUBJECT) == ()
    is_over.set()


def test_of_a_long_text_whole_words_of_its_beginning_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    real = sound.speak

    def speak(text: str, voice: Voice) -> sound.Samples[int]:
        said.append(text)
        return real("kort", voice)

    monkeypatch.setattr(sound, "speak", speak)
    speak_for_now(tmp_path, "woord " * 100)
    speak_for_now(tmp_path, "x" * 1000)
    assert said == [("woord " * 50).strip(), "x" * MOST_CHARACTERS]
