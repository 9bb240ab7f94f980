"""The catalogue of Dutch texts, by prompt name.

The name of a prompt is the path of its sound file without extension. `nl/tot-later` is a text of the catalogue,
`gemeente/GM9901/menu` a text with a municipality's name, `toon/piep` a tone, and `said/…` a free text.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.errors import BadCatalogue, BadText

TEXT_PLACE = "nl"
MUNICIPALITY_PLACE = "gemeente"
SAID_PLACE = "said"
SPOKEN_PLACE = "gesproken"  # free texts that may be about a person, kept for a day
TONE_PLACE = "toon"
RECORDINGS_PLACE = "municipality"  # a directory per municipality, with its own recordings
MAX_TEXT_LENGTH = 2000  # characters; about two and a half minutes of speech

_TEXT_SECTIONS = ("caller", "waiting", "survey", "callback", "operator", "desk", "promise", "date")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
# fmt: off
_ONES = (
    "nul", "één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien", "elf", "twaalf", "dertien",
    "veertien", "vijftien", "zestien", "zeventien", "achttien", "negentien",
)
# fmt: on
_TENS = ("", "", "twintig", "dertig", "veertig", "vijftig", "zestig", "zeventig", "tachtig", "negentig")


@dataclass(frozen=True, slots=True)
class Voice:
    """The voice of the synthesizer."""

    language: str
    words_per_minute: int
    pitch: int  # 0 to 99
    word_gap_ms: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every text by its name, and the texts that are spoken once per municipality."""

    voice: Voice
    texts: Mapping[str, str]
    municipality_texts: Mapping[str, str]  # with {name}

    def prompts_for(self, code: MunicipalityCode, name: str) -> dict[str, str]:
        """Prompt name → text, of one municipality. Raises BadText."""
        checked_code(code)
        spoken = speakable(name)
        texts = self.municipality_texts.items()
        return {municipality_prompt(code, key): text.format(name=spoken) for key, text in texts}

    def prompts(self) -> dict[str, str]:
        """Prompt name → text, of the texts that are the same for all municipalities."""
        return {text_prompt(key): text for key, text in self.texts.items()}


@cache
def load() -> Catalogue:
    """The catalogue that ships with the program. Raises BadCatalogue."""
    text = resources.files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    return parse(tomllib.loads(text))


def parse(document: Mapping[str, Any]) -> Catalogue:
    """Expand a catalogue document. Raises BadCatalogue."""
    texts: dict[str, str] = {}
    for section in _TEXT_SECTIONS:
        for name, text in document[section].items():
            _add(texts, name, text)
    for series in document["series"]:
        for n in range(series["from"], series["to"] + 1):
            _add(texts, series["name"].format(n=n), series["text"].format(n=n, words=number_words(n)))
    municipality_texts: dict[str, str] = {}
    for name, text in document["municipality"].items():
        if name in texts:
            raise BadCatalogue(f"catalogue.toml has {name!r} for all and once more per municipality: rename one")
        _add(municipality_texts, name, text)
    return Catalogue(Voice(**document["voice"]), texts, municipality_texts)


def _add(texts: dict[str, str], name: str, text: str) -> None:
    if name in texts:
        raise BadCatalogue(f"catalogue.toml has {name!r} twice: rename one")
    texts[name] = text


def number_words(n: int) -> str:
    """The Dutch word of a number from 0 to 100."""
    if not 0 <= n <= 100:
        raise ValueError(f"no word for {n}: 0 to 100")
    if n == 100:
        return "honderd"
    if n < 20:
        return _ONES[n]
    tens, ones = divmod(n, 10)
    if ones == 0:
        return _TENS[tens]
    one = "een" if ones == 1 else _ONES[ones]
    return f"{one}{'ën' if one.endswith('e') else 'en'}{_TENS[tens]}"


def text_prompt(name: str) -> str:
    return f"{TEXT_PLACE}/{name}"


def municipality_prompt(code: MunicipalityCode, name: str) -> str:
    return f"{MUNICIPALITY_PLACE}/{code}/{name}"


def said_prompt(text: str) -> str:
    """The prompt name of a free text, derived from its content: the same text is one file."""
    digest = hashlib.sha256(_on_one_line(text).encode()).hexdigest()
    return f"{SAID_PLACE}/{digest[:24]}"


def checked_code(code: MunicipalityCode) -> MunicipalityCode:
    """The code, after a check that it can be part of a path. Raises BadText."""
    if not _CODE.fullmatch(code):
        raise BadText(f"municipality code {code!r} cannot be a file name: use letters, digits, - and _")
    return code


def speakable(text: str) -> str:
    """The text for the synthesizer: on one line, without phoneme codes. Raises BadText."""
    spoken = _on_one_line(text)
    if not any(c.isalnum() for c in spoken):
        raise BadText(f"there is nothing to say in {text!r}: write a text with words")
    if len(spoken) > MAX_TEXT_LENGTH:
        raise BadText(f"the text has {len(spoken)} characters; {MAX_TEXT_LENGTH} is the limit: shorten it")
    return spoken


def _on_one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).replace("[[", " ").split())
