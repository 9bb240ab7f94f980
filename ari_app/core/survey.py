"""The survey after a call: a municipality's rules, the questions, and their answers. Decisions: `core.survey_rules`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ari_app.core.ids import AnswerId, CallId, MunicipalityCode

#: callers are not kept
MOST_QUESTIONS = 3


class SurveyScale(StrEnum):
    """What a question is answered with."""

    MARK = "mark"  # 1 to 10
    YES_NO = "yes_no"  # 1 or 0


class SurveyQuestion(StrEnum):
    """A question; the value stands in an area file, and in the answers."""

    MARK = "mark"  # for the talk as a whole
    WAIT = "wait"  # a mark for the time that they waited
    HELPED = "helped"  # whether their question is answered
    CLEAR = "clear"  # whether the explanation was clear

    @property
    def scale(self) -> SurveyScale:
        is_mark = self in (SurveyQuestion.MARK, SurveyQuestion.WAIT)
        return SurveyScale.MARK if is_mark else SurveyScale.YES_NO


@dataclass(frozen=True, slots=True)
class SurveyRules:
    """A municipality's rules about the survey; without questions there is none.

    `share`: of how many percent of the callers who wait it is asked whether they want to answer; operators may offer it
    to any.
    """

    share: int = 0
    questions: tuple[SurveyQuestion, ...] = ()

    @property
    def is_held(self) -> bool:
        return bool(self.questions)


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """The row of a question that a caller was asked. `value` is None until they answer it, or for good."""

    id: AnswerId
    call_id: CallId
    municipality: MunicipalityCode
    question: SurveyQuestion
    asked_at: datetime
    value: int | None = None  # a mark; or 1 for yes, 0 for no
    answered_at: datetime | None = None
