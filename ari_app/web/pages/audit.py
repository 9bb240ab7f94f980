"""The audit log, for administrators: who looked at what, and changed what, of their municipalities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from aiohttp import web

from ari_app.core.access import Action
from ari_app.storage.accounts.deeds import DeedsAsked, list_deeds
from ari_app.web.api.cursors import LONGEST, read_cursor, write_cursor
from ari_app.web.api.problems import ApiProblem
from ari_app.web.api.shapes import read_instant
from ari_app.web.deed_words import KINDS, about_words, actor_words, deed_words, name_of
from ari_app.web.names import Names
from ari_app.web.pages.answers import page_for
from ari_app.web.periods import read_period
from ari_app.web.site import Visit

HERE = "/auditlog"
MOST_LISTED = 100
LONGEST_WHO = 200  # the address of a provider
_LARGEST_ID = 2**63 - 1


async def show(visit: Visit) -> web.Response:
    """A page of it, the newest first. Of an address that is wrong the form alone, which says what is."""
    site, scope, query, now = visit.site, visit.actor.scope_of(Action.AUDIT), visit.request.query, visit.site.now()
    values = {name: query.get(name, "").strip() for name in ("vanaf", "tot", "wie", "soort")}
    faults: dict[str, str] = {}
    since, until = read_period(values, faults, now)
    if values["soort"] and values["soort"] not in KINDS:
        faults["soort"], values["soort"] = "Kies iets uit de lijst.", ""
    if len(values["wie"]) > LONGEST_WHO or not values["wie"].isprintable():
        faults["wie"] = f"Vul een naam in van hooguit {LONGEST_WHO} tekens."
    before = _before(query.get("cursor", ""), faults)
    actions = KINDS[values["soort"]][1] if values["soort"] else ()
    asked = DeedsAsked(since, until, name_of(values["wie"]).lower() or None, actions, before)
    found = [] if faults else await list_deeds(site.pool, scope, asked, limit=MOST_LISTED + 1)
    listed, names = found[:MOST_LISTED], Names.of(site.area.current, scope)
    last = listed[-1] if len(found) > MOST_LISTED else None
    return page_for(
        visit,
        "audit_log",
        status=400 if faults else 200,
        rows=[(one.at, actor_words(one), deed_words(one), about_words(one, names)) for one in listed],
        further=None if last is None else _address(values, cursor=write_cursor(last.at.isoformat(), str(last.id))),
        first=_address(values) if before is not None else None,
        values=values,
        faults=faults,
        kinds={code: words for code, (words, *_) in KINDS.items()},
        longest_who=LONGEST_WHO,
        now=now,
    )


def _address(values: Mapping[str, str], **more: str) -> str:
    asked = {name: text for name, text in values.items() if text}
    return f"{HERE}?{urlencode({**asked, **more})}"


def _before(text: str, faults: dict[str, str]) -> tuple[datetime, int] | None:
    if not text:
        return None
    try:
        at, number = read_cursor(text[: LONGEST + 1], 2)
        if number.isascii() and number.isdigit() and len(number) < 20 and int(number) <= _LARGEST_ID:
            return read_instant(at), int(number)
    except (ApiProblem, ValueError):
        pass
    faults["cursor"] = "Deze plek in de lijst kennen wij niet. Kies opnieuw 'Laat zien'."
    return None
