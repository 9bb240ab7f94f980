"""Asking the controller for what a form says, and its answer to the one who sent it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import hdrs, web

from ari_app.core.access import Action
from ari_app.core.commands import AnyCommand, AskedCommand
from ari_app.core.ids import CallId, CommandId, new_command_id
from ari_app.core.operator_commands import Accepted, Answer, Promised, Refused, Unanswered
from ari_app.storage.commands.asker import ask
from ari_app.storage.operators.card import CallCard, call_cards
from ari_app.web.call_words import answer_words
from ari_app.web.pages.answers import see_other
from ari_app.web.site import Visit

#: what the script of the desk says that it takes
OF_SCRIPT = "text/plain"


async def ask_controller(
    visit: Visit, action: Action, command: AnyCommand, command_id: str, call_id: CallId | None = None
) -> Answer:
    """In the name of the operator whose account it is.

    The page chooses the id, so that a click which is sent twice is one command; a form without a script has none.
    Raises HTTPBadRequest for an account without a number.
    """
    site, actor = visit.site, visit.actor
    if actor.operator is None:
        raise web.HTTPBadRequest
    asked = AskedCommand(command, actor.operator, call_id, command_id_of(command_id))
    scope = actor.scope_of(action)
    return await ask(site.pool, asked, actor=f"account:{actor.login}", scope=scope, answers=site.answers)


async def card_of(visit: Visit) -> CallCard | None:
    """The caller whom the visitor's operator has, is offered, or had until the wrap-up. Raises StoreUnavailable."""
    operator = visit.actor.operator
    if operator is None:
        return None
    site, scope = visit.site, visit.actor.scope_of(Action.CALL)
    return (await call_cards(site.pool, scope, {operator}, site.now())).get(operator)


def answered(visit: Visit, answer: Answer, *, why: str = "", done: str = "") -> web.Response:
    """One line of text for a script; for a form without one the desk, on which that line stands.

    `why`: the reason of a refusal that is known better here; `done`: what to say of something that no region shows.
    """
    deputy = answer.deputy if isinstance(answer, Refused) else None
    entry = None if deputy is None else visit.site.area.entry_with(visit.actor, deputy)
    name = None if entry is None else entry.name
    said = why or (done if isinstance(answer, Accepted) else "") or answer_words(answer, name)
    status = {Refused: 409, Unanswered: 202}.get(type(answer), 200)
    if visit.request.headers.get(hdrs.ACCEPT) == OF_SCRIPT:
        kind = {200: "done", 202: "unsure"}.get(status, "refused")
        return web.Response(text=said, status=status, headers={"X-Answer": kind})
    return see_other("/" if not said else f"/?{urlencode(_told(answer))}")


def _told(answer: Answer) -> dict[str, str]:
    match answer:
        case Refused(reason, deputy):
            return {"antwoord": reason.value, **({} if deputy is None else {"vervanger": deputy})}
        case Accepted():
            return {"antwoord": "saved"}
        case Promised(reference):
            return {"antwoord": "promised", "kenmerk": reference}
    return {"antwoord": "unanswered"}


def call_id_of(text: str) -> CallId | None:
    """Raises HTTPBadRequest for what is no id; None for nothing."""
    if not text:
        return None
    try:
        return CallId(UUID(text))
    except ValueError:
        raise web.HTTPBadRequest from None


def call_id_in(request: web.Request) -> CallId:
    """Of the address. Raises HTTPNotFound: what is no id is nowhere."""
    try:
        return CallId(UUID(request.match_info["call"]))
    except ValueError:
        raise web.HTTPNotFound from None


def note_of(form: Mapping[str, str]) -> str:
    """As it is counted while somebody types: a form without a script sends the end of a line as two characters."""
    return form.get("notitie", "").replace("\r\n", "\n").strip()


def command_id_of(text: str) -> CommandId:
    """The id that a page chose, or a new one."""
    try:
        return CommandId(UUID(text))
    except ValueError:
        return new_command_id()
