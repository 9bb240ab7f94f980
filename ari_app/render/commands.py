"""The answer to a command, as a sentence for somebody at a terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.core.operator_commands import Accepted, Answer, Promised, RefusalReason, Refused, Unanswered
from ari_app.render.text import local

_WHY: Mapping[RefusalReason, str] = {
    RefusalReason.TRANSFER_LIMIT: "this caller was transferred twice already (`ari-app calls allow-transfer`)",
    RefusalReason.UNKNOWN_DESTINATION: "there is no such destination",
    RefusalReason.NOT_NOW: "that destination is closed at this moment",
    RefusalReason.PAID_SERVICE: "that is a paid-service number",
    RefusalReason.NO_WAY_OUT: "numbers outside cannot be called here",
    RefusalReason.UNREACHABLE: "no phone is registered there",
    RefusalReason.ONLY_COLD: "that destination takes cold transfers only",
    RefusalReason.QUEUE_CLOSED: "that queue is closed",
    RefusalReason.NOBODY_THERE: "nobody of that queue is logged in",
    RefusalReason.TRANSFER_OPEN: "another transfer, or a call, is going on",
    RefusalReason.NO_TRANSFER: "there is no transfer",
    RefusalReason.NOT_YET: "the colleague has not picked up",
    RefusalReason.NOT_YOURS: "this operator does not have that caller now",
    RefusalReason.NO_SUCH_CALL: "there is no such call now",
    RefusalReason.STORE_AWAY: "the database is away",
    RefusalReason.NO_NUMBER: "the caller shows no number",
    RefusalReason.NO_REQUEST: "there is no such callback to make or to close",
    RefusalReason.NO_SURVEY: "this caller is asked nothing after the talk: the municipality has no survey now",
    RefusalReason.NOT_A_CALLBACK: "that call is no callback",
    RefusalReason.EXPIRED: "no controller took it in time, so nothing was done; is `ari-app serve` running?",
    RefusalReason.NOT_LOGGED_IN: "this operator is not logged in",
    RefusalReason.LOGGED_IN: "this operator is logged in, or their phone rings already",
    RefusalReason.BEING_CALLED: "somebody calls that citizen at this moment; wait for that",
    RefusalReason.NO_SUCH_MUNICIPALITY: "there is no such municipality",
    RefusalReason.NONSENSE: "it would end before it begins, or there is nothing to say in it",
    RefusalReason.NOTHING_TO_END: "there is nothing to end",
    RefusalReason.NO_WRAP_UP: "there is no wrap-up time to end",
    RefusalReason.PHONE_BUSY: "there is a call at that phone",
    RefusalReason.PHONE_TAKEN: "another operator is logged in at that phone",
    RefusalReason.NO_SUCH_ACCOUNT: "there is no such account",
    RefusalReason.OWN_ACCOUNT: "nobody changes their own rights",
    RefusalReason.NOT_ALLOWED: "it is not for this account to do",
    RefusalReason.LOGIN_TAKEN: "there is an account with that name already",
    RefusalReason.SUBJECT_TAKEN: "another account has that subject",
    RefusalReason.NO_SUCH_OPERATOR: "there is no such operator",
    RefusalReason.NO_SUCH_ROLE: "there is no such role, municipality or team",
    RefusalReason.CHANGED_MEANWHILE: "somebody else changed it meanwhile",
    RefusalReason.ROLE_NOT_HELD: "the account does not have that role",
    RefusalReason.LAST_ADMINISTRATOR: "it is the last administrator",
    RefusalReason.OPERATOR_TAKEN: "another account is that operator already",
    RefusalReason.OTHER_COMMAND: "something else was asked under this id before",
}


def refusal_text(refused: Refused) -> str:
    """Why a command was refused, and what to try instead."""
    instead = "" if refused.deputy is None else f"; try extension {refused.deputy}"
    return f"{_WHY[refused.reason]}{instead}"


def answer_text(answer: Answer) -> str:
    """What became of a command."""
    match answer:
        case Accepted():
            return "done"
        case Promised(reference, deadline_at):
            return f"promised: {reference}, before {local(deadline_at)}"
        case Refused():
            return refusal_text(answer)
        case Unanswered():
            return "nobody knows whether it was done; look before you ask again"
