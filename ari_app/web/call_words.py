"""Calls, transfers, callbacks and answers in the words of the desk: Dutch, B1. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumberFormat

from ari_app.core.area import DirectoryEntry
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.call import EndReason
from ari_app.core.callback_risks import Risk
from ari_app.core.callbacks import AttemptOutcome, CallbackFactKind, RequestState
from ari_app.core.numbers import is_fictitious
from ari_app.core.operator_commands import Accepted, Answer, Promised, RefusalReason, Refused
from ari_app.core.queue_visits import VisitReason
from ari_app.core.transfer import TransferOutcome, TransferState
from ari_app.storage.operators.card import CallCard, CardTransfer

_DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
_MONTHS = ("jan.", "feb.", "mrt.", "apr.", "mei", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "dec.")
_NOTHING = "Er is niets veranderd."
_AGAIN = f"{_NOTHING} Probeer het zo opnieuw."
_CALL_BACK_INSTEAD = "Beloof de beller dat een collega terugbelt."
SAVED = "Het nawerk is bewaard."
UNSURE = "Het is niet zeker of dit gelukt is. Kijk wat er op het scherm verandert."
#: why not, and what can be done instead
REFUSALS: Mapping[RefusalReason, str] = {
    RefusalReason.TRANSFER_LIMIT: "Deze beller is al 2 keer doorverbonden. Nog een keer mag niet. "
    "Help de beller zelf, beloof dat een collega terugbelt, of vraag uw teamleider om toestemming. "
    "Die kan het voor deze beller toestaan.",
    RefusalReason.UNKNOWN_DESTINATION: "Dit nummer kennen wij niet. Zoek de collega of afdeling op in het nummerplan.",
    RefusalReason.NOT_NOW: f"Deze collega of afdeling is nu gesloten. {_CALL_BACK_INSTEAD}",
    RefusalReason.PAID_SERVICE: "Dit nummer kost extra geld. Daar mag u niet naartoe bellen of doorverbinden.",
    RefusalReason.NO_WAY_OUT: "Naar nummers buiten kan hier niet worden gebeld. Kies een collega of afdeling.",
    RefusalReason.UNREACHABLE: f"Daar is nu geen telefoon bereikbaar. {_CALL_BACK_INSTEAD}",
    RefusalReason.ONLY_COLD: "Hier kunt u niet eerst overleggen. Kies 'Direct doorverbinden'.",
    RefusalReason.QUEUE_CLOSED: f"Deze wachtrij is nu gesloten. {_CALL_BACK_INSTEAD}",
    RefusalReason.NOBODY_THERE: f"In deze wachtrij is nu niemand aangemeld. {_CALL_BACK_INSTEAD}",
    RefusalReason.TRANSFER_OPEN: "U bent nog bezig met doorverbinden of met een gesprek. Rond dat eerst af.",
    RefusalReason.NO_TRANSFER: f"U bent niet aan het doorverbinden. {_NOTHING}",
    RefusalReason.NOT_YET: "De collega heeft nog niet opgenomen. Wacht even, of stop met doorverbinden.",
    RefusalReason.NOT_YOURS: f"U hebt deze beller niet meer. {_NOTHING}",
    RefusalReason.NO_SUCH_CALL: f"Dit gesprek is al voorbij. {_NOTHING}",
    RefusalReason.STORE_AWAY: f"De gegevens zijn niet te bereiken. {_AGAIN}",
    RefusalReason.NO_NUMBER: "Het nummer van de beller is geheim. Vraag een nummer, en vul het in.",
    RefusalReason.NO_SURVEY: "Voor deze beller zijn er nu geen vragen na het gesprek.",
    RefusalReason.NO_REQUEST: "Dit terugbelverzoek is er niet meer, of is niet voor u. Kijk in de lijst.",
    RefusalReason.NOT_A_CALLBACK: "Dit is geen gesprek waarin u terugbelt.",
    RefusalReason.EXPIRED: f"De centrale antwoordt niet. {_AGAIN}",
    RefusalReason.NOT_LOGGED_IN: "U bent niet aangemeld aan de telefoon. Bel 1400 om u aan te melden.",
    RefusalReason.LOGGED_IN: "U bent al aangemeld aan de telefoon.",
    RefusalReason.BEING_CALLED: "Iemand belt deze burger nu. Wacht tot dat klaar is.",
    RefusalReason.NO_SUCH_MUNICIPALITY: "Deze gemeente is er niet (meer).",
    RefusalReason.NONSENSE: "Dit kan niet: het houdt op voor het begint, of er staat niets in.",
    RefusalReason.NOTHING_TO_END: "Dit was al voorbij.",
    RefusalReason.NO_WRAP_UP: "Uw nawerk is al voorbij.",
    RefusalReason.PHONE_BUSY: "Dit toestel is in gesprek. Leg de hoorn neer, of kies een ander toestel.",
    RefusalReason.NO_SUCH_ACCOUNT: "Dit account is er niet (meer).",
    RefusalReason.OWN_ACCOUNT: "Uw eigen rechten kunt u niet veranderen. Vraag een andere beheerder.",
    RefusalReason.NOT_ALLOWED: f"Dit mag u niet: het gaat ook over andere gemeenten. {_NOTHING}",
    RefusalReason.LOGIN_TAKEN: "Er is al een account met deze naam. Kies een andere naam.",
    RefusalReason.SUBJECT_TAKEN: "Een ander account heeft dit kenmerk al. Haal het eerst daar weg.",
    RefusalReason.NO_SUCH_OPERATOR: "Dit nummer is niet van een medewerker van uw gemeenten.",
    RefusalReason.NO_SUCH_ROLE: "Deze rol, gemeente of dit team is er niet.",
    RefusalReason.ROLE_NOT_HELD: f"Deze rol was er al niet meer. {_NOTHING}",
    RefusalReason.LAST_ADMINISTRATOR: "Dit is de laatste beheerder. Maak eerst een andere beheerder.",
    RefusalReason.OPERATOR_TAKEN: "Een ander account heeft dit nummer al. Haal het eerst daar weg.",
    RefusalReason.CHANGED_MEANWHILE: f"Iemand anders veranderde dit intussen. {_NOTHING} Kijk wat er nu staat.",
    RefusalReason.OTHER_COMMAND: f"U vroeg hier net iets anders. {_NOTHING} Ververs de pagina en kies opnieuw.",
    RefusalReason.PHONE_TAKEN: "Op dit toestel is een collega aangemeld. Kies een ander toestel.",
}
_ENDS: Mapping[EndReason, str] = {
    EndReason.CALLER_HUNG_UP: "geholpen",
    EndReason.OPERATOR_HUNG_UP: "geholpen",
    EndReason.CALLER_LINE_LOST: "verbinding viel weg",
    EndReason.CALLBACK_NOT_ANSWERED: "teruggebeld, niet opgenomen",
    EndReason.CALLER_LEFT_IN_TRANSFER: "opgehangen tijdens doorverbinden",
    EndReason.CALLBACK_PROMISED: "terugbelverzoek gedaan",
    EndReason.CLOSED: "wij waren gesloten",
    EndReason.CALAMITY: "hoorde de calamiteit",
    EndReason.NOBODY_AVAILABLE: "niemand beschikbaar",
    EndReason.WAITED_TOO_LONG: "te lang gewacht",
    EndReason.TURNED_AWAY: "alle lijnen bezet",
    EndReason.HANDLED_BY_FALLBACK: "geholpen via de noodroute",
}
_OUTCOMES: Mapping[AttemptOutcome, str] = {
    AttemptOutcome.REACHED: "gesproken",
    AttemptOutcome.NO_ANSWER: "niet opgenomen",
    AttemptOutcome.BUSY: "in gesprek",
    AttemptOutcome.VOICEMAIL: "voicemail",
    AttemptOutcome.WRONG_NUMBER: "verkeerd nummer",
    AttemptOutcome.REFUSED: "wil niet gebeld worden",
    AttemptOutcome.FAILED: "bellen lukte niet",
    AttemptOutcome.LOST: "niet bekend",
}
RISKS: Mapping[Risk, str] = {
    Risk.OVERDUE: "te laat",
    Risk.DEADLINE_NEAR: "bijna te laat",
    Risk.DECISION: "u beslist: er wordt niet meer vanzelf gebeld",
    Risk.OWNER_ABSENT: "wie het zou doen, is afwezig",
    Risk.NOBODY_LOGGED_IN: "niemand van het team is aangemeld",
}
_TRANSFER_FAILED: Mapping[TransferOutcome, str] = {
    TransferOutcome.NO_ANSWER: "nam niet op",
    TransferOutcome.BUSY: "was in gesprek",
    TransferOutcome.UNREACHABLE: "was niet te bereiken",
    TransferOutcome.REFUSED: "nam de beller niet over",
    TransferOutcome.LOST: "verbinding viel weg",
}
REQUEST_STATES: Mapping[RequestState, str] = {
    RequestState.OPEN: "nog niet gebeld",
    RequestState.PLANNED: "al geprobeerd",
    RequestState.IN_PROGRESS: "wordt nu gebeld",
    RequestState.CLOSED: "klaar",
}
FACTS: Mapping[CallbackFactKind, str] = {
    CallbackFactKind.CREATED: "beloofd",
    CallbackFactKind.JOINED: "opnieuw gevraagd",
    CallbackFactKind.ASSIGNED: "aan iemand gegeven",
    CallbackFactKind.CLAIMED: "iemand gaat bellen",
    CallbackFactKind.RELEASED: "teruggelegd zonder te bellen",
    CallbackFactKind.LEASE_EXPIRED: "teruggelegd, het bellen duurde te lang",
    CallbackFactKind.ATTEMPT_STARTED: "gebeld",
    CallbackFactKind.ATTEMPT_ANSWERED: "er werd opgenomen",
    CallbackFactKind.TALK_BEGAN: "gesprek begonnen",
    CallbackFactKind.ATTEMPT_ENDED: "poging voorbij",
    CallbackFactKind.VIRTUAL_HOLD_LAPSED: "de plek in de wachtrij is vervallen",
    CallbackFactKind.ESCALATED: "de teamleider is gewaarschuwd",
    CallbackFactKind.REMINDED: "herinnering gestuurd",
    CallbackFactKind.CLOSED: "afgesloten",
}


def answer_words(answer: Answer, deputy_name: str | None = None) -> str:
    """What became of a command; nothing where it was done and the screen shows it."""
    match answer:
        case Refused(reason, deputy):
            return REFUSALS[reason] + ("" if deputy is None else _instead(deputy_name or "een vervanger", deputy))
        case Promised(reference, deadline_at, joined):
            how = "Er stond al een terugbelverzoek open; dit is daaraan toegevoegd." if joined else "Beloofd."
            return f"{how} Wij bellen terug vóór {day_and_hour(deadline_at)}. Kenmerk {reference}."
        case Accepted():
            return ""
    return UNSURE


def _instead(name: str, extension: str) -> str:
    return f" U kunt ook {name} proberen: {extension}."


def said_words(word: str, reference: str = "", deputy: DirectoryEntry | None = None) -> str:
    """Of the address to which a form without a script comes back; a word that is no answer says nothing."""
    if word == "promised":
        return f"Beloofd. Kenmerk {reference}." if reference.isascii() and reference.isdigit() else "Beloofd."
    known = {"unanswered": UNSURE, "saved": SAVED}
    if word in known:
        return known[word]
    if word not in set(RefusalReason):
        return ""
    instead = "" if deputy is None or deputy.extension is None else _instead(deputy.name, deputy.extension)
    return REFUSALS[RefusalReason(word)] + instead


def how_it_came(card: CallCard) -> str:
    """First, returned, or transferred: by whom and why. Names are those that the reader may know."""
    last = card.last_transfer
    if card.is_callback:
        return "u belt terug"
    if last is not None and (card.returned_at is not None or last.outcome is not TransferOutcome.COMPLETED):
        failed = _TRANSFER_FAILED.get(last.outcome) if last.outcome is not None else None
        return f"teruggekomen: {last.to_whom} {failed or 'nam de beller niet over'}"
    if card.returned_at is not None:
        return "teruggekomen, vooraan in de wachtrij"
    if last is not None and last.is_own:
        return f"u hebt doorverbonden naar {last.to_whom}"
    if last is not None:
        about = f", over {last.pii_subject}" if last.pii_subject else ""
        return f"doorverbonden door {last.from_name or 'een collega'}{about}"
    if card.visit is not None and card.visit.reason is VisitReason.TRANSFER:
        town = card.visit.from_municipality
        return f"doorverbonden uit {town}" if town else "doorverbonden door een collega"
    if card.visit is not None and card.visit.reason is VisitReason.DIRECT:
        return "belde een doorkiesnummer, dat nam niet op"
    if card.visit is not None and card.visit.reason is VisitReason.VIRTUAL_HOLD:
        return "wij bellen terug, de plek in de wachtrij was bewaard"
    return "eerste keer"


def transfer_words(transfer: CardTransfer) -> str:
    """Where a transfer is that goes on."""
    whom = transfer.to_whom
    return {
        TransferState.RINGING: f"De telefoon van {whom} gaat over. De beller hoort muziek.",
        TransferState.BRIEFING: f"{whom} heeft opgenomen, en hoort wie er belt. De beller hoort muziek.",
        TransferState.CONSULTING: f"U overlegt met {whom}. De beller hoort muziek.",
        TransferState.WITH_CALLER: f"U spreekt met de beller. {whom} hoort muziek.",
        TransferState.CONFERENCED: f"U, de beller en {whom} spreken samen.",
        TransferState.QUEUED: "De beller wacht in een andere wachtrij.",
    }.get(transfer.state, "")


def end_words(reason: EndReason | None) -> str:
    if reason is None:
        return "nog bezig"
    return _ENDS.get(reason, "opgehangen voor iemand opnam" if reason.is_abandoned else "niet geholpen")


def outcome_words(outcome: AttemptOutcome | None) -> str:
    return "nog bezig" if outcome is None else _OUTCOMES[outcome]


def phone(number: str) -> str:
    """A number as people in the Netherlands write it; any text that is no number stays as it is."""
    if is_fictitious(number) and len(number) == len("+31119555123"):
        return f"0{number[3:6]} {number[6:9]} {number[9:]}"  # no library knows how such a number is written
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    style = PhoneNumberFormat.NATIONAL if parsed.country_code == 31 else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def hour(at: datetime) -> str:
    """The time of day, without markup."""
    return f"{at.astimezone(AMSTERDAM):%H.%M} uur"


def day_and_hour(at: datetime) -> str:
    """Day and time in the Netherlands, without markup."""
    there = at.astimezone(AMSTERDAM)
    return f"{_DAYS[there.weekday()]} {there.day} {_MONTHS[there.month - 1]} {there:%H.%M} uur"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "how_it_came": how_it_came,
    "transfer_words": transfer_words,
    "end_words": end_words,
    "outcome_words": outcome_words,
    "phone": phone,
    "hour": hour,
    "state_of_request": REQUEST_STATES.__getitem__,
    "fact_words": FACTS.__getitem__,
    "risk_words": RISKS.__getitem__,
}
