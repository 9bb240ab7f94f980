"""What is heard, as text: every prompt that a caller can hear has one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ari_app.core.area import AfterCalamity, Area, Calamity, Municipality
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.catalogue import load, said_prompt
from ari_app.prompts.phrases import caller
from ari_app.prompts.transcript import OWN_RECORDING, UNKNOWN, text_of

pytestmark = pytest.mark.pure

WIJCHEN = MunicipalityCode("GM9906")
TEXT = "Door een storing zijn wij slecht te bereiken."
CALAMITY = Calamity(WIJCHEN, datetime(2026, 11, 30, tzinfo=UTC), None, TEXT, AfterCalamity.QUEUE, "test")
AREA = Area(municipalities={WIJCHEN: Municipality(WIJCHEN, "Wijchen", spoken="Wiechen")}, calamities=(CALAMITY,))


def test_every_text_of_the_catalogue_is_read_as_it_is_spoken() -> None:
    catalogue = load()
    for name, text in catalogue.prompts().items():
        assert text_of(AREA, name) == text
    for name in catalogue.prompts_for(WIJCHEN, "Wijchen"):
        assert "Wijchen" in text_of(AREA, name), "as it is written, and not as it is spelt for the synthesizer"


def test_a_calamity_is_read_and_so_are_a_recording_and_the_tones() -> None:
    assert [text_of(AREA, name) for name in caller.calamity(TEXT)][1] == TEXT
    assert text_of(AREA, f"municipality/{WIJCHEN}/welkom") == f"{OWN_RECORDING}Welkom."
    assert "Wijchen" in text_of(AREA, f"municipality/{WIJCHEN}/verbinden")
    assert text_of(AREA, "toon/piep") == "(piep)"


@pytest.mark.parametrize(
    "prompt",
    [said_prompt("Een andere tekst"), "gesproken/0a0a", "gemeente/GM9999/menu", "nl/nergens", "", "/", "a/b/c/d"],
)
def test_of_other_sound_it_is_said_that_there_is_no_text(prompt: str) -> None:
    assert text_of(AREA, prompt) == UNKNOWN
