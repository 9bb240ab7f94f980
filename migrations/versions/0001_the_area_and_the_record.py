# ruff: noqa: E501
"""the area and the record

Revision 0001, after nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"], unique=False)
    op.create_table(
        "call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asterisk_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("dialled", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("shared_number", sa.Text(), nullable=True),
        sa.Column("municipality", sa.Text(), nullable=True),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.Column("line_answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("end_is_estimated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("transfer_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("calamity", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("has_music", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("menu_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("wait_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nobody_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("position_told", sa.Integer(), server_default="0", nullable=False),
        sa.Column("only_operator", sa.Text(), nullable=True),
        sa.Column("only_team", sa.Text(), nullable=True),
        sa.Column("direct_endpoint", sa.Text(), nullable=True),
        sa.Column("direct_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("operator_session", sa.Uuid(), nullable=True),
        sa.Column("refused_by", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("bridge_id", sa.Text(), nullable=True),
        sa.Column("ending", sa.Text(), nullable=True),
        sa.Column("handled_by_fallback", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("pii_caller_number", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(stage = 'ended') = (ended_at IS NOT NULL) AND (stage = 'ended') = (end_reason IS NOT NULL)",
            name=op.f("ck_call_ended_is_whole"),
        ),
        sa.CheckConstraint("choice IN ('key', 'default', 'number')", name=op.f("ck_call_choice_known")),
        sa.CheckConstraint(
            "end_reason IN ('caller_hung_up_early', 'abandoned_in_menu', 'abandoned_in_announcement', 'abandoned_waiting', 'caller_hung_up', 'operator_hung_up', 'closed', 'calamity', 'nobody_available', 'waited_too_long', 'not_served', 'handled_by_fallback', 'fault', 'lost')",
            name=op.f("ck_call_end_reason_known"),
        ),
        sa.CheckConstraint(
            "ending IN ('caller_hung_up_early', 'abandoned_in_menu', 'abandoned_in_announcement', 'abandoned_waiting', 'caller_hung_up', 'operator_hung_up', 'closed', 'calamity', 'nobody_available', 'waited_too_long', 'not_served', 'handled_by_fallback', 'fault', 'lost')",
            name=op.f("ck_call_ending_known"),
        ),
        sa.CheckConstraint(
            "stage IN ('arrived', 'choosing', 'announcing', 'waiting', 'connecting', 'talking', 'survey', 'leaving_callback', 'ended')",
            name=op.f("ck_call_stage_known"),
        ),
        sa.CheckConstraint("char_length(dialled) <= 32", name=op.f("ck_call_dialled_short")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_call_arrived_at", "call", ["arrived_at"], unique=False)
    op.create_index("ix_call_municipality_arrived_at", "call", ["municipality", "arrived_at"], unique=False)
    op.create_index("ix_call_open", "call", ["asterisk_id"], unique=False, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "cel_position",
        sa.Column("asterisk_id", sa.Text(), nullable=False),
        sa.Column("file_identity", sa.Text(), nullable=False),
        sa.Column("read_bytes", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("asterisk_id", "file_identity", name=op.f("pk_cel_position")),
    )
    op.create_table(
        "municipality",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("aliases", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("answer_within_seconds", sa.Integer(), server_default="25", nullable=False),
        sa.Column("overflow_after_seconds", sa.Integer(), server_default="60", nullable=False),
        sa.Column("max_wait_seconds", sa.Integer(), server_default="900", nullable=False),
        sa.Column("position_every_seconds", sa.Integer(), server_default="45", nullable=False),
        sa.Column("nobody_grace_seconds", sa.Integer(), server_default="60", nullable=False),
        sa.Column("open_on_legal_days", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "answer_within_seconds > 0 AND overflow_after_seconds >= 0 AND max_wait_seconds > 0 AND position_every_seconds > 0 AND nobody_grace_seconds >= 0",
            name=op.f("ck_municipality_norms_positive"),
        ),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_municipality_valid_in_order")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_municipality")),
    )
    op.create_table(
        "operator",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_operator")),
    )
    op.create_table(
        "operator_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asterisk_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("hangup_cause", sa.Integer(), nullable=True),
        sa.Column("end_is_estimated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("failed_logins", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "end_reason IN ('hung_up', 'released', 'no_answer', 'busy', 'unreachable', 'to_fallback', 'lost')",
            name=op.f("ck_operator_line_end_reason_known"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_operator_line_ended_is_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_line")),
    )
    op.create_index("ix_operator_line_channel_id", "operator_line", ["channel_id"], unique=False)
    op.create_index(
        "ix_operator_line_open",
        "operator_line",
        ["asterisk_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "operator_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asterisk_id", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("logged_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("channel_id", sa.Text(), nullable=True),
        sa.Column("bridge_id", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("pause_pending", sa.Text(), nullable=True),
        sa.Column("logout_pending", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("wrap_up_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("logged_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("logout_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "logout_reason IN ('hung_up', 'key', 'replaced', 'lost', 'asterisk_restarted')",
            name=op.f("ck_operator_session_logout_reason_known"),
        ),
        sa.CheckConstraint(
            "pause_pending IN ('break', 'lunch', 'meeting', 'training', 'administration', 'no_answer')",
            name=op.f("ck_operator_session_pause_pending_known"),
        ),
        sa.CheckConstraint(
            "pause_reason IN ('break', 'lunch', 'meeting', 'training', 'administration', 'no_answer')",
            name=op.f("ck_operator_session_pause_reason_known"),
        ),
        sa.CheckConstraint("reach IN ('line', 'ring')", name=op.f("ck_operator_session_reach_known")),
        sa.CheckConstraint(
            "state IN ('away', 'ready', 'offered', 'talking', 'wrap_up', 'paused')",
            name=op.f("ck_operator_session_state_known"),
        ),
        sa.CheckConstraint(
            "(logged_out_at IS NULL) = (logout_reason IS NULL)", name=op.f("ck_operator_session_ended_is_whole")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_session")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "ix_operator_session_open",
        "operator_session",
        ["asterisk_id"],
        unique=False,
        postgresql_where=sa.text("logged_out_at IS NULL"),
    )
    op.create_index(
        "ix_operator_session_operator_logged_in_at", "operator_session", ["operator", "logged_in_at"], unique=False
    )
    op.create_index(
        "uq_operator_session_open",
        "operator_session",
        ["operator"],
        unique=True,
        postgresql_where=sa.text("logged_out_at IS NULL"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_due", "outbox", ["id"], unique=False, postgresql_where=sa.text("done_at IS NULL"))
    op.create_table(
        "pin_attempt",
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("failed_attempts", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("operator", name=op.f("pk_pin_attempt")),
    )
    op.create_table(
        "special_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_special_day")),
    )
    op.create_table(
        "team",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reach", sa.Text(), server_default="line", nullable=False),
        sa.Column("ring_seconds", sa.Integer(), server_default="20", nullable=False),
        sa.Column("wrap_up_seconds", sa.Integer(), server_default="30", nullable=False),
        sa.Column("whisper", sa.Text(), server_default="full", nullable=False),
        sa.CheckConstraint("reach IN ('line', 'ring')", name=op.f("ck_team_reach_known")),
        sa.CheckConstraint("whisper IN ('full', 'beep', 'none')", name=op.f("ck_team_whisper_known")),
        sa.CheckConstraint("ring_seconds > 0 AND wrap_up_seconds >= 0", name=op.f("ck_team_seconds_positive")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_team")),
    )
    op.create_table(
        "calamity",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("then", sa.Text(), server_default="queue", nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("\"then\" IN ('queue', 'end')", name=op.f("ck_calamity_then_known")),
        sa.CheckConstraint("from_at <= until_at", name=op.f("ck_calamity_in_order")),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_calamity_municipality"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calamity")),
    )
    op.create_index("ix_calamity_municipality", "calamity", ["municipality"], unique=False)
    op.create_table(
        "call_fact",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "kind IN ('arrived', 'answered_line', 'question_asked', 'wrong_key', 'municipality_chosen', 'announced', 'queued', 'position_told', 'nobody_told', 'offered', 'offer_failed', 'answered', 'stage', 'resumed', 'to_fallback', 'noted', 'ended')",
            name=op.f("ck_call_fact_kind_known"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_fact_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "seq", name=op.f("pk_call_fact")),
    )
    op.create_table(
        "call_leg",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("hangup_cause", sa.Integer(), nullable=True),
        sa.Column("end_is_estimated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("owns_channel", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(
            "end_reason IN ('hung_up', 'released', 'no_answer', 'busy', 'unreachable', 'to_fallback', 'lost')",
            name=op.f("ck_call_leg_end_reason_known"),
        ),
        sa.CheckConstraint(
            "role IN ('caller', 'operator', 'colleague', 'callback')", name=op.f("ck_call_leg_role_known")
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_call_leg_ended_is_whole")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_leg_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_leg")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_call_leg_call_id", "call_leg", ["call_id"], unique=False)
    op.create_index("ix_call_leg_channel_id", "call_leg", ["channel_id"], unique=False)
    op.create_index(
        "ix_call_leg_open", "call_leg", ["call_id"], unique=False, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "closing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_closing_in_order")),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_closing_municipality"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing")),
        sa.UniqueConstraint(
            "municipality", "starts_at", "ends_at", name=op.f("uq_closing_municipality_starts_at_ends_at")
        ),
    )
    op.create_table(
        "direct_number",
        sa.Column("e164", sa.Text(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind = 'direct' OR num_nonnulls(operator, team, endpoint) = 0",
            name=op.f("ck_direct_number_geographic_has_no_target"),
        ),
        sa.CheckConstraint("kind IN ('geographic', 'direct')", name=op.f("ck_direct_number_kind_known")),
        sa.CheckConstraint("num_nonnulls(operator, team, endpoint) <= 1", name=op.f("ck_direct_number_one_target")),
        sa.ForeignKeyConstraint(["municipality"], ["municipality.code"], name=op.f("fk_direct_number_municipality")),
        sa.ForeignKeyConstraint(["operator"], ["operator.number"], name=op.f("fk_direct_number_operator")),
        sa.ForeignKeyConstraint(["team"], ["team.code"], name=op.f("fk_direct_number_team")),
        sa.PrimaryKeyConstraint("e164", name=op.f("pk_direct_number")),
    )
    op.create_table(
        "open_day",
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_open_day_municipality"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality", "day", name=op.f("pk_open_day")),
    )
    op.create_table(
        "opening_hours",
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.CheckConstraint("opens < closes OR closes = '00:00'", name=op.f("ck_opening_hours_in_order")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_opening_hours_weekday_known")),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_opening_hours_municipality"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality", "weekday", "opens", name=op.f("pk_opening_hours")),
    )
    op.create_table(
        "operator_team",
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator"], ["operator.number"], name=op.f("fk_operator_team_operator"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team"], ["team.code"], name=op.f("fk_operator_team_team"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("operator", "team", name=op.f("pk_operator_team")),
    )
    op.create_table(
        "shared_number",
        sa.Column("digits", sa.Text(), nullable=False),
        sa.Column("default_municipality", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["default_municipality"], ["municipality.code"], name=op.f("fk_shared_number_default_municipality")
        ),
        sa.PrimaryKeyConstraint("digits", name=op.f("pk_shared_number")),
    )
    op.create_table(
        "team_municipality",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.CheckConstraint("level IN ('own', 'help')", name=op.f("ck_team_municipality_level_known")),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_team_municipality_municipality"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team"], ["team.code"], name=op.f("fk_team_municipality_team"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team", "municipality", name=op.f("pk_team_municipality")),
    )
    op.create_table(
        "shared_number_member",
        sa.Column("shared_number", sa.Text(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("menu_key", sa.SmallInteger(), nullable=False),
        sa.Column("technical_since", sa.Date(), nullable=True),
        sa.Column("operational_since", sa.Date(), nullable=True),
        sa.CheckConstraint("menu_key BETWEEN 1 AND 9", name=op.f("ck_shared_number_member_menu_key_on_keypad")),
        sa.ForeignKeyConstraint(
            ["municipality"],
            ["municipality.code"],
            name=op.f("fk_shared_number_member_municipality"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["shared_number"],
            ["shared_number.digits"],
            name=op.f("fk_shared_number_member_shared_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("shared_number", "municipality", name=op.f("pk_shared_number_member")),
        sa.UniqueConstraint("shared_number", "menu_key", name=op.f("uq_shared_number_member_shared_number_menu_key")),
    )
    op.create_table(
        "member_consultation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("shared_number", sa.Text(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("neighbour", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('consulted', 'informed')", name=op.f("ck_member_consultation_kind_known")),
        sa.ForeignKeyConstraint(
            ["shared_number", "municipality"],
            ["shared_number_member.shared_number", "shared_number_member.municipality"],
            name=op.f("fk_member_consultation_shared_number_municipality"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_consultation")),
        sa.UniqueConstraint(
            "shared_number", "municipality", "neighbour", "on_date", "kind", name="uq_member_consultation_once"
        ),
    )
    op.execute(
        """
        CREATE VIEW operator_skill AS
        SELECT t.operator, m.municipality, NULL::text AS subject, max(m.level) AS level
        FROM operator_team t JOIN team_municipality m ON m.team = t.team
        GROUP BY t.operator, m.municipality
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW operator_skill")
    op.drop_table("member_consultation")
    op.drop_table("shared_number_member")
    op.drop_table("team_municipality")
    op.drop_table("shared_number")
    op.drop_table("operator_team")
    op.drop_table("opening_hours")
    op.drop_table("open_day")
    op.drop_table("direct_number")
    op.drop_table("closing")
    op.drop_index("ix_call_leg_open", table_name="call_leg", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_call_leg_channel_id", table_name="call_leg")
    op.drop_index("ix_call_leg_call_id", table_name="call_leg")
    op.drop_table("call_leg")
    op.drop_table("call_fact")
    op.drop_index("ix_calamity_municipality", table_name="calamity")
    op.drop_table("calamity")
    op.drop_table("team")
    op.drop_table("special_day")
    op.drop_table("pin_attempt")
    op.drop_index("ix_outbox_due", table_name="outbox", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("outbox")
    op.drop_index(
        "uq_operator_session_open", table_name="operator_session", postgresql_where=sa.text("logged_out_at IS NULL")
    )
    op.drop_index("ix_operator_session_operator_logged_in_at", table_name="operator_session")
    op.drop_index(
        "ix_operator_session_open", table_name="operator_session", postgresql_where=sa.text("logged_out_at IS NULL")
    )
    op.drop_table("operator_session")
    op.drop_index("ix_operator_line_open", table_name="operator_line", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_operator_line_channel_id", table_name="operator_line")
    op.drop_table("operator_line")
    op.drop_table("operator")
    op.drop_table("municipality")
    op.drop_table("cel_position")
    op.drop_index("ix_call_open", table_name="call", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_call_municipality_arrived_at", table_name="call")
    op.drop_index("ix_call_arrived_at", table_name="call")
    op.drop_table("call")
    op.drop_index("ix_audit_log_at", table_name="audit_log")
    op.drop_table("audit_log")
