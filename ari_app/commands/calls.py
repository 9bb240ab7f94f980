"""`ari-app calls`: what happened."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from ari_app.commands import WRONG, Moment, as_json, fail, json_option, municipality_option, with_database
from ari_app.core.ids import MunicipalityCode
from ari_app.render.text import call_story_text, calls_table
from ari_app.storage.calls.allowances import allow_transfer
from ari_app.storage.calls.reads import CallStory, call_story, find_call, list_calls
from ari_app.storage.db.engine import Database


@click.group(invoke_without_command=True)
@click.option("--since", type=Moment(back=True), default="1d", show_default=True, help="from this moment on")
@municipality_option
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="how many at most")
@json_option
@click.pass_context
def calls(ctx: click.Context, since: datetime, municipality: str | None, limit: int, json_wanted: bool) -> None:
    """The calls, newest first."""
    if ctx.invoked_subcommand is not None:
        return
    code = None if municipality is None else MunicipalityCode(municipality)
    found = with_database(lambda db: list_calls(db.background, None, since=since, municipality=code, limit=limit))
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
    """One call as a story, with times. CALL_ID may be its beginning, as `calls` shows it."""

    async def work(db: Database) -> CallStory | None:
        found = await find_call(db.background, None, call_id)
        return None if found is None else await call_story(db.background, None, found, with_personal_data=pii)

    story = with_database(work)
    if story is None:
        fail(f"no call begins with {call_id!r}; `ari-app calls` lists them")
    click.echo(as_json(asdict(story)) if json_wanted else call_story_text(story))


@calls.command("allow-transfer")
@click.argument("call_id")
@click.option("--by", required=True, help="who allows it; kept with the call and in the audit log")
@click.option("--reason", required=True, help="why; kept as well")
def calls_allow_transfer(call_id: str, by: str, reason: str) -> None:
    """Allow one transfer more than the two that are counted, in a call that goes on. CALL_ID may be its beginning."""
    for name, text in (("--by", by), ("--reason", reason)):
        if not text.strip():
            fail(f"{name} is empty: say it in words", WRONG)

    async def work(db: Database) -> bool:
        found = await find_call(db.background, None, call_id)
        now = datetime.now(UTC)
        return found is not None and await allow_transfer(db.background, None, found, by.strip(), reason.strip(), now)

    if not with_database(work):
        fail(f"no call that goes on begins with {call_id!r}; `ari-app calls` lists them")
    click.echo("one more transfer is allowed for this call")
