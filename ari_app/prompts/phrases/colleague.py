"""Prompts for a colleague before a caller is transferred to them. Pure."""

from __future__ import annotations

from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.phrases.operator import whisper
from ari_app.prompts.phrases.parts import Phrase, texts

ACCEPT: Phrase = texts("aannemen")
_MOST_MINUTES = 59


def briefing(
    municipality: MunicipalityCode | None, subject: Phrase, waited_seconds: float, *, must_accept: bool
) -> Phrase:
    """The municipality, the subject (prompt names), and how long the caller has been on the line."""
    about = (*texts("het-gaat-over"), *subject) if subject else ()
    return (*whisper(municipality), *about, *minutes(int(waited_seconds // 60)), *(ACCEPT if must_accept else ()))


def minutes(n: int) -> Phrase:
    """How many minutes a caller has been on the line; from an hour on, that it is an hour or more."""
    match n:
        case 0:
            return texts("aan-de-lijn-kort")
        case _ if n <= _MOST_MINUTES:
            return texts(f"aan-de-lijn-{n}")
        case _:
            return texts("aan-de-lijn-lang")
