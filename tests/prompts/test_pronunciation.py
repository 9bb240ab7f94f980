"""A municipality's `spoken` spelling is used in every sound, and shown nowhere."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import pytest

from ari_app.core.area import Area, Municipality
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import build, sound
from ari_app.prompts.catalogue import Catalogue, Voice, load, said_prompt
from ari_app.prompts.listening import listen
from ari_app.prompts.pronunciation import as_written, pronunciation_of
from ari_app.prompts.voice import PromptVoice, make_prompts

pytestmark = pytest.mark.pure

WIJCHEN, CUIJK, LANGE = MunicipalityCode("GM9901"), MunicipalityCode("GM9902"), MunicipalityCode("GM9903")
AREA = Area(
    municipalities={
        WIJCHEN: Municipality(WIJCHEN, "Wijchen", "Wiechen", ("Oud-Wijchen", "Alver")),
        CUIJK: Municipality(CUIJK, "Land van Wijchen", "Land van de Wiechens"),
        LANGE: Municipality(LANGE, "Lindenhove"),
    }
)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("De brug in Wijchen is dicht.", "De brug in Wiechen is dicht."),
        ("WIJCHEN, wijchen!", "Wiechen, Wiechen!"),
        ("Wijchenaren horen dit niet.", "Wijchenaren horen dit niet."),
        ("Het Land van Wijchen en Wijchen", "Het Land van de Wiechens en Wiechen"),
        ("Lindenhove blijft Lindenhove.", "Lindenhove blijft Lindenhove."),
    ],
)
def test_a_name_in_a_free_text_is_spelled_as_it_is_spoken(text: str, spoken: str) -> None:
    assert pronunciation_of(AREA)(text) == spoken


def test_without_spoken_names_a_text_stays_as_it_is() -> None:
    assert pronunciation_of(Area()) is as_written
    assert as_written("Wijchen") == "Wijchen"


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the synthesizer gets, in their order."""
    texts: list[str] = []

    def speak(text: str, voice: Voice) -> sound.Samples[int]:
        texts.append(text)
        return sound.silence(0.5)

    monkeypatch.setattr(sound, "speak", speak)
    return texts


async def test_every_sound_of_an_area_uses_the_spoken_name(tmp_path: Path, spoken: list[str]) -> None:
    small = Catalogue(load().voice, {}, {"naam": "{name},"})
    text = "Geen water in Wijchen."
    names = [(town.code, town.spoken_name) for town in AREA.municipalities.values()]
    build(tmp_path, names, [text], pronounce=pronunciation_of(AREA), catalogue=small)
    assert sorted(spoken) == ["Geen water in Wiechen.", "Land van de Wiechens,", "Lindenhove,", "Wiechen,"]
    assert (tmp_path / f"{said_prompt(text)}.wav").is_file(), "found by the text as it was written"
    spoken.clear()
    await PromptVoice(tmp_path, lambda: AREA).say("paspoort in Wijchen")
    assert spoken == ["paspoort in Wiechen"]


async def test_given_another_spelling_then_only_the_texts_with_that_name_are_made_again(
    tmp_path: Path, spoken: list[str]
) -> None:
    await make_prompts(tmp_path, AREA)
    spoken.clear()
    town = replace(AREA.municipalities[WIJCHEN], spoken="Wiegen")
    await make_prompts(tmp_path, replace(AREA, municipalities={**AREA.municipalities, WIJCHEN: town}))
    assert spoken
    assert all("Wiegen" in text for text in spoken)


def test_the_length_of_a_prompt_is_known_from_its_file(tmp_path: Path) -> None:
    sound.write(tmp_path / "nl" / "welkom.wav", sound.silence(1.5))
    voice = PromptVoice(tmp_path)
    assert voice.seconds(("nl/welkom", "nl/bestaat-niet", "nl/welkom"), None) == 3.0
    assert voice.seconds((), None) == 0.0


def test_all_names_of_an_area_are_heard_in_one_sound(tmp_path: Path, spoken: list[str]) -> None:
    own = tmp_path / "municipality" / LANGE / "naam.wav"
    sound.write(own, sound.silence(2.0))
    samples, heard = listen(AREA, tmp_path)
    assert [(one.name, one.spoken) for one in heard] == [
        ("Land van Wijchen", "Land van de Wiechens"),
        ("Lindenhove", None),
        ("Wijchen", "Wiechen"),
        ("Oud-Wijchen", "Oud-Wiechen"),
        ("Alver", "Alver"),
    ]
    assert [round(one.at_seconds, 1) for one in heard] == [0.0, 1.3, 4.1, 5.4, 6.7]
    assert len(samples) / sound.RATE == pytest.approx(8.0)
    assert spoken == ["Land van de Wiechens", "Wiechen", "Oud-Wiechen", "Alver"]


def test_the_voice_is_the_one_that_is_understood_best_over_a_telephone(tmp_path: Path) -> None:
    assert load().voice.language == "nl+klatt2"
    sound.write(tmp_path / "klatt.wav", sound.speak("Welkom.", load().voice))
    sound.write(tmp_path / "plain.wav", sound.speak("Welkom.", replace(load().voice, language="nl")))
    with wave.open(str(tmp_path / "klatt.wav")) as klatt, wave.open(str(tmp_path / "plain.wav")) as plain:
        assert klatt.readframes(8000) != plain.readframes(8000), "the variant is installed"
