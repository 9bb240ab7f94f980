"""Asking a controller, in the caller's name: its answer as a value, and its refusals as problems."""

from __future__ import annotations

from uuid import UUID

from aiohttp import hdrs

from ari_app.core.access import Scope
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import CommandId, new_command_id
from ari_app.core.operator_commands import Accepted, Promised, RefusalReason, Refused
from ari_app.core.operator_commands import Answer as Said
from ari_app.storage.commands.asker import ask
from ari_app.web.api.openapi import IDEMPOTENCY
from ari_app.web.api.problems import ApiProblem, invalid, param
from ari_app.web.api.rights import AnyAsked
from ari_app.web.api.shapes import Instant, Shape
from ari_app.web.api.table import Answer
from ari_app.web.call_words import REFUSALS

#: nothing was done, and the next try may succeed
_LATER = frozenset({RefusalReason.EXPIRED, RefusalReason.STORE_AWAY})
#: what was asked about is not there, or not the caller's to know
_NOWHERE = frozenset({RefusalReason.NO_SUCH_CALL, RefusalReason.NO_SUCH_MUNICIPALITY})
#: said of somebody else than the caller
_OF_OTHERS = {
    RefusalReason.NOT_LOGGED_IN: "Deze medewerker is niet aangemeld aan de telefoon. Er is niets veranderd.",
    RefusalReason.NOT_YOURS: "Deze medewerker heeft deze beller niet (meer). Er is niets veranderd.",
    RefusalReason.NO_REQUEST: "Dit terugbelverzoek is al klaar, of is er niet meer.",
}


class Opdracht(Shape):
    """What came of a command. `opdracht` is its id: sent again as Idempotency-Key, it has this very answer.

    `onbekend`: nobody knows whether it was carried out; ask again with the same id. `samengevoegd`: the promise joined
    one that was open for this number.
    """

    opdracht: str
    uitkomst: str
    kenmerk: str | None = None
    deadline_op: Instant | None = None
    samengevoegd: bool | None = None


DONE, UNKNOWN = "uitgevoerd", "onbekend"


def command_id(asked: AnyAsked) -> CommandId:
    """Of the caller's choice, or a new one. Raises ApiProblem."""
    said = asked.request.headers.get(IDEMPOTENCY)
    if said is None:
        return new_command_id()
    try:
        return CommandId(UUID(said))
    except ValueError:
        raise invalid(param(IDEMPOTENCY, "uuid_parsing")) from None


async def order(asked: AnyAsked, scope: Scope, command: AskedCommand) -> Answer:
    """Raises ApiProblem, StoreUnavailable."""
    site = asked.site
    said = await ask(site.pool, command, actor=asked.caller.author, scope=scope, answers=site.answers)
    return answer_of(command.id, said)


def answer_of(command: CommandId, said: Said) -> Answer:
    """Raises ApiProblem for a refusal."""
    match said:
        case Accepted():
            return Answer(Opdracht(opdracht=str(command), uitkomst=DONE))
        case Promised(reference, deadline_at, joined):
            done = Opdracht(
                opdracht=str(command), uitkomst=DONE, kenmerk=reference, deadline_op=deadline_at, samengevoegd=joined
            )
            return Answer(done)
        case Refused(reason):
            raise _refused(reason)
    return Answer(Opdracht(opdracht=str(command), uitkomst=UNKNOWN), status=202)


def _refused(reason: RefusalReason) -> ApiProblem:
    words = _OF_OTHERS.get(reason, REFUSALS[reason])
    if reason in _LATER:
        return ApiProblem(503, words, reason.value, headers={str(hdrs.RETRY_AFTER): "1"})
    return ApiProblem(404 if reason in _NOWHERE else 409, words, reason.value)
