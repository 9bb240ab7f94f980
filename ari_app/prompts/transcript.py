"""The texts of prompts by their names: what is heard, to be read beside it. Pure."""

from __future__ import annotations

from ari_app.core.area import Area
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.catalogue import MUNICIPALITY_PLACE, RECORDINGS_PLACE, TEXT_PLACE, load, said_prompt
from ari_app.prompts.phrases.parts import BEEP, MUSIC, RING_TONE

_SOUNDS = {BEEP[0]: "(piep)", RING_TONE: "(de telefoon gaat over)", MUSIC: "(muziek)"}
#: of a sound whose text nobody kept, such as one about a person
UNKNOWN = "(hiervan is geen tekst)"
OWN_RECORDING = "(eigen opname van de gemeente, in plaats van:) "


def text_of(area: Area, prompt: str) -> str:
    """The text of a prompt of this area, in Dutch. A recording of a municipality's own stands for a text of ours."""
    if prompt in _SOUNDS:
        return _SOUNDS[prompt]
    match prompt.split("/"):
        case [place, key] if place == TEXT_PLACE:
            return load().texts.get(key, UNKNOWN)
        case [place, code, key] if place == MUNICIPALITY_PLACE:
            return _of_town(area, MunicipalityCode(code), key) or UNKNOWN
        case [place, code, key] if place == RECORDINGS_PLACE:
            replaced = load().texts.get(key) or _of_town(area, MunicipalityCode(code), key)
            return UNKNOWN if replaced is None else f"{OWN_RECORDING}{replaced}"
    return next((one.text for one in area.calamities if said_prompt(one.text) == prompt), UNKNOWN)


def _of_town(area: Area, code: MunicipalityCode, key: str) -> str | None:
    town, text = area.municipalities.get(code), load().municipality_texts.get(key)
    return None if town is None or text is None else text.format(name=town.name)
