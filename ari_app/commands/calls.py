"""`ari-app calls`: what happened, and what is asked for the operator who has a call."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from ari_app.commands import Moment, as_json, fail, json_option, municipality_option, with_database
from ari_app.commands.asking import ask_and_say, by_option, require_words
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber
from ari_app.core.operator_commands import Command, HoldOrResume, OfferSurvey, PutDown, StartTransfer, TransferToQueue
from ari_app.core.transfer import TransferKind
from ari_app.render.text import call_story_text, calls_table
from ari_app.storage.calls.allowances import allow_transfer
from ari_app.storage.calls.reads import CallStory, find_call, find_story, list_calls, operator_of
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
        return await find_story(db.background, None, call_id, with_personal_data=pii)

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
    by, reason = require_words("--by", by), require_words("--reason", reason)

    async def work(db: Database) -> bool:
        found = await find_call(db.background, None, call_id)
        now = datetime.now(UTC)
        return found is not None and await allow_transfer(db.background, None, found, by, reason, now)

    if not with_database(work):
        fail(f"no call that goes on begins with {call_id!r}; `ari-app calls` lists them")
    click.echo("one more transfer is allowed for this call")


@calls.command("hold")
@click.argument("call_id")
@by_option
def calls_hold(call_id: str, by: str) -> None:
    """Put the caller on hold, with music. CALL_ID may be its beginning."""
    _ask_for_operator(call_id, HoldOrResume(is_for_hold=True), by)


@calls.command("resume")
@click.argument("call_id")
@by_option
def calls_resume(call_id: str, by: str) -> None:
    """Take the caller back from hold. CALL_ID may be its beginning."""
    _ask_for_operator(call_id, HoldOrResume(is_for_hold=False), by)


@calls.command("transfer")
@click.argument("call_id")
@click.option("--to", required=True, help="an extension or a number; with --queue a municipality's code or key")
@click.option("--warm", is_flag=True, help="the operator speaks with the colleague first")
@click.option("--queue", is_flag=True, help="into the queue of a municipality")
@click.option("--subject", default="", help="said to the colleague")
@by_option
def calls_transfer(call_id: str, to: str, warm: bool, queue: bool, subject: str, by: str) -> None:
    """Transfer the caller, for the operator who has the call. CALL_ID may be its beginning."""
    kind = TransferKind.WARM if warm else TransferKind.COLD
    wanted = TransferToQueue(to) if queue else StartTransfer(kind, to, subject)
    _ask_for_operator(call_id, wanted, by)


@calls.command("offer-survey")
@click.argument("call_id")
@by_option
def calls_offer_survey(call_id: str, by: str) -> None:
    """The caller said yes to the questions after the talk. CALL_ID may be its beginning."""
    _ask_for_operator(call_id, OfferSurvey(), by)


@calls.command("put-down")
@click.argument("call_id")
@by_option
def calls_put_down(call_id: str, by: str) -> None:
    """End the call as if the operator who has it put the phone down. CALL_ID may be its beginning."""
    _ask_for_operator(call_id, PutDown(), by)


def _ask_for_operator(call_id: str, wanted: Command, by: str) -> None:
    async def work(db: Database) -> tuple[CallId, OperatorNumber | None] | None:
        found = await find_call(db.background, None, call_id)
        return None if found is None else (found, await operator_of(db.background, None, found))

    found = with_database(work)
    if found is None:
        fail(f"no call begins with {call_id!r}; `ari-app calls` lists them")
    call, operator = found
    if operator is None:
        fail(f"no operator has call {call_id} now")
    ask_and_say(AskedCommand(wanted, operator, call), by, f"{operator}, call {call_id}")
