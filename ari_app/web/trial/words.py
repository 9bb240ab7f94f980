"""The state of a caller's own call, in words for the caller: Dutch, B1. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.core.area import Area
from ari_app.core.call import EndReason, Stage
from ari_app.storage.calls.trial import TrialCall

_ENDS: Mapping[EndReason, str] = {
    EndReason.CALLER_HUNG_UP: "u of de medewerker hing op",
    EndReason.OPERATOR_HUNG_UP: "de medewerker hing op",
    EndReason.CALLER_LINE_LOST: "de verbinding viel weg",
    EndReason.CALLBACK_PROMISED: "u wordt teruggebeld",
    EndReason.CLOSED: "de gemeente is gesloten",
    EndReason.CALAMITY: "na de mededeling over de calamiteit",
    EndReason.NOBODY_AVAILABLE: "er is geen medewerker aangemeld",
    EndReason.WAITED_TOO_LONG: "u wachtte te lang",
    EndReason.TURNED_AWAY: "alle lijnen zijn bezet",
    EndReason.HANDLED_BY_FALLBACK: "u werd geholpen via de noodroute",
}


def state_words(call: TrialCall, area: Area) -> str:
    """One or two sentences."""
    town = None if call.municipality is None else area.municipalities.get(call.municipality)
    of_town = "" if town is None else f" van {town.name}"
    match call.stage:
        case Stage.ARRIVED:
            return "De telefoon gaat over."
        case Stage.CHOOSING:
            return "U hoort het keuzemenu. Toets het cijfer van uw gemeente."
        case Stage.ANNOUNCING:
            return "U hoort een mededeling."
        case Stage.WAITING:
            place = f" U bent nummer {call.position_told} in de rij." if call.position_told else ""
            return f"U wacht op een medewerker{of_town}.{place}"
        case Stage.CONNECTING:
            return f"Een medewerker{of_town} wordt gebeld."
        case Stage.TALKING if call.is_held:
            return "U staat in de wacht."
        case Stage.TALKING:
            return f"U bent in gesprek met een medewerker{of_town}."
        case Stage.SURVEY:
            return "Het gesprek is klaar. U hoort een paar korte vragen. Gebruik de toetsen, of hang op."
        case Stage.LEAVING_CALLBACK:
            return "U kunt een terugbelverzoek achterlaten. Luister, en gebruik de toetsen."
        case Stage.ENDED:
            return f"Het gesprek is afgelopen: {_end(call.end_reason)}."


def _end(reason: EndReason | None) -> str:
    if reason in (None, EndReason.FAULT, EndReason.LOST):
        return "er ging iets mis"
    return _ENDS.get(reason, "u hing op" if reason.is_abandoned else "u werd niet geholpen")
