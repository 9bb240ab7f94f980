"""Prompts for an operator: at login, between calls, before a caller, and during a transfer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ari_app.core.ids import MunicipalityCode
from ari_app.core.keypad import Awaited, KeyCommand, LogOutKey, PauseKey, ResumeKey, UnknownCode
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.operators import OperatorState, PauseReason
from ari_app.core.state_commands import BeReady, LogOff, StateCommand, TakePause
from ari_app.core.transfer import TransferOutcome
from ari_app.prompts.catalogue import TONE_PLACE, text_prompt
from ari_app.prompts.phrases.parts import BEEP, MUSIC, RING_TONE, Phrase, digits, municipality_name, texts

# At login and between calls
ASK_OPERATOR_NUMBER: Phrase = texts("inlog-nummer")
ASK_PIN: Phrase = texts("inlog-pincode")
LOGIN_WRONG: Phrase = texts("inlog-fout")
LOGIN_CLOSED: Phrase = texts("inlog-gesloten")
RING_TEAM: Phrase = texts("belteam")
READY: Phrase = texts("klaar")  # after a pause or wrap-up
WRAP_UP: Phrase = texts("nawerk")
ASK_PAUSE_REASON: Phrase = texts("pauze-reden")
PAUSE_AFTER_CALL: Phrase = texts("straks-pauze")
LOGOUT_AFTER_CALL: Phrase = texts("straks-afgemeld")
READY_AFTER_CALL: Phrase = texts("straks-klaar")
LOGGED_OUT: Phrase = texts("afgemeld")
REPLACED: Phrase = texts("elders-aangemeld")
STILL_TALKING: Phrase = texts("nog-in-gesprek")  # on another phone
UNKNOWN_CODE: Phrase = texts("onbekende-code")
FINISH_WITH_HASH: Phrase = texts("rond-af")
ONE_MORE_DIGIT: Phrase = texts("nog-een-cijfer")
BY_SUPERVISOR: Phrase = texts("door-teamleider")
DIAL_IN_AGAIN: Phrase = texts("opnieuw-inbellen")
OUT_OF_ORDER: Phrase = texts("storing-bel-later")
CALLER_LEFT: Phrase = (f"{TONE_PLACE}/piep-einde",)

# During a transfer
CONSULT_CHOICES: Phrase = texts("collega-keuzes")
CALLING_COLLEAGUE: Phrase = (*texts("collega-bellen"), RING_TONE)
COLLEAGUE_BRIEFED: Phrase = (*texts("collega-luistert"), MUSIC)
ON_HOLD: Phrase = texts("in-de-wacht")
ALL_THREE: Phrase = texts("met-drie")
SURVEY_FOLLOWS: Phrase = texts("vragen-volgen")
TRANSFERRED: Phrase = texts("doorverbonden")
_CAME_BACK: Phrase = texts("beller-terug")

_PAUSES: Mapping[PauseReason, str] = {
    PauseReason.BREAK: "pauze-pauze",
    PauseReason.LUNCH: "pauze-lunch",
    PauseReason.MEETING: "pauze-overleg",
    PauseReason.TRAINING: "pauze-training",
    PauseReason.ADMINISTRATION: "pauze-administratie",
    PauseReason.NO_ANSWER: "pauze-geen-antwoord",
    PauseReason.ON_HOLD: "pauze-toestel-wacht",
}
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
    RefusalReason.NO_SURVEY: "geen-vragen",
    RefusalReason.EXPIRED: "lukt-nu-niet",
    RefusalReason.NOT_LOGGED_IN: "onbekende-code",
    RefusalReason.LOGGED_IN: "onbekende-code",
    RefusalReason.NO_WRAP_UP: "onbekende-code",
    RefusalReason.BEING_CALLED: "lukt-nu-niet",
    RefusalReason.NO_SUCH_MUNICIPALITY: "onbekende-code",
    RefusalReason.NONSENSE: "onbekende-code",
    RefusalReason.NOTHING_TO_END: "onbekende-code",
    RefusalReason.PHONE_BUSY: "onbekende-code",
    RefusalReason.PHONE_TAKEN: "onbekende-code",
    RefusalReason.NO_SUCH_ACCOUNT: "onbekende-code",
    RefusalReason.OWN_ACCOUNT: "onbekende-code",
    RefusalReason.NOT_ALLOWED: "onbekende-code",
    RefusalReason.LOGIN_TAKEN: "onbekende-code",
    RefusalReason.SUBJECT_TAKEN: "onbekende-code",
    RefusalReason.NO_SUCH_OPERATOR: "onbekende-code",
    RefusalReason.NO_SUCH_ROLE: "onbekende-code",
    RefusalReason.CHANGED_MEANWHILE: "onbekende-code",
    RefusalReason.ROLE_NOT_HELD: "onbekende-code",
    RefusalReason.LAST_ADMINISTRATOR: "onbekende-code",
    RefusalReason.OPERATOR_TAKEN: "onbekende-code",
    RefusalReason.OTHER_COMMAND: "onbekende-code",
}


def logged_in_for(municipalities: Iterable[MunicipalityCode]) -> Phrase:
    """ "U bent aangemeld voor A, B en C"."""
    names = [name for code in municipalities for name in municipality_name(code)]
    if len(names) > 1:
        names.insert(-1, text_prompt("en"))
    return (*texts("aangemeld-voor"), *names) if names else texts("aangemeld")


def in_talk(command: KeyCommand) -> Phrase:
    """The few words for a key in a talk that takes effect after it; nothing for a key that is answered otherwise."""
    match command:
        case PauseKey(None) | UnknownCode():
            return UNKNOWN_CODE
        case PauseKey():
            return PAUSE_AFTER_CALL
        case ResumeKey():
            return READY_AFTER_CALL
        case LogOutKey():
            return LOGOUT_AFTER_CALL
        case _:
            return ()


def incomplete_code(awaited: Awaited) -> Phrase:
    """The keys that a code still needs, after a moment without one."""
    return FINISH_WITH_HASH if awaited is Awaited.HASH else ONE_MORE_DIGIT


def by_supervisor(command: StateCommand, *, is_in_talk: bool) -> Phrase:
    """That somebody else changed the operator's state, and to what."""
    match command:
        case BeReady():
            return (*BY_SUPERVISOR, *(READY_AFTER_CALL if is_in_talk else READY))
        case TakePause(reason):
            return (*BY_SUPERVISOR, *(PAUSE_AFTER_CALL if is_in_talk else paused(reason)))
        case LogOff():
            return (*BY_SUPERVISOR, *LOGOUT_AFTER_CALL)
        case _:
            return BY_SUPERVISOR


def paused(reason: PauseReason) -> Phrase:
    """That the operator is in this pause now, and the key that ends it."""
    return texts(_PAUSES[reason])


def after_talk(state: OperatorState, pause: PauseReason | None) -> Phrase:
    """That wrap-up time or a pause begins; nothing where the next call may follow at once."""
    if state is OperatorState.WRAP_UP:
        return WRAP_UP
    return paused(pause) if state is OperatorState.PAUSED and pause is not None else ()


def whisper(municipality: MunicipalityCode | None) -> Phrase:
    """A beep and the municipality's name, before the caller is heard; the beep alone where none is known."""
    return (*BEEP, *(() if municipality is None else municipality_name(municipality)))


def came_back(municipality: MunicipalityCode | None) -> Phrase:
    """Before a caller comes back whom this operator had transferred."""
    return (*BEEP, *_CAME_BACK, *(() if municipality is None else municipality_name(municipality)))


def outcome(how: TransferOutcome) -> Phrase:
    """Why the colleague does not have the caller; nothing after a cancellation, which the operator asked for."""
    name = _OUTCOMES.get(how)
    return () if name is None else texts(name)


def refusal(reason: RefusalReason, deputy: str | None = None) -> Phrase:
    """Why a command was refused, and the deputy's extension to try instead, digit by digit."""
    instead = () if deputy is None else (*texts("probeer-toestel"), *digits(deputy))
    return (*texts(_REFUSALS[reason]), *instead)
