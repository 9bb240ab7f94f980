"""The buttons of the call card and of the directory: each is one command about the caller whom the operator has."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.area import Area
from ari_app.core.callbacks import AttemptOutcome
from ari_app.core.ids import CallId, MunicipalityCode
from ari_app.core.operator_commands import (
    CloseRequest,
    Command,
    HoldOrResume,
    MarkCallback,
    OfferSurvey,
    PutDown,
    RefusalReason,
    Refused,
    StartTransfer,
    TransferToQueue,
)
from ari_app.core.scripts import subject_code
from ari_app.core.supervisor_commands import AskAllowance
from ari_app.core.transfer import CancelTransfer, CompleteTransfer, Conference, SwapParties, TransferKind
from ari_app.core.wrap_ups import WrapUp
from ari_app.storage.scripts.search import script_subjects
from ari_app.web import security
from ari_app.web.call_words import SAVED
from ari_app.web.lengths import LONGEST_DESTINATION, LONGEST_SUBJECT
from ari_app.web.pages.commands import answered, ask_controller, call_id_of, card_of, note_of
from ari_app.web.site import Visit

#: what a person types for a transfer
#: the marks that only a listener can give
MARKS = (AttemptOutcome.VOICEMAIL, AttemptOutcome.WRONG_NUMBER, AttemptOutcome.REFUSED)
RESULTS = {
    "beantwoord": "Vraag beantwoord",
    "doorverbonden": "Doorverbonden",
    "terugbelverzoek": "Terugbelverzoek gemaakt",
    "verwezen": "Verwezen naar website of andere organisatie",
    "niet_beantwoord": "Niet beantwoord",
}
#: so many subjects fit in a list that is chosen from
MOST_SUBJECTS = 200
_PLAIN: dict[str, Command | AskAllowance] = {
    "ask_allowance": AskAllowance(),
    "hold": HoldOrResume(is_for_hold=True),
    "resume": HoldOrResume(is_for_hold=False),
    "put_down": PutDown(),
    "offer_survey": OfferSurvey(),
    "swap": SwapParties(),
    "conference": Conference(),
    "complete": CompleteTransfer(),
    "cancel": CancelTransfer(),
    "close_request": CloseRequest(),
    **{f"mark:{outcome.value}": MarkCallback(outcome) for outcome in MARKS},
}


async def act(visit: Visit) -> web.Response:
    """One button. A transfer that AV §2 does not allow is refused here already, before anything is tried."""
    form = await security.read_form(visit.request)
    command, call_id = _command(form), call_id_of(form.get("gesprek", ""))
    if command is None or call_id is None:
        raise web.HTTPBadRequest
    if isinstance(command, StartTransfer | TransferToQueue) and not await _may_transfer(visit, call_id):
        return answered(visit, Refused(RefusalReason.TRANSFER_LIMIT))
    return answered(visit, await ask_controller(visit, Action.CALL, command, form.get("id", ""), call_id))


async def wrap_up(visit: Visit) -> web.Response:
    """What the talk was about; sent again, the last one counts."""
    form = await security.read_form(visit.request)
    call_id = call_id_of(form.get("gesprek", ""))
    result, subject = form.get("resultaat", ""), form.get("onderwerp", "")
    if call_id is None or result not in {"", *RESULTS} or subject not in {"", *await subjects_for(visit)}:
        raise web.HTTPBadRequest
    try:
        command = WrapUp(subject, result, note_of(form))
    except ValueError:
        raise web.HTTPBadRequest from None
    answer = await ask_controller(visit, Action.CALL, command, form.get("id", ""), call_id)
    return answered(visit, answer, done=SAVED)


async def subjects_for(visit: Visit) -> dict[str, str]:
    """The subjects that a call may have had, each by its code: of the directory, and of the scripts."""
    area, towns = visit.site.area.current, visit.site.area.towns_of(visit.actor, Action.CALL)
    said = await script_subjects(visit.site.pool, towns, MOST_SUBJECTS)
    found = subjects_of(area, towns) | {code: one for one in said if (code := subject_code(one))}
    return dict(sorted(found.items(), key=lambda one: one[1].casefold()))


def subjects_of(area: Area, towns: Collection[MunicipalityCode]) -> dict[str, str]:
    """The subjects of these municipalities, which are those of their directory, each by its code."""
    said = {entry.subject for entry in area.entries.values() if entry.subject and entry.municipality in towns}
    found = {code: subject for subject in sorted(said) if (code := subject_code(subject))}
    return dict(list(found.items())[:MOST_SUBJECTS])


def _command(form: dict[str, str]) -> Command | AskAllowance | None:
    what, to = form.get("doe", ""), form.get("naar", "").strip()
    if what in _PLAIN:
        return _PLAIN[what]
    if not to or len(to) > LONGEST_DESTINATION:
        return None
    subject = form.get("over", "").strip()[:LONGEST_SUBJECT]
    match what:
        case "warm" | "cold":
            return StartTransfer(TransferKind(what), to, subject)
        case "queue":
            return TransferToQueue(to)
    return None


async def _may_transfer(visit: Visit, call_id: CallId) -> bool:
    """By the row of now; a call that is not on the card is for the controller to judge."""
    card = await card_of(visit)
    return card is None or card.call_id != call_id or card.may_transfer
