"""Scripts: what is wrong with one, which comes first, who may publish, and what a remark may hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from ari_app.core.ids import MunicipalityCode, ScriptId
from ari_app.core.script_steps import Choice, Step
from ari_app.core.scripts import (
    Link,
    Offered,
    Place,
    Script,
    ScriptText,
    ScriptVersion,
    Source,
    VersionState,
    counts_on,
    expires_soon,
    faults_of,
    first_for,
    found_in_order,
    may_publish,
    place_of,
    remark_fault,
    subject_code,
)

pytestmark = pytest.mark.pure

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
FINE = ScriptText(
    "Hoe vraag ik een paspoort aan?", "Kom langs.", "Paspoort", steps=(Step(1, "Nieuw?", (Choice("Ja", None),)),)
)
DAY = date(2026, 11, 30)
AT = datetime(2026, 11, 30, 9, tzinfo=UTC)


def script_id(number: int) -> ScriptId:
    return ScriptId(UUID(int=number))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"question": " "}, "question"),
        ({"question": "Hoe\x1b[2J?"}, "question"),
        ({"answer": "Kom\x00langs."}, "answer"),
        ({"keywords": ("pas", "\ud800")}, "keywords"),
        ({"memo": "\x07"}, "memo"),
        ({"links": (Link("\x9b", "https://example.org"),)}, "links"),
        ({"steps": (Step(1, "Nieuw?", (Choice("J\x00a", None),)),)}, "steps"),
        ({"subject_uri": "x" * 501}, "subject_uri"),
        ({"question": "x" * 301}, "question"),
        ({"answer": ""}, "answer"),
        ({"subject": "!?"}, "subject"),
        ({"keywords": ("x" * 61,)}, "keywords"),
        ({"memo": "x" * 5001}, "memo"),
        ({"links": (Link("Tarieven", "javascript:alert(1)"),)}, "links"),
        ({"links": (Link("Tarieven", "data:text/html,x"),)}, "links"),
        ({"links": (Link("", "https://example.org/"),)}, "links"),
        ({"related": tuple(script_id(one) for one in range(21))}, "related"),
        ({"valid_from": DAY, "valid_until": DAY}, "valid_until"),
    ],
)
def test_each_fault_names_its_field(change: dict[str, object], field: str) -> None:
    assert faults_of(FINE) == {}
    assert list(faults_of(replace(FINE, **change))) == [field]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("subject", "code"),
    [("Paspoort", "paspoort"), ("Grof vuil / afval", "grof-vuil-afval"), ("Café-vergunning", "cafe-vergunning")],
)
def test_a_subject_has_a_code_that_a_wrap_up_takes(subject: str, code: str) -> None:
    assert subject_code(subject) == code


def test_a_script_counts_from_its_first_day_until_the_last() -> None:
    assert [counts_on(DAY, date(2026, 12, 2), day) for day in (date(2026, 11, 29), DAY, date(2026, 12, 2))] == [
        False,
        True,
        False,
    ]
    assert counts_on(None, None, DAY)


def test_the_owner_is_reminded_a_month_before_the_end() -> None:
    one = Script(
        script_id(1), WIERDAM, "Vraag", "", Source.OWN, "account:a", 1, 1, VersionState.PUBLISHED, date(2026, 12, 30)
    )
    assert expires_soon(one, DAY)
    assert not expires_soon(one, date(2026, 11, 29))
    assert not expires_soon(replace(one, valid_until=None), DAY)
    assert not expires_soon(replace(one, published=None), DAY)


def test_an_author_does_not_publish_their_own_text() -> None:
    version = ScriptVersion(script_id(1), 2, VersionState.REVIEW, FINE, "account:eva", AT)
    assert may_publish(version, "account:fred")
    assert not may_publish(version, "account:eva")
    assert not may_publish(replace(version, state=VersionState.DRAFT), "account:fred")


def offered(number: int, municipality: MunicipalityCode | None, **values: float) -> Offered:
    one = Offered(script_id(number), 1, f"Vraag {number}", "", municipality, place=place_of(municipality, WIERDAM))
    return replace(one, **values)  # type: ignore[arg-type]


def test_a_search_has_the_callers_municipality_first_then_shared_then_others() -> None:
    found = [
        offered(1, ELDERLO, score=9.0),
        offered(2, None, score=1.0),
        offered(3, WIERDAM, score=0.1),
        offered(4, None, score=5.0),
    ]
    ordered = found_in_order(found, 3)
    assert [(one.place, one.question) for one in ordered] == [
        (Place.OWN, "Vraag 3"),
        (Place.SHARED, "Vraag 4"),
        (Place.SHARED, "Vraag 2"),
    ]


def test_before_a_search_what_is_used_most_comes_first_and_nothing_of_others() -> None:
    found = [offered(1, ELDERLO, uses=90), offered(2, None, uses=5), offered(3, WIERDAM, uses=2), offered(4, WIERDAM)]
    assert [one.question for one in first_for(found, 5)] == ["Vraag 2", "Vraag 3", "Vraag 4"]


@pytest.mark.parametrize("text", ["Bel 0612345678", "BSN 123456782", "jan@example.org", "x" * 201])
def test_a_remark_is_about_a_text_and_not_about_a_citizen(text: str) -> None:
    assert remark_fault(text)
    assert not remark_fault("Het tarief is nu € 83,87, zie artikel 12.")
