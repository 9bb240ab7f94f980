"""The promise to call back: requests, attempts, their facts, and reminders.

`callback_request` and `callback_attempt` have the columns that the dataclasses of `core.callbacks` have as fields.
Like the rest of the record they have no foreign keys to the area: a promise stays when its team is removed.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ari_app.core.callbacks import (
    AttemptOutcome,
    CallbackFactKind,
    CloseKind,
    Confirmed,
    RequestKind,
    RequestReason,
    RequestState,
)
from ari_app.core.reminders import Audience, ReminderKind, ReminderOutcome, ReminderWay
from ari_app.storage.db.rows import MAY_BE_PERSONAL, REQUEST_MAY_HOLD_NUMBER
from ari_app.storage.tables.columns import (
    ROOM_FOR_CHANGES,
    flag,
    instant,
    key,
    metadata,
    one_of,
    optional_instant,
    optional_text,
    row_id,
    text,
)

#: references are made from its numbers; gaps mean nothing
callback_reference = sa.Sequence("callback_reference", metadata=metadata, minvalue=0, start=1)

callback_request = sa.Table(
    "callback_request",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    text("reference"),
    text("municipality"),
    text("reason"),
    text("kind"),
    text("state"),
    instant("first_contact_at"),
    instant("deadline_at"),
    instant("plan_by_at"),
    text("owner_team"),
    text("number_confirmed_how"),
    text("pii_number"),
    instant("created_at"),
    sa.Column("last_seq", sa.Integer, nullable=False),
    sa.Column("call_id", sa.Uuid),
    optional_instant("queued_at"),
    optional_text("owner_operator"),
    optional_text("owner_entry"),
    optional_instant("personal_until_at"),
    text("subject", default=""),
    text("pii_note", default=""),
    sa.Column("transfer_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("joined_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("attempts_count", sa.Integer, nullable=False, server_default="0"),
    optional_instant("first_attempt_at"),
    optional_instant("next_attempt_at"),
    optional_text("lease_owner"),
    optional_instant("lease_until_at"),
    flag("escalate_at_once"),
    optional_instant("escalated_at"),
    optional_instant("reached_at"),
    optional_instant("closed_at"),
    optional_text("close_kind"),
    optional_text("closed_by"),
    optional_text("pii_close_reason"),
    sa.UniqueConstraint("reference"),
    one_of("reason", RequestReason),
    one_of("kind", RequestKind),
    one_of("state", RequestState),
    one_of("number_confirmed_how", Confirmed),
    one_of("close_kind", CloseKind),
    sa.CheckConstraint(
        "pii_number ~ '^[+][1-9][0-9]{4,14}$' OR (pii_number = '' AND closed_at IS NOT NULL)", name="number_is_e164"
    ),  # erased at the end of its period
    sa.CheckConstraint("owner_team <> ''", name="has_owner"),
    sa.CheckConstraint("first_contact_at < deadline_at AND plan_by_at <= deadline_at", name="deadline_in_order"),
    sa.CheckConstraint("kind <> 'virtual_hold' OR queued_at IS NOT NULL", name="virtual_hold_has_moment"),
    sa.CheckConstraint(
        "(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (close_kind IS NOT NULL)"
        " AND (state = 'closed') = (closed_by IS NOT NULL)",
        name="closed_is_whole",
    ),
    sa.CheckConstraint("close_kind <> 'by_person' OR pii_close_reason <> ''", name="person_gives_reason"),
    sa.CheckConstraint("close_kind = 'by_person' OR closed_at IS NULL OR reached_at IS NOT NULL", name="was_reached"),
    sa.CheckConstraint(
        "(state = 'in_progress') = (lease_owner IS NOT NULL)"
        " AND (state = 'in_progress') = (lease_until_at IS NOT NULL)",
        name="lease_is_whole",
    ),
    # one promise for one number, however often it is asked for
    sa.Index(
        "uq_callback_request_open",
        "municipality",
        "pii_number",
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
    # never two calls to one number at once, whatever their requests are about
    sa.Index(
        "uq_callback_request_in_progress",
        "pii_number",
        unique=True,
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
    ),
    sa.Index("ix_callback_request_due", "plan_by_at", postgresql_where=sa.text("closed_at IS NULL")),
    sa.Index("ix_callback_request_municipality_deadline_at", "municipality", "deadline_at"),
    sa.Index("ix_callback_request_first_contact_at", "first_contact_at"),
    sa.Index("ix_callback_request_deadline_at", "deadline_at"),
    sa.Index("ix_callback_request_closed", "closed_at", "id", postgresql_where=sa.text("closed_at IS NOT NULL")),
    sa.Index("ix_callback_request_call_id", "call_id"),
    sa.Index("ix_callback_request_pii_number", "pii_number"),
    sa.Index("ix_callback_request_personal", "id", postgresql_where=sa.text(REQUEST_MAY_HOLD_NUMBER)),
    postgresql_with=ROOM_FOR_CHANGES,
)

callback_attempt = sa.Table(
    "callback_attempt",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("request_id", sa.Uuid, sa.ForeignKey("callback_request.id", ondelete="CASCADE"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    text("operator"),
    instant("started_at"),
    sa.Column("call_id", sa.Uuid),
    optional_instant("answered_at"),
    optional_instant("reached_at"),
    optional_instant("ended_at"),
    optional_text("outcome"),
    one_of("outcome", AttemptOutcome),
    sa.UniqueConstraint("request_id", "number"),
    sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_is_whole"),
    sa.CheckConstraint(
        "outcome <> 'reached' OR (answered_at IS NOT NULL AND reached_at IS NOT NULL)", name="reached_was_answered"
    ),
    sa.Index("uq_callback_attempt_open", "request_id", unique=True, postgresql_where=sa.text("ended_at IS NULL")),
    sa.Index("ix_callback_attempt_call_id", "call_id"),
)

#: Append-only. `seq` counts from 1 within its request, without gaps.
callback_fact = sa.Table(
    "callback_fact",
    metadata,
    sa.Column("request_id", sa.Uuid, sa.ForeignKey("callback_request.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    instant("at"),
    text("kind"),
    sa.Column("detail", JSONB, nullable=False),
    one_of("kind", CallbackFactKind),
    sa.Index("ix_callback_fact_personal", "request_id", postgresql_where=sa.text(MAY_BE_PERSONAL.format(""))),
)

#: One way of one reminder. `key` names its subject: it is stored once, and so sent once. To lease it for sending is to
#: move `next_try_at`.
callback_reminder = sa.Table(
    "callback_reminder",
    metadata,
    row_id(),
    text("key"),
    text("way"),
    text("kind"),
    text("audience"),
    instant("due_at"),
    sa.Column("day", sa.Date, nullable=False),
    text("owner_team"),
    optional_text("owner_operator"),
    sa.Column("request_id", sa.Uuid, sa.ForeignKey("callback_request.id", ondelete="CASCADE")),
    optional_text("municipality"),
    instant("created_at"),
    instant("next_try_at"),
    sa.Column("tries_count", sa.Integer, nullable=False, server_default="0"),
    optional_instant("done_at"),
    optional_text("outcome"),
    one_of("way", ReminderWay),
    one_of("kind", ReminderKind),
    one_of("audience", Audience),
    one_of("outcome", ReminderOutcome),
    sa.UniqueConstraint("key", "way"),
    sa.CheckConstraint("(done_at IS NULL) = (outcome IS NULL)", name="done_is_whole"),
    sa.Index("ix_callback_reminder_due", "next_try_at", postgresql_where=sa.text("done_at IS NULL")),
    sa.Index("ix_callback_reminder_request_id", "request_id"),
)

#: An operator is away; requests that are theirs personally are their team's meanwhile.
operator_absence = sa.Table(
    "operator_absence",
    metadata,
    row_id(),
    text("operator"),
    instant("from_at"),
    optional_instant("until_at"),
    text("reason", default=""),
    text("author"),
    instant("created_at"),
    sa.CheckConstraint("from_at <= until_at", name="in_order"),
    sa.Index("ix_operator_absence_operator", "operator"),
)

#: A municipality's rules about calling back; without a row the defaults of `core.area.CallbackRules`.
callback_rules = sa.Table(
    "callback_rules",
    metadata,
    key("municipality", "municipality.code"),
    sa.Column("offered", sa.Boolean, nullable=False),
    sa.Column("keep_place", sa.Boolean, nullable=False),
    sa.Column("offer_after_seconds", sa.Integer, nullable=False),
    sa.Column("abandoned", sa.Boolean, nullable=False),
    optional_text("team"),  # of a team that does not exist any more, another one takes the place
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("retry_minutes", sa.Integer, nullable=False),
    sa.Column("call_from", sa.Time, nullable=False),
    sa.Column("call_until", sa.Time, nullable=False),
    sa.Column("personal_overdue_minutes", sa.Integer, nullable=False),
    sa.Column("remind_before_minutes", sa.Integer, nullable=False),
    sa.Column("most_per_caller", sa.Integer, nullable=False, server_default="3"),
    sa.Column("most_per_number", sa.Integer, nullable=False, server_default="3"),
    sa.Column("most_per_hour", sa.Integer, nullable=False, server_default="100"),
    sa.CheckConstraint("call_from < call_until", name="hours_in_order"),
    sa.CheckConstraint(
        "offer_after_seconds >= 0 AND max_attempts > 0 AND retry_minutes > 0 AND personal_overdue_minutes >= 0"
        " AND remind_before_minutes > 0",
        name="numbers_positive",
    ),
    sa.CheckConstraint("most_per_caller > 0 AND most_per_number > 0 AND most_per_hour > 0", name="limits_positive"),
)

#: The addresses for the reminders of a team.
team_contact = sa.Table(
    "team_contact",
    metadata,
    key("team", "team.code"),
    key("audience"),
    optional_text("pii_email"),
    optional_text("pii_phone"),
    one_of("audience", Audience),
    sa.CheckConstraint("num_nonnulls(pii_email, pii_phone) > 0", name="says_something"),
)
