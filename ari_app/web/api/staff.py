"""Medewerkers: operators with their states, and the state that somebody wishes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ari_app.core.access import NOBODYS, Action, Scope
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import OperatorNumber
from ari_app.core.operators import OperatorState, PauseReason
from ari_app.core.state_commands import BeReady, LogOff, StateCommand, TakePause
from ari_app.storage.operators.staff import StaffMember, list_staff
from ari_app.web.api.orders import command_id, order
from ari_app.web.api.problems import forbidden, invalid, not_found, param
from ari_app.web.api.rights import AnyAsked, narrowed, operator_named
from ari_app.web.api.shapes import Body, Code, Instant, Query, Shape, Text
from ari_app.web.api.table import Answer, Asked
from ari_app.web.lengths import LONGEST_REASON
from ari_app.web.rendering import CHOSEN_PAUSES


class StaffQuery(Query):
    gemeente: Code | None = None
    toestand: OperatorState | None = None


class Medewerker(Shape):
    """`gesprek`: the call that they have, in the reader's municipalities. `straks…`: after the call that goes on."""

    nummer: str
    naam: str
    teams: list[str]
    toestand: OperatorState
    sinds: Instant | None
    pauzereden: PauseReason | None
    straks_pauze: PauseReason | None
    straks_afgemeld: bool
    is_afwezig: bool
    gesprek: str | None


class MedewerkerLijst(Shape):
    medewerkers: list[Medewerker]


class GewensteToestand(Body):
    """`reden`: of a supervisor, or a program, for somebody else; the operator reads it on the desk."""

    toestand: Literal["ready", "paused", "away"]
    pauzereden: PauseReason | None = None
    reden: Annotated[Text, Field(min_length=1, max_length=LONGEST_REASON)] | None = None


async def list_operators(asked: Asked[StaffQuery, None]) -> Answer:
    site, query, only = asked.site, asked.query, None
    scope = asked.actor.scope_of(Action.STAFF)
    if scope == NOBODYS:
        only, scope = operator_named(asked, "ik"), asked.actor.scope_of(Action.DESK)
    found = await list_staff(site.pool, narrowed(scope, query.gemeente), site.now(), only=only)
    listed = [_shown(one) for one in found if query.toestand in (None, one.state)]
    return Answer(MedewerkerLijst(medewerkers=listed))


async def show_operator(asked: Asked[Query, None]) -> Answer:
    number = operator_named(asked, asked.path("nummer"))
    is_me = not asked.caller.is_program and number == asked.actor.operator
    return Answer(_shown(await _member(asked, number, asked.actor.scope_of(Action.DESK if is_me else Action.STAFF))))


async def change_state(asked: Asked[Query, GewensteToestand]) -> Answer:
    """Of oneself without a reason; of others as a supervisor, with one."""
    number, body = operator_named(asked, asked.path("nummer")), asked.body
    is_own = number == asked.actor.operator
    action = Action.OWN_STATE if is_own and not asked.caller.is_program else Action.STEER
    scope = asked.actor.scope_of(action)
    if scope == NOBODYS:
        raise forbidden("U verandert alleen uw eigen toestand.")
    reason = " ".join((body.reden or "").split())
    wrong = []
    if not reason and not is_own:
        wrong.append(param("reden", "missing"))
    if not reason.isprintable():
        wrong.append(param("reden", "characters"))
    if (body.toestand == "paused") is (body.pauzereden is None):
        wrong.append(param("pauzereden", "missing" if body.pauzereden is None else "extra_forbidden"))
    if body.pauzereden is not None and body.pauzereden not in CHOSEN_PAUSES:
        wrong.append(param("pauzereden", "enum"))
    if wrong:
        raise invalid(*wrong)
    await _member(asked, number, scope)
    command = AskedCommand(_command(body, "" if is_own else reason), number, id=command_id(asked))
    return await order(asked, scope, command)


async def _member(asked: AnyAsked, number: OperatorNumber, scope: Scope) -> StaffMember:
    """Raises ApiProblem for a number that nobody has, or that is not the caller's to know."""
    found = await list_staff(asked.site.pool, scope, asked.site.now(), only=number)
    if not found:
        raise not_found()
    return found[0]


def _command(body: GewensteToestand, reason: str) -> StateCommand:
    if body.pauzereden is not None:
        return TakePause(body.pauzereden, reason)
    return BeReady(reason) if body.toestand == "ready" else LogOff(reason)


def _shown(one: StaffMember) -> Medewerker:
    return Medewerker(
        nummer=one.number,
        naam=one.name,
        teams=list(one.teams),
        toestand=one.state,
        sinds=one.state_since_at,
        pauzereden=one.pause_reason,
        straks_pauze=one.pause_pending,
        straks_afgemeld=one.logout_pending,
        is_afwezig=one.is_absent,
        gesprek=None if one.call_id is None else str(one.call_id),
    )
