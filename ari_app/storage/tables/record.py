"""The record of calls, legs, lines and sessions, written by the ledger.

`call`, `call_leg`, `operator_line` and `operator_session` have the columns that the dataclasses of `core` have as
fields; a test compares them. They have no foreign keys to the area: the record stays when a municipality or an
operator is removed.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from ari_app.core.area import Reach
from ari_app.core.call import ChoiceKind, EndReason, FactKind, LegEndReason, LegRole, Stage
from ari_app.core.callbacks import AttemptOutcome, Confirmed, RequestKind, RequestReason
from ari_app.core.operators import LogoutReason, OperatorState, PauseReason
from ari_app.storage.db.indexes import NUMBER_SUMMARIES, REFUSED, SUMMARY_OPTIONS
from ari_app.storage.db.rows import MAY_BE_PERSONAL
from ari_app.storage.tables.columns import (
    ROOM_FOR_CHANGES,
    flag,
    instant,
    key,
    metadata,
    one_of,
    optional_instant,
    optional_text,
    quickly_one_of,
    row_id,
    text,
)

call = sa.Table(
    "call",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    text("asterisk_id"),
    text("channel_id"),
    text("dialled"),
    text("stage"),
    instant("stage_entered_at"),
    instant("arrived_at"),
    sa.Column("last_seq", sa.Integer, nullable=False),
    optional_text("shared_number"),
    optional_text("municipality"),
    optional_text("choice"),
    optional_instant("line_answered_at"),
    optional_instant("queued_at"),
    optional_instant("answered_at"),
    optional_instant("ended_at"),
    optional_text("end_reason"),
    flag("end_is_estimated"),
    sa.Column("transfer_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("transfers_asked", sa.Integer, nullable=False, server_default="0"),
    flag("calamity"),
    flag("has_music"),
    sa.Column("menu_tries", sa.Integer, nullable=False, server_default="0"),
    optional_instant("wait_until_at"),
    optional_instant("nobody_until_at"),
    optional_instant("last_told_at"),
    sa.Column("position_told", sa.Integer, nullable=False, server_default="0"),
    optional_text("only_operator"),
    optional_text("only_team"),
    optional_text("direct_endpoint"),
    optional_instant("direct_until_at"),
    sa.Column("operator_session", sa.Uuid),
    sa.Column("refused_by", ARRAY(sa.Text), nullable=False, server_default="{}"),
    optional_text("bridge_id"),
    sa.Column("handled_by", sa.Uuid),
    optional_instant("held_at"),
    optional_instant("returned_at"),
    sa.Column("callback_request", sa.Uuid),
    sa.Column("callback_attempt", sa.Uuid),
    optional_text("callback_mark"),
    optional_text("ending"),
    flag("handled_by_fallback"),
    optional_instant("callback_offered_at"),
    optional_text("callback_reason"),
    optional_text("callback_kind"),
    optional_text("callback_confirmed_how"),
    optional_text("callback_reference"),
    optional_instant("survey_asked_at"),
    optional_instant("survey_agreed_at"),
    sa.Column("survey_done", sa.Integer, nullable=False, server_default="0"),
    optional_instant("survey_until_at"),
    optional_text("pii_caller_number"),
    optional_text("pii_callback_number"),
    quickly_one_of("call", "stage", Stage),
    quickly_one_of("call", "choice", ChoiceKind),
    quickly_one_of("call", "callback_mark", AttemptOutcome),
    quickly_one_of("call", "end_reason", EndReason),
    quickly_one_of("call", "ending", EndReason),
    quickly_one_of("call", "callback_reason", RequestReason),
    quickly_one_of("call", "callback_kind", RequestKind),
    quickly_one_of("call", "callback_confirmed_how", Confirmed),
    sa.CheckConstraint("char_length(dialled) <= 32", name="dialled_short"),
    sa.CheckConstraint(
        "(stage = 'ended') = (ended_at IS NOT NULL) AND (stage = 'ended') = (end_reason IS NOT NULL)",
        name="ended_is_whole",
    ),
    sa.CheckConstraint(
        "pii_callback_number IS NULL OR (callback_kind IS NOT NULL AND callback_confirmed_how IS NOT NULL)",
        name="callback_is_whole",
    ),
    sa.Index("ix_call_arrived_at", "arrived_at"),
    sa.Index("ix_call_municipality_arrived_at", "municipality", "arrived_at"),
    # not on stage: a change of an indexed column, even in a predicate, costs every index of the row a new entry
    sa.Index("ix_call_open", "asterisk_id", postgresql_where=sa.text("ended_at IS NULL")),
    # a call of the fallback changes once, so this costs the others nothing
    sa.Index("ix_call_fallback", "arrived_at", postgresql_where=sa.text("handled_by_fallback")),
    # a call ends with one change, which `ix_call_open` costs the others anyway
    sa.Index("ix_call_refused", "arrived_at", postgresql_where=sa.text(REFUSED)),
    sa.Index(
        "ix_call_numbers",
        *NUMBER_SUMMARIES,
        postgresql_using="brin",
        postgresql_ops=NUMBER_SUMMARIES,
        postgresql_with=SUMMARY_OPTIONS,
    ),
    postgresql_with=ROOM_FOR_CHANGES,
)

call_leg = sa.Table(
    "call_leg",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("call_id", sa.Uuid, sa.ForeignKey("call.id", ondelete="CASCADE"), nullable=False),
    text("channel_id"),
    text("role"),
    optional_text("party"),
    instant("started_at"),
    optional_instant("answered_at"),
    optional_instant("joined_at"),
    optional_instant("left_at"),
    optional_instant("ended_at"),
    optional_text("end_reason"),
    sa.Column("hangup_cause", sa.Integer),
    flag("end_is_estimated"),
    sa.Column("owns_channel", sa.Boolean, nullable=False, server_default=sa.true()),
    optional_text("team"),
    quickly_one_of("call_leg", "role", LegRole),
    quickly_one_of("call_leg", "end_reason", LegEndReason),
    sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_is_whole"),
    sa.Index("ix_call_leg_call_id", "call_id"),
    sa.Index("ix_call_leg_channel_id", "channel_id"),
    sa.Index("ix_call_leg_open", "call_id", postgresql_where=sa.text("ended_at IS NULL")),
    postgresql_with=ROOM_FOR_CHANGES,
)

#: Append-only. `seq` counts from 1 within its call, without gaps.
call_fact = sa.Table(
    "call_fact",
    metadata,
    sa.Column("call_id", sa.Uuid, sa.ForeignKey("call.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    instant("at"),
    text("kind"),
    sa.Column("detail", JSONB, nullable=False),
    quickly_one_of("call_fact", "kind", FactKind),
    sa.Index("ix_call_fact_personal", "call_id", postgresql_where=sa.text(MAY_BE_PERSONAL.format(""))),
)

operator_line = sa.Table(
    "operator_line",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    text("asterisk_id"),
    text("channel_id"),
    optional_text("endpoint"),
    optional_text("operator"),
    instant("started_at"),
    optional_instant("answered_at"),
    optional_instant("ended_at"),
    optional_text("end_reason"),
    sa.Column("hangup_cause", sa.Integer),
    flag("end_is_estimated"),
    sa.Column("failed_logins", sa.Integer, nullable=False, server_default="0"),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("command_id", sa.Uuid),
    one_of("end_reason", LegEndReason),
    sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_is_whole"),
    sa.Index("ix_operator_line_channel_id", "channel_id"),
    sa.Index("ix_operator_line_open", "asterisk_id", postgresql_where=sa.text("ended_at IS NULL")),
)

operator_session = sa.Table(
    "operator_session",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    text("asterisk_id"),
    text("operator"),
    text("reach"),
    optional_text("endpoint"),
    instant("logged_in_at"),
    text("state"),
    instant("state_since_at"),
    instant("idle_since_at"),
    sa.Column("line_id", sa.Uuid),
    optional_text("channel_id"),
    optional_text("bridge_id"),
    sa.Column("call_id", sa.Uuid),
    optional_text("pause_reason"),
    optional_text("pause_pending"),
    flag("logout_pending"),
    optional_instant("held_at"),
    optional_instant("wrap_up_until_at"),
    optional_instant("line_lost_at"),
    optional_instant("line_until_at"),
    optional_instant("logged_out_at"),
    optional_text("logout_reason"),
    sa.Column("teams", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("command_id", sa.Uuid),
    quickly_one_of("operator_session", "reach", Reach),
    quickly_one_of("operator_session", "state", OperatorState),
    quickly_one_of("operator_session", "pause_reason", PauseReason),
    quickly_one_of("operator_session", "pause_pending", PauseReason),
    quickly_one_of("operator_session", "logout_reason", LogoutReason),
    sa.CheckConstraint("(logged_out_at IS NULL) = (logout_reason IS NULL)", name="ended_is_whole"),
    sa.Index("ix_operator_session_operator_logged_in_at", "operator", "logged_in_at"),
    sa.Index("uq_operator_session_open", "operator", unique=True, postgresql_where=sa.text("logged_out_at IS NULL")),
    sa.Index("ix_operator_session_open", "asterisk_id", postgresql_where=sa.text("logged_out_at IS NULL")),
    postgresql_with=ROOM_FOR_CHANGES,
)

audit_log = sa.Table(
    "audit_log",
    metadata,
    row_id(),
    instant("at"),
    text("actor"),
    text("action"),
    sa.Column("detail", JSONB, nullable=False),
    sa.Column("municipalities", ARRAY(sa.Text)),  # of what the deed was about, then; null: of the whole group
    sa.Index("ix_audit_log_at", "at"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    row_id(),
    instant("created_at"),
    text("kind"),
    sa.Column("payload", JSONB, nullable=False),
    sa.Column("tries_count", sa.Integer, nullable=False, server_default="0"),
    optional_instant("next_try_at"),  # moved by the process that leases the message for sending
    optional_text("gave_up_why"),
    optional_instant("done_at"),
    sa.Index("ix_outbox_due", "id", postgresql_where=sa.text("done_at IS NULL")),
)

#: The position up to which a channel event log was read; a file is recognised by its first line, not by its name.
cel_position = sa.Table(
    "cel_position",
    metadata,
    key("asterisk_id"),
    key("file_identity"),
    sa.Column("read_bytes", sa.BigInteger, nullable=False),
    instant("read_at"),
)
