"""What is said when a caller is handed over: to who asks, and to who is to take the caller. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.core.ids import MunicipalityCode
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.transfer import TransferOutcome
from ari_app.prompts.catalogue import text_prompt
from ari_app.prompts.phrases import BEEP, RING_TONE, Phrase, minutes, whisper

CONSULT_CHOICES: Phrase = (text_prompt("collega-keuzes"),)
CALLING_COLLEAGUE: Phrase = (text_prompt("collega-bellen"), RING_TONE)
ON_HOLD: Phrase = (text_prompt("in-de-wacht"),)
ALL_THREE: Phrase = (text_prompt("met-drie"),)
ACCEPT: Phrase = (text_prompt("aannemen"),)
HANDED_OVER: Phrase = (text_prompt("doorverbonden"),)
_CAME_BACK: Phrase = (text_prompt("beller-terug"),)

_OUTCOMES: Mapping[TransferOutcome, str] = {
    TransferOutcome.NO_ANSWER: "geen-gehoor",
    TransferOutcome.BUSY: "collega-bezet",
    TransferOutcome.UNREACHABLE: "collega-onbereikbaar",
    TransferOutcome.REFUSED: "collega-weg",
    TransferOutcome.LOST: "collega-weg",
}
_REFUSALS: Mapping[RefusalReason, str] = {
    RefusalReason.TRANSFER_LIMIT: "maximum-doorverbonden",
    RefusalReason.UNKNOWN_DESTINATION: "nummer-onbekend",
    RefusalReason.NOT_NOW: "nu-gesloten",
    RefusalReason.PAID_SERVICE: "betaalnummer",
    RefusalReason.NO_WAY_OUT: "niet-naar-buiten",
    RefusalReason.UNREACHABLE: "collega-onbereikbaar",
    RefusalReason.ONLY_COLD: "alleen-direct",
    RefusalReason.QUEUE_CLOSED: "nu-gesloten",
    RefusalReason.NOBODY_THERE: "niemand-aangemeld",
    RefusalReason.TRANSFER_OPEN: "al-bezig",
    RefusalReason.NO_TRANSFER: "geen-collega",
    RefusalReason.NOT_YET: "nog-niet",
    RefusalReason.NOT_YOURS: "onbekende-code",
    RefusalReason.NO_SUCH_CALL: "onbekende-code",
    RefusalReason.STORE_AWAY: "lukt-nu-niet",
    RefusalReason.NO_NUMBER: "geen-nummer",
    RefusalReason.NO_REQUEST: "geen-verzoek",
    RefusalReason.NOT_A_CALLBACK: "geen-terugbelgesprek",
}


def outcome(how: TransferOutcome) -> Phrase:
    """Why the colleague does not have the caller; nothing after a cancellation, which is no news."""
    name = _OUTCOMES.get(how)
    return () if name is None else (text_prompt(name),)


def refusal(reason: RefusalReason, deputy: str | None = None) -> Phrase:
    """Why it was not done, and whom to try instead, digit by digit."""
    instead = () if deputy is None else (text_prompt("probeer-toestel"), *(text_prompt(f"getal-{d}") for d in deputy))
    return (text_prompt(_REFUSALS[reason]), *instead)


def came_back(municipality: MunicipalityCode | None) -> Phrase:
    """Before a caller whom this operator had handed over."""
    return (*BEEP, *_CAME_BACK, *(() if municipality is None else whisper(municipality)))


def briefing(
    municipality: MunicipalityCode | None, subject: tuple[str, ...], seconds: float, *, must_accept: bool
) -> Phrase:
    """Who comes: the municipality, what it is about (prompt names), and how long the caller has been on the line."""
    whose = () if municipality is None else whisper(municipality)
    about = (text_prompt("het-gaat-over"), *subject) if subject else ()
    return (*BEEP, *whose, *about, *minutes(int(seconds // 60)), *(ACCEPT if must_accept else ()))
