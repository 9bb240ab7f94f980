"""Promising a callback, calling one from the list, and the history of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.callback_requests import callback_number
from ari_app.core.deadlines import callback_deadline
from ari_app.core.directory import is_visible
from ari_app.core.ids import CallId, EntryCode, RequestId
from ari_app.core.operator_commands import MakeCallback, NextCallback, PromiseCallback, RefusalReason, Refused
from ari_app.core.tariffs import Forbidden, NotCalled
from ari_app.storage.callbacks.own import own_story, promised_until
from ari_app.web import security
from ari_app.web.call_words import FACTS
from ari_app.web.lengths import LONGEST_NOTE, LONGEST_NUMBER, LONGEST_SUBJECT
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.commands import answered, ask_controller, call_id_of, card_of, note_of
from ari_app.web.request_words import HistoryRow
from ari_app.web.site import Visit

#: what a citizen prefers; it goes with the note, and is no promise
PARTS_OF_DAY = {"": "Maakt niet uit", "ochtend": "'s Ochtends", "middag": "'s Middags", "avond": "Begin van de avond"}
FOR_TEAM, FOR_ME, FOR_ENTRY = "team", "ik", "ander"
NOT_CALLED = {
    NotCalled.NOT_A_NUMBER: "Dit is geen telefoonnummer.",
    NotCalled.PAID: "Dit nummer kost extra geld. Dat bellen wij niet terug.",
    NotCalled.SHORT: "Dit is een kort nummer of een 14-nummer. Dat bellen wij niet terug.",
    NotCalled.SATELLITE: "Dit nummer kost extra geld. Dat bellen wij niet terug.",
    NotCalled.ABROAD: "Dit is een nummer in het buitenland. Dat bellen wij niet terug.",
    NotCalled.SERVED: "Dit is een nummer van onszelf. Vraag een ander nummer.",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the form says of a number before it is sent: why not, or until when we promise to call."""

    pii_number: str = field(default="", repr=False)
    fault: str = ""
    deadline_at: datetime | None = None
    is_joined: bool = False


async def check(visit: Visit) -> web.Response:
    """Of what is typed so far; nothing is stored."""
    form = await security.read_form(visit.request)
    call_id = call_id_of(form.get("gesprek", ""))
    checked = await _checked(visit, form, call_id)
    html = visit.site.pages.fragment("callback_check", checked=checked, has_call=call_id is not None)
    return web.Response(text=html, content_type="text/html")


async def promise(visit: Visit) -> web.Response:
    """To the caller whom the operator has."""
    form = await security.read_form(visit.request)
    call_id, part = call_id_of(form.get("gesprek", "")), form.get("dagdeel", "")
    entry, whom = form.get("wie", ""), form.get("voor", FOR_TEAM)
    subject, note = form.get("onderwerp", "").strip(), note_of(form)
    is_long = len(subject) > LONGEST_SUBJECT or len(note) > LONGEST_NOTE
    if call_id is None or part not in PARTS_OF_DAY or is_long:
        raise web.HTTPBadRequest
    area, towns = visit.site.area.current, visit.site.area.towns_of(visit.actor, Action.CALLBACKS)
    found = area.entries.get(EntryCode(entry)) if whom == FOR_ENTRY else None
    if whom not in (FOR_TEAM, FOR_ME, FOR_ENTRY) or (
        whom == FOR_ENTRY and (found is None or not is_visible(found, towns))
    ):
        raise web.HTTPBadRequest
    checked = await _checked(visit, form, call_id)
    if checked is not None and checked.fault:
        return answered(visit, Refused(RefusalReason.NO_NUMBER), why=checked.fault)
    note = with_part_of_day(part, note)
    command = PromiseCallback(
        form.get("nummer", "").strip(),
        subject,
        note,
        operator=visit.actor.operator if whom == FOR_ME else None if found is None else found.operator,
        team=None if found is None else found.team,
        entry=None if found is None else found.code,
    )
    return answered(visit, await ask_controller(visit, Action.CALLBACKS, command, form.get("id", ""), call_id))


def with_part_of_day(part: str, note: str) -> str:
    """What the citizen prefers stands before the note."""
    return f"Liefst {PARTS_OF_DAY[part].lower()}.{' ' if note else ''}{note}" if part else note


async def call(visit: Visit) -> web.Response:
    """Begin one callback of the list, or the one that is due first."""
    form = await security.read_form(visit.request)
    try:
        command = NextCallback() if form.get("doe") == "next" else MakeCallback(RequestId(UUID(form["verzoek"])))
    except (KeyError, ValueError):
        raise web.HTTPBadRequest from None
    return answered(visit, await ask_controller(visit, Action.CALLBACKS, command, form.get("id", "")))


async def show(visit: Visit) -> web.Response:
    """The history of one request of one's own or one's teams; the number itself is not shown."""
    site, scope, reference = visit.site, visit.actor.scope_of(Action.CALLBACKS), visit.request.match_info["reference"]
    operator = visit.actor.operator
    story = None if operator is None else await own_story(site.pool, scope, operator, reference)
    if story is None:
        raise web.HTTPNotFound
    town = site.area.current.municipalities.get(story.request.municipality)
    own = [HistoryRow(fact.at, FACTS[fact.kind], None) for fact in story.facts]
    name = "" if town is None else town.name
    return page_for(visit, "callback", story=story, town=name, history=own, is_bare=False, back="/")


async def _checked(visit: Visit, form: dict[str, str], call_id: CallId | None) -> Checked | None:
    """None when the operator does not have the caller of this call, to whom anything could be promised."""
    card = await card_of(visit)
    if card is None or card.is_over or card.call_id != call_id:
        return None
    area = visit.site.area.current
    typed = form.get("nummer", "").strip()[:LONGEST_NUMBER] or card.pii_number or ""
    if not typed:
        return Checked(fault="Wij zien geen nummer van de beller. Vraag een nummer, en vul het in.")
    number = callback_number(typed, area)
    if isinstance(number, Forbidden):
        return Checked(typed, NOT_CALLED[number.reason])
    if card.municipality is None:
        return Checked(number)
    scope = visit.actor.scope_of(Action.CALLBACKS)
    until = await promised_until(visit.site.pool, scope, card.municipality, number)
    town = area.municipalities.get(card.municipality)
    if until is not None or town is None:
        return Checked(number, deadline_at=until, is_joined=True)
    return Checked(number, deadline_at=callback_deadline(town, card.arrived_at, area.special_days).deadline_at)
