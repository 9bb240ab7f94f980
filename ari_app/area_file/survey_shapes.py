"""The survey after a call in an area file: of how many callers it is asked, and which questions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ari_app.area_file.shape import Shape, refuse
from ari_app.core.survey import MOST_QUESTIONS, SurveyQuestion, SurveyRules


def _questions(names: list[str]) -> list[str]:
    known = [one.value for one in SurveyQuestion]
    if not 1 <= len(names) <= MOST_QUESTIONS:
        refuse(f"must be one to {MOST_QUESTIONS} questions; leave survey out where nothing is asked")
    if not set(names) <= set(known):
        refuse(f"has a question that is not known; there are {', '.join(known)}")
    if len(set(names)) < len(names):
        refuse("has the same question twice")
    return names


class SurveyShape(Shape):
    share: Annotated[int, Field(ge=0, le=100)] = 0
    questions: Annotated[list[str], AfterValidator(_questions)]


def survey(shape: SurveyShape | None) -> SurveyRules:
    if shape is None:
        return SurveyRules()
    return SurveyRules(shape.share, tuple(map(SurveyQuestion, shape.questions)))


def survey_text(rules: SurveyRules) -> dict[str, Any]:
    """The keys of `survey`; none where there is no survey."""
    return {"share": rules.share, "questions": [one.value for one in rules.questions]} if rules.is_held else {}
