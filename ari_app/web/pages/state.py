"""The buttons of an operator's own state: each is a command for the controller, with the rules of keys."""

from __future__ import annotations

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.operators import PauseReason
from ari_app.core.state_commands import BeReady, EndWrapUpTime, LogOff, StateCommand, TakePause, TakePauseAfterCall
from ari_app.web import security
from ari_app.web.pages.commands import answered, ask_controller
from ari_app.web.rendering import CHOSEN_PAUSES
from ari_app.web.site import Visit

_PLAIN: dict[str, StateCommand] = {"ready": BeReady(), "end_wrap_up": EndWrapUpTime(), "log_out": LogOff()}


async def change(visit: Visit) -> web.Response:
    """One button."""
    form = await security.read_form(visit.request)
    command = _command(form.get("doe", ""))
    if command is None:
        raise web.HTTPBadRequest
    return answered(visit, await ask_controller(visit, Action.OWN_STATE, command, form.get("id", "")))


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
