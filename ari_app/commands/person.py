"""`ari-app person`: what is kept about one telephone number, and its erasure (AVG art. 15 and 17)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from ari_app.commands import (
    WRONG,
    as_json,
    author_option,
    fail,
    json_option,
    listed,
    municipality_option,
    with_database,
)
from ari_app.core.access import Scope
from ari_app.core.ids import MunicipalityCode
from ari_app.core.numbers import Refused, parse_e164
from ari_app.render.text import local
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from ari_app.storage.retention.person import Kept, erase_person, list_person


@click.command()
@click.argument("number")
@municipality_option
@click.option("--erase", is_flag=True, help="erase all of it; calls and requests stay, without what is personal")
@click.option("--reason", default="", help="why it is erased; kept in the audit log")
@author_option
@json_option
def person(number: str, municipality: str | None, erase: bool, reason: str, author: str, json_wanted: bool) -> None:
    """All that is kept about a telephone number, and its erasure.

    What is shown holds personal data. Each look and each erasure is in the audit log.
    """
    read = parse_e164(number)
    if isinstance(read, Refused):
        fail(f"NUMBER: {read.says}", WRONG)
    if erase and not reason.strip():
        fail("--reason is empty: say why it is erased, such as the request's reference", WRONG)
    if reason and not erase:
        fail("--reason goes with --erase; without it nothing is erased", WRONG)
    now = datetime.now(UTC)

    async def work(db: Database) -> list[Kept]:
        scope = await _scope(db, municipality)
        if not erase:
            return await list_person(db.background, scope, read, author, now)
        erased = await erase_person(db.background, scope, read, reason.strip(), author, now)
        if json_wanted:
            click.echo(as_json({"erased": dict(erased)}))
        elif erased:
            click.echo("erased: " + ", ".join(f"{rows} {table}" for table, rows in sorted(erased.items())))
        return []

    found = with_database(work)
    if json_wanted:
        for kept in found:
            click.echo(as_json(asdict(kept)))
        return
    for kept in found:
        click.echo(_line(kept))
    if not found:
        click.echo("nothing is kept about this number" + (" any more" if erase else ""))


async def _scope(db: Database, municipality: str | None) -> Scope:
    if municipality is None:
        return None
    known = (await load_area(db.background)).municipalities
    code = MunicipalityCode(municipality)
    if code not in known:
        fail(f"--municipality: there is no municipality {municipality}; known are {listed(known)}", WRONG)
    return frozenset({code})


def _line(kept: Kept) -> str:
    when = "-" if kept.at is None else local(kept.at)
    contents = "  ".join(f"{name.removeprefix('pii_')}: {text!r}" for name, text in sorted(kept.pii_contents.items()))
    return (
        f"{kept.table:<16} {kept.key}  {kept.municipality or '-'}  {when}{'  open' if kept.is_open else ''}  {contents}"
    )
