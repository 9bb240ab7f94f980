"""What the API says of promises to call back: in a list, one with its story, and its number."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ari_app.core.callback_risks import Risk
from ari_app.core.callbacks import AttemptOutcome, CallbackFactKind, CloseKind, RequestReason, RequestState
from ari_app.storage.callbacks.at_risk import RequestAtRisk
from ari_app.storage.callbacks.closed import ClosedRequest
from ari_app.storage.callbacks.own import OwnStory
from ari_app.web.api.shapes import Instant, Links, Shape
from ari_app.web.names import Names


class Terugbelverzoek(Shape):
    """One request. `deadlineOp`: until then we promised to call. `volgendePogingOp` null, of an open one: a person
    decides. `geslotenDoor`: an operator's number, `account:` or `service:` with a name, or whoever did it on the
    server.
    """

    kenmerk: str
    id: str
    gemeente: str
    onderwerp: str
    eerste_contact_op: Instant
    deadline_op: Instant
    toestand: RequestState
    aantal_pogingen: int
    volgende_poging_op: Instant | None
    team: str | None
    medewerker: str | None
    risicos: list[Risk]
    gesloten_op: Instant | None = None
    gesloten_hoe: CloseKind | None = None
    gesloten_door: str | None = None


class TerugbelverzoekLijst(Shape):
    terugbelverzoeken: list[Terugbelverzoek]
    links: Annotated[Links, Field(alias="_links")]


class TerugbelFeit(Shape):
    op: Instant
    soort: CallbackFactKind


class Terugbelpoging(Shape):
    nummer: int
    medewerker: str | None
    begonnen_op: Instant
    beantwoord_op: Instant | None
    in_gesprek_op: Instant | None
    beeindigd_op: Instant | None
    uitkomst: AttemptOutcome | None


class TerugbelverzoekVerloop(Shape):
    """One request, open or closed, with all that happened to it; nothing personal of the citizen."""

    kenmerk: str
    id: str
    gemeente: str
    onderwerp: str
    reden: RequestReason
    gesprek: str | None
    eerste_contact_op: Instant
    deadline_op: Instant
    toestand: RequestState
    team: str | None
    medewerker: str | None
    gesloten_op: Instant | None
    gesloten_hoe: CloseKind | None
    gesloten_door: str | None
    feiten: list[TerugbelFeit]
    pogingen: list[Terugbelpoging]


class Terugbelnummer(Shape):
    """`nummer` (E.164) is empty when it was erased. `redenSluiting`: why somebody closed it, in their words."""

    kenmerk: str
    nummer: str
    notitie: str
    reden_sluiting: str | None


def listed_open(one: RequestAtRisk, names: Names) -> Terugbelverzoek:
    return Terugbelverzoek(
        kenmerk=one.reference,
        id=str(one.id),
        gemeente=one.municipality,
        onderwerp=one.subject,
        eerste_contact_op=one.first_contact_at,
        deadline_op=one.deadline_at,
        toestand=one.state,
        aantal_pogingen=one.attempts_count,
        volgende_poging_op=one.next_attempt_at,
        team=names.team_code(one.team),
        medewerker=names.number(one.operator),
        risicos=list(one.risks),
    )


def listed_closed(one: ClosedRequest, names: Names) -> Terugbelverzoek:
    return Terugbelverzoek(
        kenmerk=one.reference,
        id=str(one.id),
        gemeente=one.municipality,
        onderwerp=one.subject,
        eerste_contact_op=one.first_contact_at,
        deadline_op=one.deadline_at,
        toestand=RequestState.CLOSED,
        aantal_pogingen=one.attempts_count,
        volgende_poging_op=None,
        team=names.team_code(one.team),
        medewerker=names.number(one.operator),
        risicos=[],
        gesloten_op=one.closed_at,
        gesloten_hoe=one.close_kind,
        gesloten_door=names.number(one.closed_by),
    )


def story_shape(story: OwnStory, names: Names) -> TerugbelverzoekVerloop:
    one = story.request
    return TerugbelverzoekVerloop(
        kenmerk=one.reference,
        id=str(one.id),
        gemeente=one.municipality,
        onderwerp=one.subject,
        reden=one.reason,
        gesprek=None if one.call_id is None else str(one.call_id),
        eerste_contact_op=one.first_contact_at,
        deadline_op=one.deadline_at,
        toestand=one.state,
        team=names.team_code(one.owner_team),
        medewerker=names.number(one.owner_operator),
        gesloten_op=one.closed_at,
        gesloten_hoe=one.close_kind,
        gesloten_door=names.number(one.closed_by),
        feiten=[TerugbelFeit(op=one.at, soort=one.kind) for one in story.facts],
        pogingen=[
            Terugbelpoging(
                nummer=attempt.number,
                medewerker=names.number(attempt.operator),
                begonnen_op=attempt.started_at,
                beantwoord_op=attempt.answered_at,
                in_gesprek_op=attempt.reached_at,
                beeindigd_op=attempt.ended_at,
                uitkomst=attempt.outcome,
            )
            for attempt in story.attempts
        ],
    )
