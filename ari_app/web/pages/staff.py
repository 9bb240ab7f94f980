"""The operators of a supervisor's municipalities: what goes on at each, and what can be done over their heads."""

from __future__ import annotations

from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import Action
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import OperatorNumber, new_command_id
from ari_app.core.operators import PauseReason
from ari_app.core.state_commands import BeReady, LogOff, StateCommand, TakePause
from ari_app.core.supervisor_commands import AllowTransfer, UnlockPin
from ari_app.storage.operators.staff import StaffMember, list_staff
from ari_app.web import security
from ari_app.web.lengths import LONGEST_REASON
from ari_app.web.live.screen import Page, Region, Screen
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.commands import call_id_of, command_id_of
from ari_app.web.pages.supervising import ask_over, back_to, reason_of, said
from ari_app.web.rendering import CHOSEN_PAUSES
from ari_app.web.site import Visit


async def show_all(visit: Visit) -> web.Response:
    """One page that follows what changes."""
    screen = Screen(visit.session.id, visit.actor, Page.STAFF)
    await visit.site.hub.fill(screen)
    regions = {region.value: Markup(screen.shown(region)) for region in Region}
    return page_for(visit, "staff", live=f"/live?blad={Page.STAFF}", regions=regions)


async def show(visit: Visit) -> web.Response:
    """One operator, as it is now, with what can be done."""
    member = await _found(visit, Action.STAFF)
    word = visit.request.query.get("antwoord", "")
    return page_for(
        visit,
        "staff_member",
        member=member,
        said=said(word),
        now=visit.site.now(),
        id=new_command_id(),
        longest_reason=LONGEST_REASON,
    )


async def change_state(visit: Visit) -> web.Response:
    """The operator hears that it was not they who asked, and sees the reason on the desk."""
    member = await _found(visit, Action.STEER)
    form = await security.read_form(visit.request)
    command = _command(form.get("doe", ""), reason_of(form))
    return await _ask(visit, member, AskedCommand(command, member.number, id=command_id_of(form.get("id", ""))))


async def unlock(visit: Visit) -> web.Response:
    """Wrong PINs, passwords and codes are forgotten."""
    member = await _found(visit, Action.STEER)
    form = await security.read_form(visit.request)
    return await _ask(visit, member, AskedCommand(UnlockPin(), member.number, id=command_id_of(form.get("id", ""))))


async def allow_transfer(visit: Visit) -> web.Response:
    """Of the call that was shown, and no other."""
    member = await _found(visit, Action.STEER)
    form = await security.read_form(visit.request)
    call_id, command = call_id_of(form.get("gesprek", "")), AllowTransfer(reason_of(form))
    if call_id is None:
        raise web.HTTPBadRequest
    return await _ask(visit, member, AskedCommand(command, None, call_id, command_id_of(form.get("id", ""))))


async def _ask(visit: Visit, member: StaffMember, asked: AskedCommand) -> web.Response:
    return back_to(f"/medewerkers/{member.number}", await ask_over(visit, Action.STEER, asked))


async def _found(visit: Visit, action: Action) -> StaffMember:
    """Raises HTTPNotFound for a number that nobody has, or that is not the visitor's to know."""
    number = OperatorNumber(visit.request.match_info["number"])
    site = visit.site
    found = await list_staff(site.pool, visit.actor.scope_of(action), site.now(), only=number)
    if not found:
        raise web.HTTPNotFound
    return found[0]


def _command(text: str, why: str) -> StateCommand:
    """Raises HTTPBadRequest for what nobody can be asked."""
    match text.partition(":"):
        case ("ready", "", ""):
            return BeReady(why)
        case ("log_out", "", ""):
            return LogOff(why)
        case ("pause", _, reason) if reason in CHOSEN_PAUSES:
            return TakePause(PauseReason(reason), why)
    raise web.HTTPBadRequest
