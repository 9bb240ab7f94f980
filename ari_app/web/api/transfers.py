"""Doorverbindingen: a transfer, asked for by whoever has the caller, or by a program for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ari_app.core.access import Action, Scope
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import CallId, CommandId, OperatorNumber
from ari_app.core.operator_commands import Command, StartTransfer, TransferToQueue
from ari_app.core.transfer import TransferKind
from ari_app.storage.calls.reads import operator_of
from ari_app.storage.commands.asker import operator_asked
from ari_app.web.api.orders import command_id, order
from ari_app.web.api.problems import ApiProblem, forbidden
from ari_app.web.api.rights import AnyAsked, call_id_of
from ari_app.web.api.shapes import Body, Query, Text
from ari_app.web.api.table import Answer, Asked
from ari_app.web.lengths import LONGEST_DESTINATION, LONGEST_SUBJECT


class NieuweDoorverbinding(Body):
    """`naar`: an extension or a number outside; of a queue the municipality's code, or its key in the menu."""

    soort: TransferKind
    naar: Annotated[Text, Field(min_length=1, max_length=LONGEST_DESTINATION)]
    onderwerp: Annotated[Text, Field(max_length=LONGEST_SUBJECT)] = ""


async def start_transfer(asked: Asked[Query, NieuweDoorverbinding]) -> Answer:
    body, call_id = asked.body, call_id_of(asked)
    to = body.naar.strip()
    command: Command = TransferToQueue(to)
    if body.soort is not TransferKind.QUEUE:
        command = StartTransfer(body.soort, to, " ".join(body.onderwerp.split()))
    scope, command_as = asked.actor.scope_of(Action.CALL), command_id(asked)
    operator = await handling_operator(asked, Action.CALL, call_id, await first_try(asked, scope, command_as, call_id))
    return await order(asked, scope, AskedCommand(command, operator, call_id, command_as))


async def first_try(asked: AnyAsked, scope: Scope, command: CommandId, call_id: CallId) -> OperatorNumber | None:
    """In whose name this very command was asked before; None: it is a new one. Raises StoreUnavailable."""
    return await operator_asked(asked.site.pool, scope, command, asked.caller.author, call_id)


async def handling_operator(
    asked: AnyAsked, action: Action, call_id: CallId, before: OperatorNumber | None
) -> OperatorNumber:
    """In whose name a command about this call is: a person's own, and for a program that of whoever has the caller.

    A retry is in the name of the first try, `before`: the caller may be with somebody else by then. Raises ApiProblem.
    """
    if not asked.caller.is_program:
        if asked.actor.operator is None:
            raise forbidden("Uw account hoort niet bij een medewerker die belt.")
        return asked.actor.operator
    found = before
    if found is None:
        found = await operator_of(asked.site.pool, asked.actor.scope_of(action), call_id)
    if found is None:
        raise ApiProblem(404, "Niemand heeft deze beller (meer).", "no_such_call")
    return found
