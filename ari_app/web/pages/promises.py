"""Writing down a promise to call back without a call: to a citizen at the desk, who wrote, or who hung up just now."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.area import Area, EntryKind
from ari_app.core.calendar import instant_of, local_date
from ari_app.core.callback_requests import callback_number
from ari_app.core.commands import AskedCommand
from ari_app.core.deadlines import callback_deadline
from ari_app.core.directory import is_visible
from ari_app.core.ids import MunicipalityCode, new_command_id
from ari_app.core.operator_commands import Answer, Promised
from ari_app.core.promise_commands import FIRST_CONTACT_DAYS, MakePromise
from ari_app.core.tariffs import Forbidden
from ari_app.storage.callbacks.own import promised_until
from ari_app.web import security
from ari_app.web.call_words import answer_words, day_and_hour
from ari_app.web.lengths import LONGEST_NOTE, LONGEST_NUMBER, LONGEST_SUBJECT
from ari_app.web.names import Names
from ari_app.web.pages.answers import page_for, see_other
from ari_app.web.pages.callbacks import FOR_ME, FOR_TEAM, NOT_CALLED, PARTS_OF_DAY, with_part_of_day
from ari_app.web.pages.commands import command_id_of, note_of
from ari_app.web.pages.requests import Owner, owners_for
from ari_app.web.pages.supervising import ask_over
from ari_app.web.site import Visit

HERE = "/terugbellen/nieuw"
FIELDS = ("gemeente", "nummer", "contact", "onderwerp", "notitie", "voor", "dagdeel")
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Typed:
    """The form, and what is wrong with it, by field. `deadline_at`: until when we would promise to call."""

    values: Mapping[str, str] = field(repr=False)
    faults: Mapping[str, str]
    municipality: MunicipalityCode | None = None
    owner: Owner | None = None
    first_contact_at: datetime | None = None
    pii_number: str = field(default="", repr=False)
    deadline_at: datetime | None = None
    is_joined: bool = False


async def show(visit: Visit) -> web.Response:
    """`gemeente`: the one that is chosen already."""
    sent = {name: visit.request.query.get(name, "") for name in ("gemeente",)}
    return await _page(visit, await _typed(visit, sent, is_whole=False), said=_said(visit.request.query))


async def check(visit: Visit) -> web.Response:
    """Of what is typed so far; nothing is stored."""
    typed = await _typed(visit, await security.read_form(visit.request), is_whole=False)
    html = visit.site.pages.fragment("promise_check", typed=typed, now=visit.site.now())
    return web.Response(text=html, content_type="text/html")


async def promise(visit: Visit) -> web.Response:
    """Of a form without a script the button *Controleer* shows what would be promised, and keeps what is typed."""
    form = await security.read_form(visit.request)
    is_whole = form.get("doe") != "controleer"
    typed = await _typed(visit, form, is_whole=is_whole)
    if not is_whole or typed.faults:
        return await _page(visit, typed, command=form.get("id", ""), status=400 if is_whole else 200)
    answer = await ask_over(visit, Action.CALLBACKS, _command(visit, typed, form))
    if isinstance(answer, Promised):
        joined = "&erbij=1" if answer.joined else ""
        until = f"{answer.deadline_at.timestamp():.0f}"
        return see_other(f"{HERE}?kenmerk={answer.reference}&voor={until}{joined}")
    return await _page(visit, typed, command=form.get("id", ""), said=_refused(answer), status=409)


def _command(visit: Visit, typed: Typed, form: Mapping[str, str]) -> AskedCommand:
    """The page chose its id: the same form sent twice is one promise."""
    owner = typed.owner
    command = MakePromise(
        typed.values["nummer"],
        typed.values["onderwerp"],
        with_part_of_day(typed.values["dagdeel"], note_of(form)),
        team=None if owner is None else owner.team,
        operator=None if owner is None else owner.operator,
        entry=None if owner is None else owner.entry,
        first_contact_at=typed.first_contact_at,
    )
    return AskedCommand(command, id=command_id_of(form.get("id", "")), municipality=typed.municipality)


async def _typed(visit: Visit, sent: Mapping[str, str], *, is_whole: bool) -> Typed:
    """`is_whole`: what is missing is a fault too. Raises HTTPBadRequest for what no form of ours sends."""
    site, scope, now = visit.site, visit.actor.scope_of(Action.CALLBACKS), visit.site.now()
    area, names = site.area.current, Names.of(site.area.current, scope)
    values = {name: sent.get(name, "").strip() for name in FIELDS} | {"notitie": note_of(sent)}
    values["voor"] = values["voor"] or FOR_TEAM
    values["contact"] = values["contact"] or local_date(now).isoformat()
    is_long = len(values["onderwerp"]) > LONGEST_SUBJECT or len(values["notitie"]) > LONGEST_NOTE
    if is_long or values["dagdeel"] not in PARTS_OF_DAY or len(values["nummer"]) > LONGEST_NUMBER:
        raise web.HTTPBadRequest
    faults, towns = dict[str, str](), names.towns
    if len(towns) == 1:
        values["gemeente"] = next(iter(towns))
    town = next((code for code in towns if code == values["gemeente"]), None)
    if values["gemeente"] and town is None:
        values["gemeente"], faults["gemeente"] = "", "Kies iets uit de lijst."
    elif town is None and is_whole:
        faults["gemeente"] = "Kies voor welke gemeente."
    owners = [*owners_for(area, scope), *_departments(area, town, local_date(now))]
    owner = (
        _own(visit, owners)
        if values["voor"] == FOR_ME
        else next((one for one in owners if one.value == values["voor"]), None)
    )
    if owner is None and values["voor"] != FOR_TEAM:
        values["voor"], faults["voor"] = FOR_TEAM, "Kies iets uit de lijst."
    elif owner is not None and town is not None and town not in owner.towns:
        faults["voor"] = "Dit team of deze medewerker werkt niet voor deze gemeente."
    first_contact_at = _first_contact(values["contact"], now)
    if first_contact_at is None:
        faults["contact"] = f"Kies vandaag, of een dag van hooguit {FIRST_CONTACT_DAYS} dagen geleden."
    number = callback_number(values["nummer"], area) if values["nummer"] else ""
    if isinstance(number, Forbidden):
        faults["nummer"], number = NOT_CALLED[number.reason], ""
    elif not number and is_whole:
        faults["nummer"] = "Vul in op welk nummer wij terugbellen."
    if town is None or first_contact_at is None or not number or town not in area.municipalities:
        return Typed(values, faults, town, owner, first_contact_at, number)
    until = await promised_until(site.pool, scope, town, number)
    promised = callback_deadline(area.municipalities[town], first_contact_at, area.special_days).deadline_at
    return Typed(values, faults, town, owner, first_contact_at, number, until or promised, until is not None)


def _first_contact(text: str, now: datetime) -> datetime | None:
    """Noon of this day: the deadline is of the day alone, and the same form is the same command. None for a day that
    cannot be.
    """
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    today = local_date(now)
    if day is None or not today - timedelta(days=FIRST_CONTACT_DAYS) <= day <= today:
        return None
    return instant_of(day, time(12))


async def _page(visit: Visit, typed: Typed, *, command: str = "", said: str = "", status: int = 200) -> web.Response:
    site, scope, now = visit.site, visit.actor.scope_of(Action.CALLBACKS), visit.site.now()
    owners = owners_for(site.area.current, scope)
    me = {} if _own(visit, owners) is None else {FOR_ME: "Ikzelf"}
    others = {
        one.value: one.name if one.team else f"{one.name} ({one.operator})"
        for one in owners
        if one.operator is None or one.operator != visit.actor.operator
    }
    departments = {
        one.value: f"{one.name} (afdeling)"
        for one in _departments(site.area.current, typed.municipality, local_date(now))
    }
    return page_for(
        visit,
        "promise",
        status=status,
        typed=typed,
        said=said,
        towns=Names.of(site.area.current, scope).towns,
        owners={FOR_TEAM: "Het team van de gemeente", **me, **others, **departments},
        parts_of_day=PARTS_OF_DAY,
        id=command_id_of(command) if command else new_command_id(),
        today=local_date(now),
        first_day=local_date(now) - timedelta(days=FIRST_CONTACT_DAYS),
        now=now,
        longest={"nummer": LONGEST_NUMBER, "onderwerp": LONGEST_SUBJECT, "notitie": LONGEST_NOTE},
    )


def _departments(area: Area, town: MunicipalityCode | None, today: date) -> list[Owner]:
    """Those in the number plan of a municipality, by name; of none as long as none is chosen."""
    if town is None:
        return []
    found = [
        Owner(f"entry:{code}", one.name, frozenset({town}), one.team, one.operator, code)
        for code, one in area.entries.items()
        if one.kind is EntryKind.DEPARTMENT and is_visible(one, {town}) and one.exists_on(today)
    ]
    return sorted(found, key=lambda one: one.name)


def _own(visit: Visit, owners: Sequence[Owner]) -> Owner | None:
    """The visitor, if their account is that of an operator for whom promises can be."""
    number = visit.actor.operator
    return (
        None if number is None else next((one for one in owners if one.operator == number and one.entry is None), None)
    )


def _refused(answer: Answer) -> str:
    return answer_words(answer) or "Er is niets veranderd."


def _said(query: Mapping[str, str]) -> str:
    """Of the address to which `promise` led; what is no answer of ours says nothing."""
    reference, until = query.get("kenmerk", ""), query.get("voor", "")
    if not (reference.isascii() and reference.isdigit() and until.isascii() and until.isdigit()):
        return ""
    if len(reference) > 10 or len(until) > 10:
        return ""
    how = "Er stond al een terugbelverzoek open; dit is daaraan toegevoegd." if query.get("erbij") else "Beloofd."
    at = datetime.fromtimestamp(int(until), tz=UTC)
    return f"{how} Wij bellen terug vóór {day_and_hour(at)}. Kenmerk {reference}."
