"""Calamities, and closing early today: one page, one action, for one municipality or many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import uuid5

from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import Action
from ari_app.core.area import AfterCalamity
from ari_app.core.area_commands import AreaCommand, CloseEarly, EndCalamity, OpenAgain, SetCalamity
from ari_app.core.calendar import PLAUSIBLE_YEARS, instant_of, local_date
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import CommandId, MunicipalityCode, new_command_id
from ari_app.core.operator_commands import Accepted, Answer
from ari_app.prompts.errors import BadText, PromptError
from ari_app.prompts.preview import calamity_preview
from ari_app.prompts.pronunciation import pronunciation_of
from ari_app.storage.area.calamities import LONGEST_TEXT, earlier_texts, list_calamities
from ari_app.storage.area.early_closings import LONGEST_REASON, list_early_closings
from ari_app.web import security
from ari_app.web.live.screen import Page, Region, Screen
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.commands import command_id_of
from ari_app.web.pages.supervising import ask_over_all, back_to, said
from ari_app.web.site import Visit
from ari_app.web.speech import is_speakable

HERE = "/calamiteiten"
#: checkboxes have names of their own: of a field that comes twice the last counts
TOWN = "g-"
#: each takes a tenth of a second of a core
_SPEAKING = asyncio.Semaphore(2)
#: the fields of both forms, and what may be wrong with them
_EMPTY = dict.fromkeys(("tekst", "vanaf", "tot", "daarna", "van", "einde", "waarom"), "")
_NO_FAULTS = dict.fromkeys(("tekst", "gemeenten", "tot", "sluiten", "waarom", "einde"), "")
_NO_TEXT = f"Schrijf een tekst van hooguit {LONGEST_TEXT} tekens, zonder regeleinden."
_NO_TOWN = "Kies een of meer gemeenten."
_BAD_TIME = "Dit tijdstip klopt niet. Het einde moet na het begin liggen, en nog komen."
_NO_REASON = f"Schrijf in hooguit {LONGEST_REASON} tekens waarom."


async def show(visit: Visit) -> web.Response:
    """What goes on and what is planned, with the two forms."""
    return await _page(visit, {}, {})


async def set_on(visit: Visit) -> web.Response:
    """One command for each municipality; what is wrong is said before anything is asked."""
    form = await security.read_form(visit.request)
    towns, text, now = _towns(visit, form), " ".join(form.get("tekst", "").split()), visit.site.now()
    then, faults = form.get("daarna", AfterCalamity.QUEUE), dict[str, str]()
    if not text or len(text) > LONGEST_TEXT or not await is_speakable(text):
        faults["tekst"] = _NO_TEXT
    if not towns:
        faults["gemeenten"] = _NO_TOWN
    from_at, until_at = _moment(form.get("vanaf", "")), _moment(form.get("tot", ""))
    times = [at for at in (from_at, until_at) if at is not None]
    if len(times) < sum(bool(form.get(name)) for name in ("vanaf", "tot")) or (
        until_at is not None and until_at <= max(from_at or now, now)
    ):
        faults["tot"] = _BAD_TIME
    if then not in set(AfterCalamity):
        raise web.HTTPBadRequest
    if faults:
        return await _page(visit, form, faults, status=400)
    # As it was said: the same form sent again after that moment is the same command.
    command = SetCalamity(text, from_at, until_at, AfterCalamity(then))
    return _told(await _ask(visit, form, towns, command), "aan")


async def end(visit: Visit) -> web.Response:
    """One calamity of one municipality, which goes on or is planned."""
    form = await security.read_form(visit.request)
    town = MunicipalityCode(form.get("gemeente", ""))
    try:
        from_at = datetime.fromisoformat(form["begin"])
    except (KeyError, ValueError):
        raise web.HTTPBadRequest from None
    if from_at.tzinfo is None or from_at.year not in PLAUSIBLE_YEARS:
        raise web.HTTPBadRequest
    return _told(await _ask(visit, form, [town], EndCalamity(from_at)), "uit")


async def listen(visit: Visit) -> web.Response:
    """The text as callers will hear it; nothing is stored."""
    form = await security.read_form(visit.request)
    text = form.get("tekst", "")
    if len(text) > LONGEST_TEXT:
        return web.Response(text=_NO_TEXT, status=400)
    pronounce = pronunciation_of(visit.site.area.current)
    try:
        async with _SPEAKING:
            wav = await asyncio.to_thread(calamity_preview, text, pronounce)
    except BadText:
        return web.Response(text=_NO_TEXT, status=400)
    except PromptError:
        return web.Response(text="Voorlezen lukt hier nu niet. Aanzetten kan wel.", status=503)
    return web.Response(body=wav, content_type="audio/wav")


async def close_early(visit: Visit) -> web.Response:
    """On the day of the form, from a moment until a moment; without these from now, and for the rest of that day."""
    form = await security.read_form(visit.request)
    towns, reason, now = _towns(visit, form), " ".join(form.get("waarom", "").split()), visit.site.now()
    today, faults = _day(form.get("dag", ""), local_date(now)), dict[str, str]()
    if not towns:
        faults["sluiten"] = _NO_TOWN
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        faults["waarom"] = _NO_REASON
    try:
        from_at = _today(today, form.get("van", ""))
        until_at = _today(today, form.get("einde", "")) or instant_of(today + timedelta(days=1), time(0))
    except ValueError:
        from_at, until_at = None, now
    if until_at <= max(from_at or now, now):
        faults["einde"] = _BAD_TIME
    if faults:
        return await _page(visit, form, faults, status=400)
    # As it was said: the same form sent again after that moment, or after midnight, is no second closing.
    command = CloseEarly(until_at, reason, from_at)
    return _told(await _ask(visit, form, towns, command, Action.CLOSE_EARLY), "dicht")


async def open_again(visit: Visit) -> web.Response:
    """One municipality: its early closings are over."""
    form = await security.read_form(visit.request)
    town = MunicipalityCode(form.get("gemeente", ""))
    return _told(await _ask(visit, form, [town], OpenAgain(), Action.CLOSE_EARLY), "open")


async def _ask(
    visit: Visit,
    form: Mapping[str, str],
    towns: Sequence[MunicipalityCode],
    command: AreaCommand,
    action: Action = Action.CALAMITY,
) -> list[Answer]:
    """Each municipality is a command of its own; outside the visitor's it does not exist.

    All forms of a page have one id: what is asked is part of the command's, or the second of two would be taken for the
    first.
    """
    base = command_id_of(form.get("id", ""))
    asked = [AskedCommand(command, id=CommandId(uuid5(base, f"{town} {command}")), municipality=town) for town in towns]
    return await ask_over_all(visit, action, asked)


def _told(answers: Sequence[Answer], what: str) -> web.Response:
    """The page again, which says what became of it: of the first that was not done, where one was not."""
    others = [answer for answer in answers if not isinstance(answer, Accepted)]
    done = len(answers) - len(others)
    return back_to(HERE, others[0] if others else answers[0], wat=what, aantal=str(done), niet=str(len(others)))


async def _page(visit: Visit, form: Mapping[str, str], faults: Mapping[str, str], *, status: int = 200) -> web.Response:
    site, scope, now = visit.site, visit.actor.scope_of(Action.CALAMITY), visit.site.now()
    names = {
        code: town.name
        for code, town in sorted(site.area.current.municipalities.items(), key=lambda pair: pair[1].name)
        if scope is None or code in scope
    }
    earlier = await earlier_texts(site.pool, scope)
    picked = earlier.get(_number(visit.request.query.get("eerder", "")), "")
    screen = Screen(visit.session.id, visit.actor, Page.CALAMITY)
    await site.hub.fill(screen)
    found = await list_calamities(site.pool, scope, now)
    return page_for(
        visit,
        "calamity",
        status=status,
        live=f"/live?blad={Page.CALAMITY}",
        regions={region.value: Markup(screen.shown(region)) for region in Region},
        names=names,
        running=[one for one in found if one.is_active(now)],
        planned=[one for one in found if not one.is_active(now)],
        closings=await list_early_closings(site.pool, scope, now),
        earlier=earlier,
        form={**_EMPTY, "tekst": picked, **form},
        faults={**_NO_FAULTS, **faults},
        chosen=set(_towns(visit, form)) or (set(names) if len(names) == 1 else set()),
        said=f"Er is niets veranderd. {' '.join(faults.values())}" if faults else _said(visit.request.query),
        now=now,
        today=local_date(now),
        id=new_command_id(),
        longest_text=LONGEST_TEXT,
        longest_reason=LONGEST_REASON,
    )


def _towns(visit: Visit, form: Mapping[str, str]) -> list[MunicipalityCode]:
    """Those of the visitor that were chosen."""
    scope = visit.actor.scope_of(Action.CALAMITY)
    known = visit.site.area.current.municipalities
    chosen = [MunicipalityCode(name[len(TOWN) :]) for name in form if name.startswith(TOWN)]
    return sorted(code for code in chosen if code in known and (scope is None or code in scope))


def _moment(text: str) -> datetime | None:
    """Of a field for day and time, in the Netherlands; None for nothing, and for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is not None or found.year not in PLAUSIBLE_YEARS:
        return None
    return instant_of(found.date(), found.time())


def _day(text: str, today: date) -> date:
    """The day on which the form was made; a form that does not say it is of today. Raises HTTPBadRequest."""
    try:
        found = date.fromisoformat(text) if text else today
    except ValueError:
        raise web.HTTPBadRequest from None
    if found > today or found.year not in PLAUSIBLE_YEARS:
        raise web.HTTPBadRequest
    return found


def _today(day: date, text: str) -> datetime | None:
    """Of a field for a time; None for nothing. Raises ValueError."""
    return instant_of(day, time.fromisoformat(text)) if text else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def _said(query: Mapping[str, str]) -> str:
    word, count, others = query.get("antwoord", ""), query.get("aantal", ""), query.get("niet", "")
    done = {
        "aan": "De calamiteit is bewaard.",
        "uit": "De calamiteit is beëindigd.",
        "dicht": "Bewaard: vandaag eerder gesloten.",
        "open": "Er wordt niet meer eerder gesloten.",
    }.get(query.get("wat", ""), "")
    why = said(word, done="")
    if not why or not count.isdecimal() or not others.isdecimal() or int(count) == 0:
        return why or (done if word == "gedaan" else "")
    return f"{done} Voor {int(others)} gemeente(n) niet: {why}"
