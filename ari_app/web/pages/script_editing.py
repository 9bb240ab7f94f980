"""Writing a script: the editor with its preview, a review by somebody else, versions side by side. No text is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import Action
from ari_app.core.area import EntryKind
from ari_app.core.calendar import local_date
from ari_app.core.ids import EntryCode, MunicipalityCode, ScriptId
from ari_app.core.script_steps import walk
from ari_app.core.scripts import Script, ScriptVersion, may_publish
from ari_app.render.scripts import html_of
from ari_app.storage.scripts.editing import (
    NoScript,
    Overtaken,
    Saved,
    add_script,
    ask_review,
    own_script,
    publish_script,
    save_script,
    withdraw_script,
)
from ari_app.storage.scripts.reads import ids_by_question, read_script, script_names
from ari_app.web import security
from ari_app.web.names import Names
from ari_app.web.pages.answers import page_for, see_other
from ari_app.web.pages.script_list import HERE, SOURCE_WORDS, STATE_WORDS, town_of
from ari_app.web.pages.scripts import FIRST_HEADING
from ari_app.web.script_forms import FIELDS, Written, side_by_side, values_of, written
from ari_app.web.site import Visit

#: of a new script: for all
SHARED = "alle"
FIELD_WORDS = {
    "vraag": "Vraag",
    "antwoord": "Antwoord",
    "stappen": "Stappen",
    "memo": "Memo, alleen voor medewerkers",
    "onderwerp": "Onderwerp van het gesprek",
    "trefwoorden": "Trefwoorden",
    "afdeling": "Afdeling",
    "links": "Links",
    "verwant": "Kijk ook bij",
    "vanaf": "Geldt vanaf",
    "tot": "Geldt tot",
}
_DONE = {
    "bewaard": "Bewaard als concept. Medewerkers zien het nog niet.",
    "nalezen": "Klaar om na te lezen. Een andere redacteur kan het publiceren.",
    "gepubliceerd": "Gepubliceerd. Medewerkers zien het nu.",
    "ingetrokken": "Ingetrokken. Medewerkers zien dit antwoord niet meer.",
    "eigenaar": "U krijgt voortaan bericht als dit antwoord bijna verloopt.",
    "ingehaald": "Er is niets veranderd: iemand anders was u voor, of u schreef deze versie zelf.",
}


async def show_new(visit: Visit) -> web.Response:
    return await _form(visit, None, Written(dict.fromkeys(FIELDS, "")))


async def add(visit: Visit) -> web.Response:
    """As a draft. The button *Voorbeeld* stores nothing."""
    form = await security.read_form(visit.request)
    sent = await _written(visit, form)
    faults = dict(sent.faults)
    municipality = _chosen_town(visit, form.get("gemeente", ""))
    if municipality == "":
        faults["gemeente"] = "Kies voor welke gemeente."
    if form.get("doe") == "voorbeeld" or faults or sent.text is None or municipality == "":
        status = 200 if form.get("doe") == "voorbeeld" else 400
        return await _form(visit, None, Written(sent.values, faults), form=form, status=status)
    site, scope = visit.site, visit.actor.scope_of(Action.EDIT_SCRIPTS)
    whose = None if municipality is None else MunicipalityCode(municipality)
    made = await add_script(site.pool, scope, whose, sent.text, _author(visit), site.now())
    return see_other(f"{HERE}/{made.script}?gedaan=bewaard")


async def show(visit: Visit) -> web.Response:
    """The newest version, to be read or changed. Raises HTTPNotFound."""
    script, versions = await _known(visit)
    newest = versions[0]
    return await _form(visit, script, Written(await _values(visit, newest)), versions=versions)


async def save(visit: Visit) -> web.Response:
    """One version more. When somebody else saved meanwhile both texts are shown, and the next save follows theirs."""
    form = await security.read_form(visit.request)
    script, versions = await _known(visit, to_change=True)
    based_on = form.get("versie", "")
    if not (based_on.isascii() and based_on.isdigit() and len(based_on) < 7):
        raise web.HTTPBadRequest
    sent = await _written(visit, form, versions[0].text.subject_uri)
    if form.get("doe") == "voorbeeld" or sent.text is None:
        status = 200 if form.get("doe") == "voorbeeld" else 400
        return await _form(visit, script, sent, versions=versions, form=form, status=status)
    site, scope = visit.site, visit.actor.scope_of(Action.EDIT_SCRIPTS)
    match await save_script(site.pool, scope, script.id, int(based_on), sent.text, _author(visit), site.now()):
        case Saved():
            return see_other(f"{HERE}/{script.id}?gedaan=bewaard")
        case Overtaken(newest):
            theirs = await _values(visit, newest)
            script, versions = await _known(visit)
            both = side_by_side(sent.values, theirs)
            return await _form(visit, script, sent, versions=versions, other=(newest, both), status=409)
        case NoScript():
            raise web.HTTPNotFound


async def change(visit: Visit) -> web.Response:
    """What becomes of the newest version: review, publication; or of the script: withdrawal, another owner."""
    form = await security.read_form(visit.request)
    script, _ = await _known(visit, to_change=True)
    site, scope, by = visit.site, visit.actor.scope_of(Action.EDIT_SCRIPTS), _author(visit)
    version = form.get("versie", "")
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 7 else 0
    about = (site.pool, scope, script.id)
    match form.get("doe"):
        case "nalezen" as done:
            answer = await ask_review(*about, number, by, site.now())
        case "gepubliceerd" as done:
            answer = await publish_script(*about, number, by, site.now())
        case "ingetrokken" as done:
            answer = await withdraw_script(*about, by, site.now())
        case "eigenaar" as done:
            answer = await own_script(*about, by, site.now())
        case _:
            raise web.HTTPBadRequest
    if isinstance(answer, NoScript):
        raise web.HTTPNotFound
    return see_other(f"{HERE}/{script.id}?gedaan={'ingehaald' if isinstance(answer, Overtaken) else done}")


async def preview(visit: Visit) -> web.Response:
    """While somebody writes: the text as an operator sees it."""
    sent = await _written(visit, await security.read_form(visit.request))
    html = visit.site.pages.fragment("script_preview", **_preview(sent))
    return web.Response(text=html, content_type="text/html")


async def compare(visit: Visit) -> web.Response:
    """Two versions side by side. Raises HTTPNotFound."""
    script, versions = await _known(visit)
    by_number = {one.version: one for one in versions}
    query = visit.request.query
    one, other = (by_number.get(int(text)) if _is_number(text := query.get(name, "")) else None for name in ("a", "b"))
    if one is None or other is None:
        raise web.HTTPNotFound
    both = side_by_side(await _values(visit, one), await _values(visit, other))
    return page_for(
        visit, "script_versions", script=script, one=one, other=other, both=both, words=FIELD_WORDS, states=STATE_WORDS
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 7


def _author(visit: Visit) -> str:
    return f"account:{visit.actor.login}"


async def _known(visit: Visit, *, to_change: bool = False) -> tuple[Script, list[ScriptVersion]]:
    """Raises HTTPNotFound, and HTTPForbidden to change what is shared for an editor of some municipalities only."""
    try:
        script = ScriptId(UUID(visit.request.match_info["script"]))
    except ValueError:
        raise web.HTTPNotFound from None
    scope = visit.actor.scope_of(Action.EDIT_SCRIPTS)
    found = await read_script(visit.site.pool, scope, script)
    if found is None:
        raise web.HTTPNotFound
    if to_change and not _may_change(visit, found[0]):
        raise web.HTTPForbidden
    return found


def _may_change(visit: Visit, script: Script) -> bool:
    scope = visit.actor.scope_of(Action.EDIT_SCRIPTS)
    return scope is None or script.municipality in scope


def _departments(visit: Visit) -> dict[EntryCode, str]:
    """Those of the editor's municipalities, and those that all may use."""
    scope = visit.actor.scope_of(Action.EDIT_SCRIPTS)
    kinds = (EntryKind.DEPARTMENT, EntryKind.GROUP, EntryKind.QUEUE, EntryKind.OUTSIDE)
    entries = visit.site.area.current.entries.values()
    usable = [
        one for one in entries if one.kind in kinds and (scope is None or one.shared or one.municipality in scope)
    ]
    return {one.code: one.name for one in sorted(usable, key=lambda one: one.name)}


async def _written(visit: Visit, form: Mapping[str, str], subject_uri: str = "") -> Written:
    site, scope = visit.site, visit.actor.scope_of(Action.EDIT_SCRIPTS)
    asked = [line.strip().casefold() for line in form.get("verwant", "").splitlines() if line.strip()][:50]
    related = await ids_by_question(site.pool, scope, asked) if asked else {}
    return written(form, _departments(visit), related, subject_uri)


async def _values(visit: Visit, version: ScriptVersion) -> dict[str, str]:
    scope, related = visit.actor.scope_of(Action.EDIT_SCRIPTS), list(version.text.related)
    names = await script_names(visit.site.pool, scope, related) if related else {}
    return values_of(version.text, _departments(visit), names)


def _chosen_town(visit: Visit, code: str) -> str | None:
    """None: for all; empty: none that this editor writes for."""
    scope = visit.actor.scope_of(Action.EDIT_SCRIPTS)
    if code == SHARED:
        return None if scope is None else ""
    towns = Names.of(visit.site.area.current, scope).towns
    if not code and len(towns) == 1 and scope is not None:
        return next(iter(towns))
    return code if code in towns else ""


def _preview(sent: Written) -> dict[str, Any]:
    text = sent.text
    values = sent.values
    return {
        "question": values["vraag"],
        "answer": Markup(html_of(values["antwoord"], first_level=FIRST_HEADING)),
        "memo": Markup(html_of(values["memo"], first_level=FIRST_HEADING + 1)),
        "steps": () if text is None else text.steps,
        "first": None if text is None else walk(text.steps, ()).now,
        "faults": [f"{FIELD_WORDS[name]}: {said}" for name, said in sent.faults.items() if name in FIELD_WORDS],
    }


async def _form(
    visit: Visit,
    script: Script | None,
    sent: Written,
    *,
    versions: list[ScriptVersion] | None = None,
    other: tuple[ScriptVersion, Any] | None = None,
    form: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    versions = versions or []
    newest = versions[0] if versions else None
    scope = visit.actor.scope_of(Action.EDIT_SCRIPTS)
    towns = dict(Names.of(visit.site.area.current, scope).towns)
    # Whoever read an older version and is overtaken has seen the newest by now.
    based_on = form.get("versie", "") if form and form.get("versie") else (newest.version if newest else 0)
    return page_for(
        visit,
        "script_edit",
        status=status,
        script=script,
        town=None if script is None else town_of(visit, script.municipality),
        towns={**({SHARED: "Alle gemeenten"} if scope is None else {}), **towns},
        chosen_town=(form or {}).get("gemeente", ""),
        sent=sent,
        versions=versions,
        newest=newest,
        based_on=based_on,
        other=other,
        may_change=script is None or _may_change(visit, script),
        may_publish=newest is not None and may_publish(newest, _author(visit)),
        is_own_review=newest is not None and newest.state == "review" and newest.author == _author(visit),
        is_owner=script is not None and script.owner == _author(visit),
        departments=_departments(visit),
        done=_DONE.get(visit.request.query.get("gedaan", ""), ""),
        words=FIELD_WORDS,
        states=STATE_WORDS,
        sources=SOURCE_WORDS,
        today=local_date(visit.site.now()),
        **{f"preview_{name}": value for name, value in _preview(sent).items()},
    )
