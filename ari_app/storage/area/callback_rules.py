"""The part of the area that is about calling back: rules of municipalities, contacts of teams."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ari_app.core.area import CallbackRules, Contact, Municipality, Team
from ari_app.core.ids import MunicipalityCode
from ari_app.core.reminders import Audience
from ari_app.storage.db.engine import Connection


async def read_callback_rules(conn: Connection) -> dict[MunicipalityCode, CallbackRules]:
    """The rules of municipalities that differ from the default."""
    rows = await conn.fetch("SELECT * FROM callback_rules")
    return {
        MunicipalityCode(row["municipality"]): CallbackRules(
            **{name: value for name, value in row.items() if name != "municipality"}
        )
        for row in rows
    }


async def read_contacts(conn: Connection) -> dict[tuple[str, Audience], Contact]:
    """By team and audience."""
    rows = await conn.fetch("SELECT team, audience, pii_email, pii_phone FROM team_contact")
    return {(row["team"], Audience(row["audience"])): Contact(row["pii_email"], row["pii_phone"]) for row in rows}


def rules_row(town: Municipality) -> list[dict[str, Any]]:
    ordinary = town.callback == CallbackRules()
    return [] if ordinary else [{"municipality": town.code, **asdict(town.callback)}]


def contact_rows(teams: Iterable[Team]) -> list[dict[str, Any]]:
    pairs = (
        (team.code, audience, contact)
        for team in teams
        for audience, contact in ((Audience.OWNER, team.reminders), (Audience.SUPERVISOR, team.supervisor))
    )
    return [
        {"team": code, "audience": audience.value, **asdict(contact)}
        for code, audience, contact in pairs
        if contact != Contact()
    ]
