"""The survey before its questions: who is asked whether they want it, who agrees, and the step into it."""

from __future__ import annotations

from datetime import datetime

from ari_app.calls.call.cleanup import end_standing_leg
from ari_app.calls.call.flow import Flow, Step
from ari_app.calls.messages import Digit, Message
from ari_app.core import survey_rules
from ari_app.core.call import EndReason, Fact, FactKind, Stage

#: another key than that for a callback, which stays valid
YES = "2"


def due_at(flow: Flow) -> datetime | None:
    return survey_rules.ask_due_at(flow.area, flow.call, flow.now)


def agrees(flow: Flow, message: Message | None) -> bool:
    """Whether a waiting caller who was asked presses the key, at once or later."""
    is_open = flow.call.survey_asked_at is not None and flow.call.survey_agreed_at is None
    return is_open and isinstance(message, Digit) and message.digit == YES


async def note_agreement(flow: Flow) -> None:
    """A waiting caller has said yes."""
    fact = Fact(flow.now, FactKind.SURVEY_AGREED, {"how": "key"})
    await flow.commit(fact, survey_agreed_at=flow.now)


def offered_by_person(flow: Flow) -> bool:
    """Note that the caller said yes to the person they talk to; False where there is no survey for them."""
    call, now = flow.call, flow.now
    if not survey_rules.is_offered(flow.area, call, now):
        return False
    if call.survey_agreed_at is None:
        fact = Fact(now, FactKind.SURVEY_AGREED, {"how": "person"})
        flow.note(fact, survey_asked_at=call.survey_asked_at or now, survey_agreed_at=now)
    return True


def to_survey(flow: Flow) -> Step | None:
    """The step to the questions, for a caller who agreed on them; None: the call is over with the talk.

    The reason of the end is written with it, and stays what it is whatever becomes of the questions. While the store is
    away nothing is asked.
    """
    if flow.store_is_away or not survey_rules.follows_talk(flow.area, flow.call, flow.now):
        return None
    end_standing_leg(flow, at=flow.now)
    return Step(Stage.SURVEY, changes={"ending": EndReason.OPERATOR_HUNG_UP, "has_music": True})
