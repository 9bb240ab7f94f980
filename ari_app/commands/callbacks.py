"""`ari-app callbacks`: requests to be called back, their owners and deadlines, and whether the promise is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import click

from ari_app.callbacks.service import CallbackService
from ari_app.commands import WRONG, Moment, as_json, fail, json_option, with_database, write_or_echo
from ari_app.commands.options import login_name
from ari_app.core.callback_requests import NotPromised, Wish, WishPart, unknown_owner
from ari_app.core.callbacks import CallbackRequest, Confirmed, RequestReason
from ari_app.core.ids import MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.ledger import CallbackRefused
from ari_app.render.callbacks import limited_table, promise_table, requests_table, story_text
from ari_app.render.icalendar import team_calendar
from ari_app.render.text import local
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.callbacks.reads import Due, limited, list_requests, promise, promise_definition, request_story
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.db.engine import Database

T = TypeVar("T")

by_option = click.option(
    "--by", default=login_name, show_default="your login name", help="who does this; kept in the request's history"
)


@click.group(invoke_without_command=True)
@click.option("--due", type=click.Choice([kind.value for kind in Due]), help="only what is due today, or overdue")
@click.option("--municipality", metavar="CODE", help="only this municipality, by its CBS code")
@click.option("--pii", is_flag=True, help="with the numbers to call")
@json_option
@click.pass_context
def callbacks(ctx: click.Context, due: str | None, municipality: str | None, pii: bool, json_wanted: bool) -> None:
    """Open requests to be called back; those that must be done first come first."""
    if ctx.invoked_subcommand is not None:
        return
    code = None if municipality is None else MunicipalityCode(municipality)
    wanted = None if due is None else Due(due)
    now = datetime.now(UTC)
    found = with_database(
        lambda db: list_requests(db.background, None, now, due=wanted, municipality=code, with_personal_data=pii)
    )
    if json_wanted:
        for line in found:
            click.echo(as_json(asdict(line)))
        return
    click.echo(requests_table(found, now) if found else "nobody is to be called back")


@callbacks.command("show")
@click.argument("reference")
@click.option("--pii", is_flag=True, help="with the number and the notes")
@click.option("--json", "json_wanted", is_flag=True, help="one JSON object")
def show(reference: str, pii: bool, json_wanted: bool) -> None:
    """One request: the promise, its proof, and all that happened."""
    story = with_database(lambda db: request_story(db.background, None, reference, with_personal_data=pii))
    if story is None:
        fail(f"there is no request {reference}; `ari-app callbacks` lists the open ones")
    click.echo(as_json(asdict(story)) if json_wanted else story_text(story))


@callbacks.command("add")
@click.option("--municipality", metavar="CODE", required=True, help="its CBS code")
@click.option("--number", required=True, help="to call, in any notation")
@click.option("--subject", default="", help="in a few words; no personal data")
@click.option("--note", default="", help="what the citizen asked")
@click.option("--team", help="whose it is; the municipality's own, if left out")
@click.option("--operator", help="whose it is in particular, by number")
@click.option("--entry", help="a person or department of the directory, by code")
@click.option("--first-contact", type=Moment(back=True), help="when the citizen first called; now, if left out")
@json_option
def add(
    municipality: str,
    number: str,
    subject: str,
    note: str,
    team: str | None,
    operator: str | None,
    entry: str | None,
    first_contact: datetime | None,
    json_wanted: bool,
) -> None:
    """Promise somebody a call. Its deadline runs from the first contact."""
    now = datetime.now(UTC)
    first_contact_at = first_contact or now
    if first_contact_at > now:
        fail("the first contact has not been yet", WRONG)

    wish = Wish(
        municipality=MunicipalityCode(municipality),
        reason=RequestReason.DESK,
        first_contact_at=first_contact_at,
        number_confirmed_how=Confirmed.SPOKEN,
        pii_number=number,
        team=None if team is None else TeamCode(team),
        operator=None if operator is None else OperatorNumber(operator),
        entry=entry,
        subject=subject,
        pii_note=note,
    )
    created = with_database(lambda db: _with_callbacks(db, lambda service: service.create_or_join(wish, now)))
    if isinstance(created, NotPromised):
        fail(f"--number {created.pii_says}" if created.part is WishPart.NUMBER else created.pii_says, WRONG)
    request = created.request
    if json_wanted:
        fields = ("reference", "municipality", "deadline_at", "plan_by_at", "owner_team", "owner_operator")
        click.echo(as_json({name: getattr(request, name) for name in fields} | {"joined": created.joined}))
        return
    click.echo(f"{request.reference}  {'asked again' if created.joined else 'promised'}: {_until(request)}")


@callbacks.command("assign")
@click.argument("reference")
@click.option("--team", help="to this team")
@click.option("--operator", help="to this operator, by number")
@by_option
def assign(reference: str, team: str | None, operator: str | None, by: str) -> None:
    """Give a request to a team, or to somebody in particular. The deadline stays."""
    if team is None and operator is None:
        fail("to whom? --team or --operator", WRONG)
    now = datetime.now(UTC)

    owner = None if team is None else TeamCode(team)
    person = None if operator is None else OperatorNumber(operator)

    async def work(db: Database) -> CallbackRequest:
        request_id = await _id_of(db, reference)
        return await _with_callbacks(db, lambda service: service.assign(request_id, owner, person, by, now))

    request = with_database(work)
    whose = f"{request.owner_team} {request.owner_operator or ''}".rstrip()
    click.echo(f"{reference}  {whose}: {_until(request)}")


@callbacks.command("close")
@click.argument("reference")
@click.option("--reason", required=True, help="why nobody is called any more; kept as personal data")
@by_option
def close(reference: str, reason: str, by: str) -> None:
    """Nobody is to be called any more. It counts as a promise that was not kept."""
    now = datetime.now(UTC)

    async def work(db: Database) -> CallbackRequest:
        request_id = await _id_of(db, reference)
        return await _with_callbacks(db, lambda service: service.close_by_person(request_id, reason, by, now))

    with_database(work)
    click.echo(f"{reference}  closed by {by}")


@callbacks.command("calendar")
@click.argument("team")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="a file instead of the screen")
def calendar(team: str, output: Path | None) -> None:
    """Write the callbacks of TEAM (its code) as an iCalendar file without personal data."""
    now = datetime.now(UTC)

    async def work(db: Database) -> str:
        area = await load_area(db.background)
        unknown = unknown_owner(area, TeamCode(team), None)
        if unknown is not None:
            fail(unknown.pii_says, WRONG)
        requests = await list_requests(db.background, None, now, team=TeamCode(team))
        return team_calendar(area.teams[TeamCode(team)].name, requests, now)

    text = with_database(work)
    write_or_echo(text, output)


@callbacks.command("promise")
@click.option("--municipality", metavar="CODE", help="only this municipality, by its CBS code")
@json_option
def promise_command(municipality: str | None, json_wanted: bool) -> None:
    """How much of the promise is kept, per municipality and month of the deadline."""
    code = None if municipality is None else MunicipalityCode(municipality)
    found = with_database(lambda db: promise(db.background, None, municipality=code))
    if json_wanted:
        for month in found:
            click.echo(as_json(asdict(month)))
        return
    click.echo(promise_table(found) if found else "no promise was due yet")
    click.echo(f"\n{with_database(lambda db: promise_definition(db.background))}")


@callbacks.command("limited")
@click.option("--hours", type=click.IntRange(1, 24 * 366), default=24, show_default=True, help="looks so far back")
@json_option
def limited_command(hours: int, json_wanted: bool) -> None:
    """How often a limit kept callers from asking for one more callback, per municipality and limit."""
    since = datetime.now(UTC) - timedelta(hours=hours)
    found = with_database(lambda db: limited(db.background, None, since))
    if json_wanted:
        for row in found:
            click.echo(as_json(asdict(row)))
        return
    click.echo(limited_table(found) if found else "no limit was reached")


async def _with_callbacks(db: Database, work: Callable[[CallbackService], Awaitable[T]]) -> T:
    """Do something with the service; a refusal ends the command with its sentence, and listeners are notified."""
    area = await load_area(db.background)
    store = PostgresCallbackStore(db.pool)
    try:
        return await work(CallbackService(store, lambda: area))
    except CallbackRefused as refused:
        fail(str(refused), WRONG)
    finally:
        await store.close()


async def _id_of(db: Database, reference: str) -> RequestId:
    story = await request_story(db.background, None, reference)
    if story is None:
        fail(f"there is no request {reference}; `ari-app callbacks` lists the open ones", WRONG)
    return story.request.id


def _until(request: CallbackRequest) -> str:
    planned = "" if request.plan_by_at == request.deadline_at else f", to be called by {local(request.plan_by_at)}"
    return f"before {local(request.deadline_at)}{planned}"
