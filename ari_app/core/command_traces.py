"""The trace of a command in the record: a fact that follows from it names it, in the very commit that carries it out.

A controller that died before it answered left this behind, or nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ari_app.core.call import Fact, FactKind
from ari_app.core.ids import CommandId
from ari_app.core.operator_commands import ACCEPTED, Answer, Promised, RefusalReason, Refused, Unanswered

_COMMAND, _WITHDRAWN = "command", "withdrawn"
#: details of a fact that are no part of the story
TRACES = (_COMMAND, _WITHDRAWN)


def traced(fact: Fact, command_id: CommandId) -> Fact:
    """The fact, naming the command that led to it; one that takes a command back stays as it is."""
    if _WITHDRAWN in fact.detail:
        return fact
    return replace(fact, detail={**fact.detail, _COMMAND: str(command_id)})


def withdrawn(fact: Fact, command_id: CommandId | None) -> Fact:
    """The fact, saying that what this command led to was undone at once; the store had gone away just then."""
    return fact if command_id is None else replace(fact, detail={**fact.detail, _WITHDRAWN: str(command_id)})


def answer_by_facts(facts: Iterable[Fact], deadline_at: datetime | None) -> Answer:
    """The answer that the facts show, of those that name the command or take it back, in their order.

    `deadline_at`: of the request that one of them promises. Without a fact nobody knows whether it was carried out.
    """
    answer: Answer = Unanswered()
    for fact in facts:
        if _WITHDRAWN in fact.detail:
            return Unanswered()
        match fact.kind:
            case FactKind.TRANSFER_REFUSED:
                answer = Refused(RefusalReason(str(fact.detail["reason"])))
            case FactKind.CALLBACK_REQUESTED if deadline_at is not None:
                answer = Promised(str(fact.detail["reference"]), deadline_at, bool(fact.detail.get("joined")))
            case _ if answer == Unanswered():
                answer = ACCEPTED
    return answer
