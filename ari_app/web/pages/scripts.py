"""Scripts on the desk: found while somebody types, read and walked through, chosen for the call, remarked upon.

What is typed may be what a caller said, so it is sent in a form and never in an address.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import Action
from ari_app.core.calendar import local_date
from ari_app.core.directory import is_visible
from ari_app.core.ids import MunicipalityCode, ScriptId
from ari_app.core.operator_commands import Accepted, RefusalReason, Refused
from ari_app.core.script_commands import ChooseScript
from ari_app.core.script_search import LONGEST_SEARCH, is_worth_noting
from ari_app.core.script_steps import walk
from ari_app.core.scripts import LONGEST_REMARK, REMARKS, Offered, ScriptVersion, remark_fault, subject_code
from ari_app.render.scripts import html_of
from ari_app.storage.operators.card import CallCard
from ari_app.storage.operators.desk import staff_now
from ari_app.storage.scripts.choices import last_choice
from ari_app.storage.scripts.notes import note_miss, remark_on_script
from ari_app.storage.scripts.search import find_scripts, list_first, read_scripts
from ari_app.web import security
from ari_app.web.directory_view import EntryLine, line_of, sightings, wanted_extensions
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.commands import answered, ask_controller, call_id_of, card_of
from ari_app.web.site import Visit

#: the places of the choices of a walk, each one figure
_WALKED = re.compile(r"[0-8]{0,40}")
#: the headings of an answer stand below that of the script, and that below the panel's
FIRST_HEADING = 4
CHOSEN = "Het antwoord staat bij dit gesprek."
TAKEN_BACK = "Het antwoord is weggehaald bij dit gesprek."
NOT_READABLE = "Dit antwoord is er niet (meer) voor u. Zoek een ander antwoord."


async def search(visit: Visit) -> web.Response:
    """`deel`: a script asks for the results alone. `klaar`: the operator is done with typing, and found this."""
    form = await security.read_form(visit.request)
    text = form.get("zoek", "").strip()[:LONGEST_SEARCH]
    values = await _found(visit, text, is_done=bool(form.get("klaar")))
    if form.get("deel"):
        html = visit.site.pages.fragment("scripts", **values)
        return web.Response(text=html, content_type="text/html")
    return page_for(visit, "scripts_found", **values, script=None)


async def read(visit: Visit) -> web.Response:
    """One script, with the steps as far as they were walked. Raises HTTPNotFound."""
    form = await security.read_form(visit.request)
    walked = form.get("stap", "") + form.get("keuze", "")
    if _WALKED.fullmatch(walked) is None:
        raise web.HTTPBadRequest
    shown = await _shown(visit, script_id_of(form.get("antwoord", "")), walked)
    if shown is None:
        raise web.HTTPNotFound
    if form.get("deel"):
        html = visit.site.pages.fragment("script", **shown)
        return web.Response(text=html, content_type="text/html")
    return page_for(visit, "scripts_found", text="", lines=[], callers="", **shown)


async def choose(visit: Visit) -> web.Response:
    """The answer that was given: the call is about its subject from now on. `doe=terug`: it was another one."""
    form = await security.read_form(visit.request)
    call_id = call_id_of(form.get("gesprek", ""))
    if call_id is None:
        return answered(visit, Refused(RefusalReason.NO_SUCH_CALL))
    is_back = form.get("doe") == "terug"
    version = form.get("versie", "")
    if not is_back and not (version.isascii() and version.isdigit() and len(version) < 7):
        raise web.HTTPBadRequest
    command = ChooseScript() if is_back else ChooseScript(script_id_of(form.get("antwoord", "")), int(version))
    answer = await ask_controller(visit, Action.CALL, command, form.get("id", ""), call_id)
    done = (TAKEN_BACK if is_back else CHOSEN) if isinstance(answer, Accepted) else ""
    return answered(visit, answer, done=done)


async def remark(visit: Visit) -> web.Response:
    """Something is wrong with a script: for its editors, and never about a citizen."""
    form = await security.read_form(visit.request)
    kind, text, version = form.get("soort", ""), " ".join(form.get("tekst", "").split()), form.get("versie", "")
    if kind not in REMARKS or not (version.isascii() and version.isdigit() and len(version) < 7):
        raise web.HTTPBadRequest
    fault = remark_fault(text)
    if fault:
        return web.Response(text=fault, status=409, headers={"X-Answer": "refused"})
    site, towns = visit.site, visit.site.area.towns_of(visit.actor, Action.SCRIPTS)
    script, author = script_id_of(form.get("antwoord", "")), f"account:{visit.actor.login}"
    is_kept = await remark_on_script(site.pool, towns, script, int(version), kind, text, author, site.now())
    said = "Dank u. De redactie ziet uw bericht." if is_kept else NOT_READABLE
    kind, status = ("done", 200) if is_kept else ("refused", 409)
    return web.Response(text=said, status=status, headers={"X-Answer": kind})


def script_id_of(text: str) -> ScriptId:
    """Raises HTTPBadRequest for what is no id."""
    try:
        return ScriptId(UUID(text))
    except ValueError:
        raise web.HTTPBadRequest from None


async def _found(visit: Visit, text: str, *, is_done: bool) -> dict[str, Any]:
    site = visit.site
    towns, today = site.area.towns_of(visit.actor, Action.SCRIPTS), local_date(site.now())
    card = await card_of(visit)
    callers = _callers(card)
    if text:
        words = await site.scripts.vocabulary(site.pool)
        found = await find_scripts(site.pool, towns, callers, text, words, today)
        noted = "" if found or not is_done else is_worth_noting(text)
        if noted and card is not None and callers is not None:
            await note_miss(site.pool, callers, noted, card.call_id, site.now())
    else:
        found = await list_first(site.pool, towns, callers, None if card is None else card.call_id, today)
    return {"text": text, "lines": [_line(visit, one) for one in found], "callers": _town(visit, callers)}


def _callers(card: CallCard | None) -> MunicipalityCode | None:
    return card.municipality if card is not None and card.is_known else None


def _town(visit: Visit, code: MunicipalityCode | None) -> str:
    town = None if code is None else visit.site.area.current.municipalities.get(code)
    return "" if town is None else town.name


def _line(visit: Visit, one: Offered) -> dict[str, Any]:
    return {"one": one, "town": _town(visit, one.municipality)}


async def _shown(visit: Visit, script: ScriptId, walked: str) -> dict[str, Any] | None:
    site = visit.site
    towns, today = site.area.towns_of(visit.actor, Action.SCRIPTS), local_date(site.now())
    found = (await read_scripts(site.pool, towns, [script], today)).get(script)
    if found is None:
        return None
    municipality, version = found
    text, card = version.text, await card_of(visit)
    # What is no longer to be read is not named: a draft may say something else.
    others = await read_scripts(site.pool, towns, text.related, today) if text.related else {}
    operator = visit.actor.operator
    chosen = None
    if card is not None and operator is not None:
        chosen = await last_choice(site.pool, visit.actor.scope_of(Action.CALL), card.call_id, operator)
    can_transfer = card is not None and card.state == "talking" and card.open_transfer is None
    return {
        "script": version,
        "town": _town(visit, municipality),
        "answer": Markup(html_of(text.answer, first_level=FIRST_HEADING)),
        "memo": Markup(html_of(text.memo, first_level=FIRST_HEADING + 1)),
        "walk": walk(text.steps, [int(one) for one in walked]),
        "walked": walked,
        "related": [(one, others[one][1].text.question) for one in text.related if one in others],
        "department": await _department(visit, version, towns),
        "card": card if can_transfer else None,
        "call": None if card is None else card.call_id,
        "is_chosen": chosen == (version.script, version.version),
        "subject_code": subject_code(text.subject),
        "remarks": REMARKS,
        "longest_remark": LONGEST_REMARK,
    }


async def _department(visit: Visit, version: ScriptVersion, towns: Collection[MunicipalityCode]) -> EntryLine | None:
    """The entry of the directory behind it, if its reader may use that."""
    area, code = visit.site.area.current, version.text.department
    entry = None if code is None else area.entries.get(code)
    if entry is None or not is_visible(entry, towns):
        return None
    extensions = wanted_extensions(area, [entry], towns)
    states, busy = await staff_now(visit.site.pool, extensions)
    return line_of(area, entry, towns, sightings(area, extensions, states, busy), visit.site.now())
