"""The buttons of an operator's own state: each is a command for the controller, with the rules of keys."""

from __future__ import annotations

from uuid import UUID

from aiohttp import hdrs, web

from ari_app.core.access import Action
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import CommandId, new_command_id
from ari_app.core.operator_commands import Answer, Refused, Unanswered
from ari_app.core.operators import PauseReason
from ari_app.core.state_commands import BeReady, EndWrapUpTime, LogOff, StateCommand, TakePause, TakePauseAfterCall
from ari_app.storage.commands.asker import ask
from ari_app.web import security
from ari_app.web.call_words import answer_words
from ari_app.web.pages.answers import see_other
from ari_app.web.rendering import CHOSEN_PAUSES
from ari_app.web.site import Visit

_PLAIN: dict[str, StateCommand] = {"ready": BeReady(), "end_wrap_up": EndWrapUpTime(), "log_out": LogOff()}


async def change(visit: Visit) -> web.Response:
    """Answers a script with one line of text, and a form without one with the desk, on which that line stands.

    The page chooses the id of the command, so that a click which is sent twice is one command.
    """
    form = await security.read_form(visit.request)
    command, operator = _command(form.get("doe", "")), visit.actor.operator
    if command is None or operator is None:
        raise web.HTTPBadRequest
    scope = visit.actor.scope_of(Action.OWN_STATE)
    site = visit.site
    asked = AskedCommand(command, operator, id=_id(form.get("id", "")))
    answer = await ask(site.pool, asked, actor=f"account:{visit.actor.login}", scope=scope, answers=site.answers)
    if hdrs.ACCEPT in visit.request.headers and visit.request.headers[hdrs.ACCEPT] == "text/plain":
        return web.Response(text=answer_words(answer), status=_status(answer))
    return see_other("/" if _status(answer) == 200 else f"/?antwoord={_word(answer)}")


def _command(text: str) -> StateCommand | None:
    word, _, reason = text.partition(":")
    if word in _PLAIN and not reason:
        return _PLAIN[word]
    if reason not in CHOSEN_PAUSES:
        return None
    match word:
        case "pause":
            return TakePause(PauseReason(reason))
        case "pause_after_call":
            return TakePauseAfterCall(PauseReason(reason))
    return None


def _id(text: str) -> CommandId:
    try:
        return CommandId(UUID(text))
    except ValueError:
        return new_command_id()  # a form without a script


def _word(answer: Answer) -> str:
    match answer:
        case Refused(reason):
            return reason.value
        case Unanswered():
            return "unanswered"
    return "accepted"


def _status(answer: Answer) -> int:
    return {Refused: 409, Unanswered: 202}.get(type(answer), 200)
