"""What the pages of supervisors share: asking over somebody's head, and saying what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.commands import AskedCommand
from ari_app.core.operator_commands import Accepted, Answer, RefusalReason, Refused
from ari_app.storage.commands.asker import ask
from ari_app.web.call_words import REFUSALS, UNSURE
from ari_app.web.lengths import LONGEST_REASON
from ari_app.web.pages.answers import see_other
from ari_app.web.site import Visit

AT_ONCE = 8
_GONE = "Dit team of deze medewerker is er niet (meer), of werkt niet voor die gemeente."
#: what is said to somebody who asks for another person
_OF_OTHERS: Mapping[RefusalReason, str] = {
    RefusalReason.NOT_LOGGED_IN: "Deze medewerker is niet aangemeld aan de telefoon. Er is niets veranderd.",
    RefusalReason.UNKNOWN_DESTINATION: _GONE,
    RefusalReason.NO_REQUEST: "Dit terugbelverzoek is al klaar, of is er niet meer.",
}
_DONE = "gedaan"


async def ask_over(visit: Visit, action: Action, asked: AskedCommand) -> Answer:
    """In the visitor's name, within the municipalities for which they may do it. Raises StoreUnavailable."""
    site, scope = visit.site, visit.actor.scope_of(action)
    return await ask(site.pool, asked, actor=f"account:{visit.actor.login}", scope=scope, answers=site.answers)


async def ask_over_all(visit: Visit, action: Action, several: Sequence[AskedCommand]) -> list[Answer]:
    """The answers, in this order; some at once, so that a long list keeps nobody else waiting.

    Where nobody answered one of them in time, the others are refused likewise and not asked.
    """
    limit, expired, is_answered = asyncio.Semaphore(AT_ONCE), Refused(RefusalReason.EXPIRED), True

    async def one(asked: AskedCommand) -> Answer:
        nonlocal is_answered
        async with limit:
            if not is_answered:
                return expired
            answer = await ask_over(visit, action, asked)
            is_answered = is_answered and answer != expired
            return answer

    return await asyncio.gather(*map(one, several))


def reason_of(form: Mapping[str, str]) -> str:
    """Why somebody does it, in their words. Raises HTTPBadRequest without any."""
    reason = " ".join(form.get("reden", "").split())
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise web.HTTPBadRequest
    return reason


def back_to(where: str, answer: Answer, **more: str) -> web.Response:
    """The page from which it was asked, which then says what came of it."""
    return see_other(f"{where}?{urlencode({'antwoord': word_of(answer), **more})}")


def word_of(answer: Answer) -> str:
    """What `said` turns into words."""
    match answer:
        case Accepted():
            return _DONE
        case Refused(reason):
            return reason.value
    return "onzeker"


def said(word: str, done: str = "Gedaan.") -> str:
    """Of the address to which `back_to` led; a word that is no answer says nothing."""
    if word == _DONE:
        return done
    if word == "onzeker":
        return UNSURE
    if word not in set(RefusalReason):
        return ""
    reason = RefusalReason(word)
    return _OF_OTHERS.get(reason, REFUSALS[reason])
