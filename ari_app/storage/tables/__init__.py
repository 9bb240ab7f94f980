"""Every table, once. Names and columns are a contract: reports and other programs read them with SQL.

Instants are `timestamptz` in UTC, named `*_at`; times of day and days are Europe/Amsterdam. Personal data stands only
in columns named `pii_*`. An enum of `core` is text with a CHECK, so that a new member is an ordinary migration.
"""

from ari_app.storage.tables.area import (
    OPERATOR_SKILL_VIEW,
    calamity,
    closing,
    direct_number,
    member_consultation,
    municipality,
    open_day,
    opening_hours,
    operator,
    operator_skill,
    operator_team,
    pin_attempt,
    shared_number,
    shared_number_member,
    special_day,
    team,
    team_municipality,
)
from ari_app.storage.tables.columns import metadata
from ari_app.storage.tables.record import (
    audit_log,
    call,
    call_fact,
    call_leg,
    cel_position,
    operator_line,
    operator_session,
    outbox,
)

__all__ = [
    "OPERATOR_SKILL_VIEW",
    "audit_log",
    "calamity",
    "call",
    "call_fact",
    "call_leg",
    "cel_position",
    "closing",
    "direct_number",
    "member_consultation",
    "metadata",
    "municipality",
    "open_day",
    "opening_hours",
    "operator",
    "operator_line",
    "operator_session",
    "operator_skill",
    "operator_team",
    "outbox",
    "pin_attempt",
    "shared_number",
    "shared_number_member",
    "special_day",
    "team",
    "team_municipality",
]
