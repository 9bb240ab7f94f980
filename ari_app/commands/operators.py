"""`ari-app operators`: where each operator is, and what a supervisor asks of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime

import click

from ari_app.commands import WRONG, Day, Moment, as_json, author_option, fail, json_option, with_database
from ari_app.commands.asking import ask_and_say, by_option, reason_option, require_words
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.callbacks import Absence
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import Endpoint, OperatorNumber
from ari_app.core.operator_states import bounds_of
from ari_app.core.operators import PAUSE_KEYS, PauseReason
from ari_app.core.state_commands import BeReady, LogIn, LogOff, TakePause
from ari_app.render.callbacks import absences_table
from ari_app.render.operators import locked_table, operator_day_text, operators_table
from ari_app.render.text import local
from ari_app.storage.operators.absences import add_absence, end_absences, list_absences
from ari_app.storage.operators.days import operator_stretches
from ari_app.storage.operators.pin_locks import list_locked, unlock_number, unlock_phone
from ari_app.storage.operators.status import list_operators

_UNLOCKED, _NEVER_LOCKED = "may log in again", "no wrong PINs are counted"


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def operators(ctx: click.Context, json_wanted: bool) -> None:
    """List the operators that are logged in, with their states."""
    if ctx.invoked_subcommand is not None:
        return
    found = with_database(lambda db: list_operators(db.background, None))
    if json_wanted:
        for status in found:
            click.echo(as_json(asdict(status)))
        return
    click.echo(
        operators_table(found, datetime.now().astimezone()) if found else "no operators; `ari-app import` an area"
    )


@operators.command("day")
@click.argument("number")
@click.option("--date", "day", type=Day(), help="which day, such as 2026-11-23; today, if left out")
@json_option
def operators_day(number: str, day: date | None, json_wanted: bool) -> None:
    """The states of NUMBER on one day, one after the other, and the time in each."""
    now, operator = datetime.now(UTC), OperatorNumber(number)
    begins_at, ends_at = bounds_of(day or now.astimezone(AMSTERDAM).date())
    found = with_database(lambda db: operator_stretches(db.background, None, operator, begins_at, ends_at, now))
    if json_wanted:
        for stretch in found:
            click.echo(as_json(asdict(stretch)))
    elif found:
        click.echo(operator_day_text(found))
    else:
        click.echo(f"{number} was not logged in on {begins_at.astimezone(AMSTERDAM):%Y-%m-%d}")


@operators.command("ready")
@click.argument("number")
@reason_option
@by_option
def operators_ready(number: str, reason: str, by: str) -> None:
    """Let NUMBER take calls: at once, or after their call. They hear that it was not they who asked."""
    wanted = BeReady(require_words("--reason", reason))
    ask_and_say(AskedCommand(wanted, OperatorNumber(number)), by, number)


@operators.command("pause")
@click.argument("number")
@click.option("--for", "what", type=click.Choice([one.value for one in PAUSE_KEYS.values()]), default="break")
@reason_option
@by_option
def operators_pause(number: str, what: str, reason: str, by: str) -> None:
    """Let NUMBER pause: at once, or after their call. They hear that it was not they who asked."""
    wanted = TakePause(PauseReason(what), require_words("--reason", reason))
    ask_and_say(AskedCommand(wanted, OperatorNumber(number)), by, number)


@operators.command("logout")
@click.argument("number")
@reason_option
@by_option
def operators_logout(number: str, reason: str, by: str) -> None:
    """Log NUMBER out: at once, or after their call. They hear that it was not they who asked."""
    wanted = LogOff(require_words("--reason", reason))
    ask_and_say(AskedCommand(wanted, OperatorNumber(number)), by, number)


@operators.command("login")
@click.argument("number")
@click.option("--phone", required=True, help="one of theirs, such as phone01")
@by_option
def operators_login(number: str, phone: str, by: str) -> None:
    """Ring a phone of NUMBER, where they logged in before or of their directory: picking it up is the login."""
    wanted = LogIn(_endpoint(phone))
    ask_and_say(AskedCommand(wanted, OperatorNumber(number)), by, number)


@operators.command("absent")
@click.argument("number", required=False)
@click.option("--from", "from_at", type=Moment(), help="from then on; now, if left out")
@click.option("--until", "until_at", type=Moment(), help="back then; until `operators present`, if left out")
@click.option("--reason", default="", help="leave, ill; no details")
@author_option
def operators_absent(
    number: str | None, from_at: datetime | None, until_at: datetime | None, reason: str, author: str
) -> None:
    """NUMBER is away: their team has their callbacks meanwhile. Without NUMBER: the list of those who are away."""
    now = datetime.now(UTC)
    if number is None:
        found = with_database(lambda db: list_absences(db.background, None, now))
        click.echo(absences_table(found) if found else "nobody is away")
        return
    absence = Absence(OperatorNumber(number), from_at or now, until_at, reason)
    if not absence.lasts():
        fail("--until is not after the beginning: it would end before it begins", WRONG)
    with_database(lambda db: add_absence(db.background, absence, author, now))
    until = "until further notice" if until_at is None else f"until {local(until_at)}"
    click.echo(f"{number}: away from {local(absence.from_at)} {until}")


@operators.command("present")
@click.argument("number")
def operators_present(number: str) -> None:
    """NUMBER is back, or planned absences are called off."""
    operator, now = OperatorNumber(number), datetime.now(UTC)
    ended = with_database(lambda db: end_absences(db.background, operator, now))
    click.echo(f"{number}: back" if ended else f"{number}: was not away")


@operators.command("unlock")
@click.argument("number", required=False)
@click.option("--phone", help="the phone on which wrong PINs were keyed, such as phone01")
@json_option
@author_option
def operators_unlock(number: str | None, phone: str | None, json_wanted: bool, author: str) -> None:
    """Let NUMBER, or a phone, log in again at once after wrong PINs. Without either: the list of those who wait."""
    now = datetime.now(UTC)
    if number is None and phone is None:
        found = with_database(lambda db: list_locked(db.background, now))
        if json_wanted:
            for locked in found:
                click.echo(as_json(asdict(locked)))
        else:
            click.echo(locked_table(found) if found else "nobody has to wait")
        return
    if number is not None:
        operator = OperatorNumber(number)
        is_done = with_database(lambda db: unlock_number(db.background, operator, author, now))
        click.echo(f"{number}: {_UNLOCKED if is_done else _NEVER_LOCKED}")
    if phone is not None:
        endpoint = _endpoint(phone)
        is_done = with_database(lambda db: unlock_phone(db.background, endpoint, author, now))
        click.echo(f"{endpoint}: {_UNLOCKED if is_done else _NEVER_LOCKED}")


def _endpoint(phone: str) -> Endpoint:
    return Endpoint(phone if "/" in phone else f"PJSIP/{phone}")
