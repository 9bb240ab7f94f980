"""`ari-app check`: is everything in place?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError, AriUnreachable, NotFound, Unauthorized
from ari_app.commands import CANNOT, as_json, json_option, settings
from ari_app.commands.check_area import designated_days, numbers_from_abroad, trial_page
from ari_app.commands.findings import Finding
from ari_app.core.area import Area
from ari_app.core.browser_phones import CONFIG, RENDERED_IN, TRUNK_IDENTIFY, overlapping
from ari_app.core.ledger import LedgerError
from ari_app.core.outbound import peer_of
from ari_app.core.passkeys import relying_party
from ari_app.core.shares import too_much_promised
from ari_app.jobs.browser_phones import addresses_of
from ari_app.local.asterisk_root import OLDEST, is_new_enough
from ari_app.prompts import expected, missing
from ari_app.prompts.catalogue import said_prompt
from ari_app.settings import LinkSettings, Settings, SettingsError, load
from ari_app.storage.accounts.passkeys import only_with_passkeys
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database, shown
from ari_app.storage.db.errors import StorageError
from ari_app.storage.db.excess import rights_in_excess
from ari_app.storage.db.revision import require_head

#: what the dialplan and the application cannot do without
MODULES = (
    "app_queue.so",
    "app_stasis.so",
    "bridge_holding.so",
    "bridge_simple.so",
    "cel_custom.so",
    "chan_pjsip.so",
    "func_uuid.so",
    "res_ari_asterisk.so",
    "res_ari_bridges.so",
    "res_ari_channels.so",
    "res_ari_events.so",
    "res_ari_playbacks.so",
    "res_musiconhold.so",
    "res_pjsip_session.so",
    "res_pjsip_transport_websocket.so",
    "res_stasis_playback.so",
)
#: a global variable of asterisk-conf/extensions.conf
DIALPLAN_MARKER, DIALPLAN_VERSION = "ARI_APP_DIALPLAN", "1"
#: and others, which tell what it promises
TRUNK_CALLS, SOUND_PAIRS = "ARI_APP_TRUNK_CALLS", "ARI_APP_SOUND_PAIRS"


@click.command()
@json_option
def check(json_wanted: bool) -> None:
    """Settings, database, Asterisk and prompts: what is wrong, and how to mend it."""
    chosen = settings()
    findings = asyncio.run(_findings(chosen))
    for finding in findings:
        if json_wanted:
            click.echo(as_json(finding))
        else:
            click.echo(f"{'ok   ' if finding.is_fine else 'WRONG'}  {finding.what:<22} {finding.detail}")
            if finding.remedy:
                click.echo(f"       {'':<22} -> {finding.remedy}")
    sys.exit(0 if all(finding.is_fine for finding in findings) else CANNOT)


async def _findings(chosen: Settings) -> list[Finding]:
    found = [Finding("settings", True, "complete")]
    area, about_database = await _database(chosen)
    found += about_database
    found += [finding async for finding in _asterisk(chosen)]
    found.append(_prompts(chosen, area))
    found.append(numbers_from_abroad(area))
    found.append(trial_page(chosen.trial_password is not None, area))
    found.append(_cel(chosen.cel_file))
    return found


async def _database(chosen: Settings) -> tuple[Area, list[Finding]]:
    url = chosen.database_url.reveal()
    try:
        async with Database(url) as database:
            await database.ping()
            reachable = Finding("database", True, shown(url))
            try:
                await require_head(url)
            except StorageError as error:
                return Area(), [reachable, Finding("database schema", False, str(error), "ari-app migrate")]
            role = _role(await rights_in_excess(database.background))
            area = await load_area(database.background)
            passkeys = _passkeys(await only_with_passkeys(database.pool))
    except (LedgerError, StorageError, ValueError) as error:
        remedy = "start Postgres, or correct DATABASE_URL"
        return Area(), [Finding("database", False, str(error), remedy)]
    count = len(area.municipalities)
    about_area = Finding("area", True, f"{count} municipalities, {len(area.operators)} operators")
    if not count:
        about_area = Finding("area", False, "no municipality", "ari-app import FILE (docs/area-file.md)")
    return area, [
        reachable,
        Finding("database schema", True, "at head"),
        role,
        about_area,
        designated_days(area),
        passkeys,
    ]


def _role(excess: list[str]) -> Finding:
    if not excess:
        return Finding("database role", True, "may read and write rows, and change no fact")
    remedy = "let DATABASE_URL name the role ari_app_serve, made by `ari-app migrate` (docs/deployment.md, roles)"
    return Finding("database role", False, f"has rights that it need not have: {', '.join(excess)}", remedy)


def _passkeys(only: int) -> Finding:
    """Whether those who have nothing but a passkey beside their password can give it, as far as this says where."""
    detail = f"{only} accounts have no other second factor"
    try:
        chosen = load(LinkSettings)
        is_on = chosen.desk_url is None or relying_party(chosen.desk_url, chosen.desk_passkey_domain) is not None
    except (SettingsError, ValueError):
        return Finding("passkeys", False, detail, "correct ARI_APP_DESK_URL or ARI_APP_DESK_PASSKEY_DOMAIN")
    if is_on or not only:
        return Finding("passkeys", True, detail)
    remedy = "let ARI_APP_DESK_URL be https:// and a name, or ari-app accounts reset NAME --second-factor for each"
    return Finding(
        "passkeys", False, f"{detail}, and browsers give none at ARI_APP_DESK_URL: no code, no login", remedy
    )


async def _asterisk(chosen: Settings) -> AsyncIterator[Finding]:
    password = chosen.ari_password.reveal()
    async with AriClient(chosen.ari_url, chosen.ari_user, password) as ari:
        try:
            info = await ari.asterisk.get_info()
        except Unauthorized:
            remedy = "make ARI_APP_ARI_USER and ARI_APP_ARI_PASSWORD those of ari.conf"
            yield Finding("asterisk", False, "refuses the user or the password", remedy)
            return
        except (AriError, AriUnreachable) as error:
            yield Finding("asterisk", False, str(error), "start Asterisk, or correct ARI_APP_ARI_URL")
            return
        yield _version(info.version)
        try:
            async for finding in _inside(ari):
                yield finding
            yield await _phones_in_pages(ari, chosen.phone_relays)
            yield await _way_outside(ari, chosen.outbound_endpoint)
            yield await _capacity(ari, chosen.capacity_calls)
        except AriError as error:
            yield Finding("asterisk", False, str(error), "look at Asterisk's log; run check again")


async def _inside(ari: AriClient) -> AsyncIterator[Finding]:
    """Findings about an Asterisk that answers: modules, versions, settings. Raises AriError."""
    running = {module.name for module in await ari.asterisk.list_modules() if module.status == "Running"}
    absent = [name for name in MODULES if name not in running]
    if absent:
        yield Finding("asterisk modules", False, f"not running: {', '.join(absent)}", "load them in modules.conf")
    else:
        yield Finding("asterisk modules", True, f"{len(MODULES)} needed ones run")
    marker = await ari.asterisk.get_global_var(variable=DIALPLAN_MARKER)
    if marker == DIALPLAN_VERSION:
        yield Finding("dialplan", True, "in place")
    else:
        remedy = "install asterisk-conf/extensions.conf and restart Asterisk"
        yield Finding("dialplan", False, f"{DIALPLAN_MARKER} is {marker or 'not set'}", remedy)


async def _phones_in_pages(ari: AriClient, relays: Sequence[str]) -> Finding:
    """Whether Asterisk can tell the relay of phones in pages from the trunk. Raises AriError."""
    what = "phones in pages"
    try:
        await ari.asterisk.get_object(CONFIG, "endpoint", RENDERED_IN)
    except NotFound:
        remedy = "render Asterisk's configuration anew, and restart it"
        return Finding(what, False, "Asterisk's configuration is of before there were any", remedy)
    with suppress(NotFound):
        trunk = await ari.asterisk.get_object(CONFIG, "identify", TRUNK_IDENTIFY)
        matches = [part for pair in trunk if pair.attribute == "match" for part in pair.value.split(",")]
        shared = overlapping(await addresses_of(relays), matches)
        if shared is not None:
            remedy = (
                "take it out of ARI_APP_TRUNK_MATCH, or let `ari-app web` reach Asterisk from another address: "
                "ARI_APP_DESK_PHONE_FROM, and the same in ARI_APP_PHONE_RELAYS"
            )
            return Finding(what, False, f"what comes from {shared} is taken for the trunk's", remedy)
    return Finding(what, True, f"may come from {', '.join(relays)}")


async def _way_outside(ari: AriClient, template: str) -> Finding:
    """Whether numbers outside can be called. Raises AriError."""
    what = "calls outside"
    if not template:
        remedy = "set ARI_APP_OUTBOUND_ENDPOINT, for example PJSIP/{number}@trunk, and ARI_APP_TRUNK_CONTACT"
        return Finding(what, False, "not set: nobody outside can be called", remedy)
    try:
        endpoint = await ari.endpoints.get("PJSIP", peer_of(template))
    except NotFound:
        remedy = "set ARI_APP_TRUNK_CONTACT for Asterisk, or correct ARI_APP_OUTBOUND_ENDPOINT"
        return Finding(what, False, f"Asterisk has no {peer_of(template)}", remedy)
    if endpoint.state == "offline":
        remedy = "register a phone as that account, or look at the trunk: asterisk -rx 'pjsip show contacts'"
        return Finding(what, False, f"{peer_of(template)} does not answer", remedy)
    return Finding(what, True, template)


async def _capacity(ari: AriClient, capacity: int | None) -> Finding:
    """Whether the trunk and the ports for sound promise what this machine carries. Raises AriError."""
    what = "capacity"
    if capacity is None:
        return Finding(what, True, "ARI_APP_CAPACITY_CALLS is not set: only what is measured limits callers")
    promised = [await ari.asterisk.get_global_var(variable=name) for name in (TRUNK_CALLS, SOUND_PAIRS)]
    if not all(text.isdigit() for text in promised):
        return Finding(what, False, "Asterisk does not tell what it promises", "render its configuration anew")
    problem = too_much_promised(capacity, *map(int, promised))
    if problem:
        remedy = "set ARI_APP_TRUNK_CALLS, the ports for sound (ARI_APP_RTP_END) or ARI_APP_CAPACITY_CALLS accordingly"
        return Finding(what, False, problem, f"{remedy} (docs/operations.md, too many callers)")
    return Finding(what, True, f"{capacity} calls; {promised[0]} of the trunk, {promised[1]} pairs of ports for sound")


def _version(version: str) -> Finding:
    if is_new_enough(version):
        return Finding("asterisk", True, f"version {version}")
    return Finding("asterisk", False, f"version {version}", f"install Asterisk {OLDEST}, or newer")


def _prompts(chosen: Settings, area: Area) -> Finding:
    now = datetime.now(UTC)
    calamities = [one for one in area.calamities if one.until_at is None or one.until_at > now]
    names = expected(
        [(town.code, town.spoken_name) for town in area.municipalities.values()],
        [one.text for one in calamities],
    )
    absent = missing(chosen.sounds_dir, names)
    mute = sorted({one.municipality for one in calamities if said_prompt(one.text) in absent})
    if mute:
        remedy = f"ari-app calamity off {mute[0]}, and on again with another text; ari-app serve makes its sound"
        return Finding("prompts", False, f"the calamity text of {', '.join(mute)} has no sound", remedy)
    if absent:
        detail = f"{len(absent)} of {len(names)} have no sound, {absent[0]} for one"
        return Finding(
            "prompts", False, detail, f"python -m ari_app.prompts {chosen.sounds_dir}; ari-app serve adds names"
        )
    return Finding("prompts", True, f"{len(names)} in {chosen.sounds_dir}")


def _cel(path: Path | None) -> Finding:
    if path is None:
        remedy = "set ARI_APP_CEL_FILE to the file that cel_custom.conf names"
        return Finding("channel event log", False, "not set: audit and fallback calls need it", remedy)
    if not path.parent.is_dir():
        return Finding("channel event log", False, f"{path.parent} is no directory", "correct ARI_APP_CEL_FILE")
    return Finding("channel event log", True, str(path))
