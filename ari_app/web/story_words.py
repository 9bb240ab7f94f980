"""What happened in a call, in the words of the story of it: Dutch, B1. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ari_app.core.call import EndReason, Fact, FactKind, LegEndReason
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.core.transfer import TransferKind, TransferOutcome
from ari_app.web.call_words import REFUSALS, end_words
from ari_app.web.names import Names, text_of

FACTS: Mapping[FactKind, str] = {
    FactKind.ARRIVED: "De beller belt.",
    FactKind.ANSWERED_LINE: "De centrale neemt op.",
    FactKind.QUESTION_ASKED: "De beller hoort het keuzemenu.",
    FactKind.WRONG_KEY: "De beller kiest niets uit het menu.",
    FactKind.MUNICIPALITY_CHOSEN: "De gemeente is bekend",
    FactKind.ANNOUNCED: "De beller hoort een mededeling.",
    FactKind.QUEUED: "De beller komt in de wachtrij.",
    FactKind.POSITION_TOLD: "De beller hoort de plek in de wachtrij",
    FactKind.NOBODY_TOLD: "De beller hoort dat er nog niemand is.",
    FactKind.OFFERED: "Het gesprek wordt aangeboden",
    FactKind.OFFER_FAILED: "Het gesprek wordt niet aangenomen.",
    FactKind.ANSWERED: "Een medewerker neemt op",
    FactKind.CALLING_BACK: "De burger wordt teruggebeld.",
    FactKind.CALLBACK_MARKED: "De medewerker geeft de uitkomst van het terugbellen door.",
    FactKind.REQUEST_CLOSED: "Het terugbelverzoek is klaar",
    FactKind.PUT_DOWN: "De medewerker beëindigt het gesprek",
    FactKind.HELD: "De beller staat in de wacht.",
    FactKind.HELD_NO_MORE: "De beller is weer aan de lijn.",
    FactKind.TRANSFER_ASKED: "Doorverbinden begint",
    FactKind.TRANSFER_REFUSED: "Doorverbinden mag niet",
    FactKind.TRANSFER_STATE: "Doorverbinden gaat verder",
    FactKind.TRANSFERRED: "De beller is doorverbonden",
    FactKind.TRANSFER_OVER: "Doorverbinden is niet gelukt.",
    FactKind.CAME_BACK: "De beller komt terug",
    FactKind.CALLBACK_OFFERED: "De beller hoort dat terugbellen kan.",
    FactKind.CALLBACK_REQUESTED: "Beloofd: wij bellen terug",
    FactKind.CALLBACK_LIMITED: "Geen terugbelverzoek: er zijn er al genoeg.",
    FactKind.SURVEY_OFFERED: "De beller hoort of hij straks zijn mening wil geven.",
    FactKind.SURVEY_AGREED: "De beller wil na het gesprek zijn mening geven.",
    FactKind.SURVEY_QUESTION: "De beller hoort een vraag over het gesprek.",
    FactKind.SURVEY_ANSWERED: "De beller geeft antwoord op de vraag.",
    FactKind.STAGE: "Een volgende stap.",
    FactKind.RESUMED: "De centrale gaat na een storing verder.",
    FactKind.TO_FALLBACK: "De noodroute neemt het over.",
    FactKind.NOTED: "Een aantekening.",
    FactKind.ENDED: "Einde",
}
LEG_ENDS: Mapping[LegEndReason, str] = {
    LegEndReason.HUNG_UP: "hing op",
    LegEndReason.RELEASED: "gesprek was klaar",
    LegEndReason.NO_ANSWER: "nam niet op",
    LegEndReason.BUSY: "was in gesprek",
    LegEndReason.UNREACHABLE: "was niet te bereiken",
    LegEndReason.TO_FALLBACK: "ging naar de noodroute",
    LegEndReason.LINE_LOST: "verbinding viel weg",
    LegEndReason.LOST: "niet bekend",
}
VISIT_REASONS: Mapping[VisitReason, str] = {
    VisitReason.MENU: "eerste keer",
    VisitReason.DIRECT: "doorkiesnummer nam niet op",
    VisitReason.TRANSFER: "doorverbonden",
    VisitReason.RETURNED: "teruggekomen, vooraan",
    VisitReason.VIRTUAL_HOLD: "plek was bewaard",
}
VISIT_OUTCOMES: Mapping[VisitOutcome, str] = {
    VisitOutcome.ANSWERED: "medewerker nam op",
    VisitOutcome.ABANDONED: "beller hing op",
    VisitOutcome.CALLBACK: "terugbelverzoek",
    VisitOutcome.VIRTUAL_HOLD: "hing op, plek bewaard",
    VisitOutcome.WAITED_TOO_LONG: "te lang gewacht",
    VisitOutcome.NOBODY_AVAILABLE: "niemand beschikbaar",
    VisitOutcome.MOVED: "naar een andere wachtrij",
    VisitOutcome.NOT_REACHED: "nam niet op bij terugbellen",
    VisitOutcome.GIVEN_UP: "terugbellen lukte niet",
    VisitOutcome.FALLBACK: "naar de noodroute",
    VisitOutcome.LOST: "niet bekend",
}
TRANSFER_KINDS: Mapping[TransferKind, str] = {
    TransferKind.WARM: "eerst overleggen",
    TransferKind.COLD: "direct",
    TransferKind.QUEUE: "naar wachtrij",
}
TRANSFER_OUTCOMES: Mapping[TransferOutcome, str] = {
    TransferOutcome.COMPLETED: "gelukt",
    TransferOutcome.NO_ANSWER: "niet opgenomen",
    TransferOutcome.BUSY: "in gesprek",
    TransferOutcome.UNREACHABLE: "niet te bereiken",
    TransferOutcome.REFUSED: "beller niet overgenomen",
    TransferOutcome.CANCELLED: "gestopt",
    TransferOutcome.CALLER_LEFT: "beller hing op",
    TransferOutcome.LOST: "niet bekend",
}
NOT_YET = "nog bezig"
#: the details that say something to a supervisor
_PARTIES = {
    FactKind.ANSWERED: "by",
    FactKind.PUT_DOWN: "by",
    FactKind.TRANSFER_ASKED: "to",
    FactKind.TRANSFER_STATE: "to",
    FactKind.TRANSFERRED: "to",
}
_PLAIN = {
    FactKind.POSITION_TOLD: "position",
    FactKind.REQUEST_CLOSED: "reference",
    FactKind.CALLBACK_REQUESTED: "reference",
}


def fact_words(fact: Fact, names: Names) -> str:
    """One sentence. A detail that names anything outside the readers' scope is left out."""
    words, more = FACTS[fact.kind], _more(fact, names)
    if not more:
        return words if words.endswith(".") else f"{words}."
    return f"{words.removesuffix('.')}: {more}{'' if more.endswith('.') else '.'}"


def _more(fact: Fact, names: Names) -> str:
    detail, kind = fact.detail, fact.kind
    if kind is FactKind.MUNICIPALITY_CHOSEN:
        return names.town(text_of(detail, "municipality"))
    if kind is FactKind.OFFERED:
        return names.operator(text_of(detail, "operator")) or "een toestel"
    if kind is FactKind.TRANSFER_REFUSED:
        reason = text_of(detail, "reason")
        return REFUSALS[RefusalReason(reason)] if reason in set(RefusalReason) else ""
    if kind is FactKind.CAME_BACK:
        to = text_of(detail, "to")
        return "vooraan in de wachtrij" if to == "queue" else names.party(to)
    if kind is FactKind.ENDED:
        reason = text_of(detail, "reason")
        return end_words(EndReason(reason)) if reason in set(EndReason) else ""
    if kind in _PARTIES:
        party = text_of(detail, _PARTIES[kind])
        return "" if party is None else names.party(party)
    if kind in _PLAIN:
        value = detail.get(_PLAIN[kind])
        return "" if value is None else str(value)
    return ""


def _or_not_yet(words: Mapping[Any, str]) -> Callable[[Any], str]:
    return lambda value: NOT_YET if value is None else words[value]


FILTERS: Mapping[str, Callable[..., Any]] = {
    "leg_end": _or_not_yet(LEG_ENDS),
    "visit_reason": VISIT_REASONS.__getitem__,
    "visit_outcome": _or_not_yet(VISIT_OUTCOMES),
    "transfer_kind": TRANSFER_KINDS.__getitem__,
    "transfer_outcome": _or_not_yet(TRANSFER_OUTCOMES),
}
