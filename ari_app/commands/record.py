"""`ari-app calls`, `operators`: what happened, and who is where."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from ari_app.commands import WRONG, Moment, as_json, author_option, fail, with_database
from ari_app.core.callbacks import Absence
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.render.callbacks import absences_table
from ari_app.render.text import call_story_text, calls_table, local, operators_table
from ari_app.storage.calls.allowances import allow_transfer
from ari_app.storage.calls.reads import CallStory, call_story, find_call, list_calls, list_operators
from ari_app.storage.db.engine import Database
from ari_app.storage.operators.absences import AbsenceRefused, add_absence, end_absences, list_absences


@click.group(invoke_without_command=True)
@click.option("--since", type=Moment(back=True), default="1d", show_default=True, help="from this moment on")
@click.option("--municipality", metavar="CODE", help="only this municipality, by its CBS code")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="how many at most")
@click.option("--json", "json_wanted", is_flag=True, help="one JSON object per line")
@click.pass_context
def calls(ctx: click.Context, since: datetime, municipality: str | None, limit: int, json_wanted: bool) -> None:
    """The calls, newest first."""
    if ctx.invoked_subcommand is not None:
        return
    code = None if municipality is None else MunicipalityCode(municipality)
    found = with_database(lambda db: list_calls(db.engine, None, since=since, municipality=code, limit=limit))
    if json_wanted:
        for line in found:
            click.echo(as_json(asdict(line)))
        return
    click.echo(calls_table(found) if found else "no calls in this period")


@calls.command("show")
@click.argument("call_id")
@click.option("--json", "json_wanted", is_flag=True, help="one JSON object")
@click.option("--pii", is_flag=True, help="with the caller's number")
def calls_show(call_id: str, json_wanted: bool, pii: bool) -> None:
    """One call as a story, with times. CALL_ID may be its first eight characters."""

    async def work(db: Database) -> CallStory | None:
        found = await find_call(db.engine, None, call_id)
        return None if found is None else await call_story(db.engine, None, found, with_personal_data=pii)

    story = with_database(work)
    if story is None:
        fail(f"no call begins with {call_id!r}; `ari-app calls` lists them")
    click.echo(as_json(asdict(story)) if json_wanted else call_story_text(story))


@calls.command("allow-transfer")
@click.argument("call_id")
@click.option("--by", required=True, help="who allows it; kept with the call and in the audit log")
@click.option("--reason", required=True, help="why; kept as well")
def calls_allow_transfer(call_id: str, by: str, reason: str) -> None:
    """Let the caller of a call that goes on be handed over once more than twice. CALL_ID may be its beginning."""
    for name, text in (("--by", by), ("--reason", reason)):
        if not text.strip():
            fail(f"{name} is empty: say it in words", WRONG)

    async def work(db: Database) -> bool:
        found = await find_call(db.engine, None, call_id)
        now = datetime.now(UTC)
        return found is not None and await allow_transfer(db.engine, None, found, by.strip(), reason.strip(), now)

    if not with_database(work):
        fail(f"no call that goes on begins with {call_id!r}; `ari-app calls` lists them")
    click.echo("one more transfer is allowed for this call")


@click.group(invoke_without_command=True)
@click.option("--json", "json_wanted", is_flag=True, help="one JSON object per line")
@click.pass_context
def operators(ctx: click.Context, json_wanted: bool) -> None:
    """Who is logged in, and in which state."""
    if ctx.invoked_subcommand is not None:
        return
    found = with_database(lambda db: list_operators(db.engine, None))
    if json_wanted:
        for status in found:
            click.echo(as_json(asdict(status)))
        return
    click.echo(
        operators_table(found, datetime.now().astimezone()) if found else "no operators; `ari-app import` an area"
    )


@operators.command("absent")
@click.argument("number", required=False)
@click.option("--from", "from_at", type=Moment(), help="from then on; now, if left out")
@click.option("--until", "until_at", type=Moment(), help="back then; until `operators present`, if left out")
@click.option("--reason", default="", help="leave, ill; no details")
@author_option
def operators_absent(
    number: str | None, from_at: datetime | None, until_at: datetime | None, reason: str, author: str
) -> None:
    """NUMBER is away: callbacks that are theirs are their team's meanwhile. Without NUMBER: who is away."""
    now = datetime.now(UTC)
    if number is None:
        found = with_database(lambda db: list_absences(db.engine, now))
        click.echo(absences_table(found) if found else "nobody is away")
        return
    absence = Absence(OperatorNumber(number), from_at or now, until_at, reason)
    try:
        with_database(lambda db: add_absence(db.engine, absence, author, now))
    except AbsenceRefused as refused:
        fail(str(refused), WRONG)
    until = "until further notice" if until_at is None else f"until {local(until_at)}"
    click.echo(f"{number}: away from {local(absence.from_at)} {until}")


@operators.command("present")
@click.argument("number")
def operators_present(number: str) -> None:
    """NUMBER is back, or planned absences are called off."""
    operator, now = OperatorNumber(number), datetime.now(UTC)
    ended = with_database(lambda db: end_absences(db.engine, operator, now))
    click.echo(f"{number}: back" if ended else f"{number}: was not away")
