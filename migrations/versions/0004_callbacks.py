# ruff: noqa: E501
"""callback requests, their attempts and reminders

Revision 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("callback_reference", minvalue=0, start=1)))
    op.create_table(
        "callback_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("first_contact_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan_by_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner_team", sa.Text(), nullable=False),
        sa.Column("number_confirmed_how", sa.Text(), nullable=False),
        sa.Column("pii_number", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_operator", sa.Text(), nullable=True),
        sa.Column("owner_entry", sa.Text(), nullable=True),
        sa.Column("personal_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("pii_note", sa.Text(), server_default="", nullable=False),
        sa.Column("transfer_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("joined_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("lease_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalate_at_once", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_kind", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("pii_close_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (close_kind IS NOT NULL) AND (state = 'closed') = (closed_by IS NOT NULL)",
            name=op.f("ck_callback_request_closed_is_whole"),
        ),
        sa.CheckConstraint(
            "(state = 'in_progress') = (lease_holder IS NOT NULL) AND (state = 'in_progress') = (lease_until_at IS NOT NULL)",
            name=op.f("ck_callback_request_lease_is_whole"),
        ),
        sa.CheckConstraint(
            "close_kind <> 'by_person' OR pii_close_reason <> ''", name=op.f("ck_callback_request_person_gives_reason")
        ),
        sa.CheckConstraint(
            "close_kind = 'by_person' OR closed_at IS NULL OR reached_at IS NOT NULL",
            name=op.f("ck_callback_request_was_reached"),
        ),
        sa.CheckConstraint(
            "close_kind IN ('reached', 'helped', 'by_person')", name=op.f("ck_callback_request_close_kind_known")
        ),
        sa.CheckConstraint(
            "kind <> 'place_in_line' OR queued_at IS NOT NULL", name=op.f("ck_callback_request_place_has_moment")
        ),
        sa.CheckConstraint("kind IN ('promise', 'place_in_line')", name=op.f("ck_callback_request_kind_known")),
        sa.CheckConstraint(
            "number_confirmed_how IN ('shown', 'typed', 'spoken', 'unconfirmed')",
            name=op.f("ck_callback_request_number_confirmed_how_known"),
        ),
        sa.CheckConstraint("owner_team <> ''", name=op.f("ck_callback_request_has_owner")),
        sa.CheckConstraint("pii_number ~ '^[+][1-9][0-9]{4,14}$'", name=op.f("ck_callback_request_number_is_e164")),
        sa.CheckConstraint(
            "reason IN ('menu', 'waiting', 'closed', 'calamity', 'operator', 'refused_transfer', 'transfer_not_answered', 'abandoned', 'desk')",
            name=op.f("ck_callback_request_reason_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'planned', 'in_progress', 'closed')", name=op.f("ck_callback_request_state_known")
        ),
        sa.CheckConstraint(
            "first_contact_at < deadline_at AND plan_by_at <= deadline_at",
            name=op.f("ck_callback_request_deadline_in_order"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_request")),
        sa.UniqueConstraint("reference", name=op.f("uq_callback_request_reference")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_callback_request_call_id", "callback_request", ["call_id"], unique=False)
    op.create_index(
        "ix_callback_request_due",
        "callback_request",
        ["plan_by_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_callback_request_municipality_deadline_at",
        "callback_request",
        ["municipality", "deadline_at"],
        unique=False,
    )
    op.create_index("ix_callback_request_pii_number", "callback_request", ["pii_number"], unique=False)
    op.create_index(
        "uq_callback_request_in_progress",
        "callback_request",
        ["pii_number"],
        unique=True,
        postgresql_where=sa.text("lease_holder IS NOT NULL"),
    )
    op.create_index(
        "uq_callback_request_open",
        "callback_request",
        ["municipality", "pii_number"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "operator_absence",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("from_at <= until_at", name=op.f("ck_operator_absence_in_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_absence")),
    )
    op.create_index("ix_operator_absence_operator", "operator_absence", ["operator"], unique=False)
    op.create_table(
        "callback_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome <> 'reached' OR (answered_at IS NOT NULL AND reached_at IS NOT NULL)",
            name=op.f("ck_callback_attempt_reached_was_answered"),
        ),
        sa.CheckConstraint(
            "outcome IN ('reached', 'no_answer', 'busy', 'voicemail', 'wrong_number', 'refused', 'failed', 'lost')",
            name=op.f("ck_callback_attempt_outcome_known"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_callback_attempt_ended_is_whole")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["callback_request.id"], name=op.f("fk_callback_attempt_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_attempt")),
        sa.UniqueConstraint("request_id", "number", name=op.f("uq_callback_attempt_request_id_number")),
    )
    op.create_index("ix_callback_attempt_call_id", "callback_attempt", ["call_id"], unique=False)
    op.create_index(
        "uq_callback_attempt_open",
        "callback_attempt",
        ["request_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "callback_fact",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "kind IN ('created', 'joined', 'assigned', 'claimed', 'released', 'lease_expired', 'attempt_started', 'attempt_answered', 'talk_began', 'attempt_ended', 'place_lapsed', 'escalated', 'reminded', 'closed')",
            name=op.f("ck_callback_fact_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["callback_request.id"], name=op.f("fk_callback_fact_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", "seq", name=op.f("pk_callback_fact")),
    )
    op.create_table(
        "callback_reminder",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("owner_team", sa.Text(), nullable=False),
        sa.Column("owner_operator", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("municipality", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("audience IN ('owner', 'supervisor')", name=op.f("ck_callback_reminder_audience_known")),
        sa.CheckConstraint(
            "kind IN ('day_start', 'before_deadline', 'no_time_left', 'needs_decision', 'calls_fail', 'at_deadline', 'overdue')",
            name=op.f("ck_callback_reminder_kind_known"),
        ),
        sa.CheckConstraint(
            "outcome IN ('sent', 'not_needed', 'given_up')", name=op.f("ck_callback_reminder_outcome_known")
        ),
        sa.CheckConstraint(
            "way IN ('screen', 'email', 'webhook', 'phone')", name=op.f("ck_callback_reminder_way_known")
        ),
        sa.CheckConstraint("(done_at IS NULL) = (outcome IS NULL)", name=op.f("ck_callback_reminder_done_is_whole")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["callback_request.id"], name=op.f("fk_callback_reminder_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_reminder")),
        sa.UniqueConstraint("key", "way", name=op.f("uq_callback_reminder_key_way")),
    )
    op.create_index(
        "ix_callback_reminder_due",
        "callback_reminder",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index("ix_callback_reminder_request_id", "callback_reminder", ["request_id"], unique=False)
    op.create_table(
        "callback_rules",
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("keep_place", sa.Boolean(), nullable=False),
        sa.Column("offer_after_seconds", sa.Integer(), nullable=False),
        sa.Column("abandoned", sa.Boolean(), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("retry_minutes", sa.Integer(), nullable=False),
        sa.Column("call_from", sa.Time(), nullable=False),
        sa.Column("call_until", sa.Time(), nullable=False),
        sa.Column("personal_overdue_minutes", sa.Integer(), nullable=False),
        sa.Column("remind_before_minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint("call_from < call_until", name=op.f("ck_callback_rules_hours_in_order")),
        sa.CheckConstraint(
            "offer_after_seconds >= 0 AND max_attempts > 0 AND retry_minutes > 0 AND personal_overdue_minutes >= 0 AND remind_before_minutes > 0",
            name=op.f("ck_callback_rules_numbers_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_callback_rules_municipality"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality", name=op.f("pk_callback_rules")),
    )
    op.create_table(
        "team_contact",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("pii_email", sa.Text(), nullable=True),
        sa.Column("pii_phone", sa.Text(), nullable=True),
        sa.CheckConstraint("audience IN ('owner', 'supervisor')", name=op.f("ck_team_contact_audience_known")),
        sa.CheckConstraint("num_nonnulls(pii_email, pii_phone) > 0", name=op.f("ck_team_contact_says_something")),
        sa.ForeignKeyConstraint(["team"], ["team.code"], name=op.f("fk_team_contact_team"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team", "audience", name=op.f("pk_team_contact")),
    )
    op.add_column("outbox", sa.Column("tries_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("outbox", sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("gave_up_why", sa.Text(), nullable=True))
    op.execute(
        """
        CREATE VIEW callback_proof AS
        SELECT r.id AS request_id, r.reference, r.municipality, r.reason, r.kind, r.state, r.first_contact_at, r.deadline_at,
          r.first_attempt_at, r.attempts_count, r.reached_at, r.close_kind, r.closed_at,
          CASE WHEN r.reached_at IS NOT NULL THEN r.reached_at <= r.deadline_at
            WHEN r.closed_at IS NOT NULL OR r.deadline_at < now() THEN false END AS on_time,
          'AV2-next-working-day'::text AS definition
        FROM callback_request r
        """
    )
    op.execute(
        """
        COMMENT ON VIEW callback_proof IS 'AV 2: contacted at latest on the working day after the first contact. on_time: the talk began (reached_at) at or before deadline_at, the end of opening hours on the next working day of the Algemene termijnenwet (17:00 where the municipality is closed all that day by its own choice). A talk is one on a callback that the citizen answered, or one on the next call of the citizen, with which the request was closed. Attempts without a talk are no contact. on_time is null while it is open and the deadline has not passed.'
        """
    )
    op.execute(
        """
        CREATE VIEW callback_promise AS
        SELECT p.municipality, date_trunc('month', p.deadline_at AT TIME ZONE 'Europe/Amsterdam')::date AS month,
          count(p.on_time) AS due,
          count(*) FILTER (WHERE p.on_time) AS kept,
          count(*) FILTER (WHERE NOT p.on_time AND p.reached_at IS NOT NULL) AS late,
          count(*) FILTER (WHERE p.reached_at IS NULL AND p.closed_at IS NOT NULL) AS unreached,
          count(*) FILTER (WHERE NOT p.on_time AND p.closed_at IS NULL) AS open_overdue,
          count(*) FILTER (WHERE NOT p.on_time AND p.attempts_count > 0 AND p.first_attempt_at <= p.deadline_at)
            AS tried_in_time,
          round(count(*) FILTER (WHERE p.on_time) / nullif(count(p.on_time), 0)::numeric, 4) AS share_kept,
          min(p.definition) AS definition
        FROM callback_proof p
        GROUP BY p.municipality, date_trunc('month', p.deadline_at AT TIME ZONE 'Europe/Amsterdam')
        """
    )
    op.execute(
        """
        COMMENT ON VIEW callback_promise IS 'Per municipality and month of the deadline (Europe/Amsterdam). due: reached, closed, or past the deadline. kept: on_time. late: reached after the deadline. unreached: closed by a person without a talk. open_overdue: open, and past the deadline. tried_in_time: not kept, with an attempt before the deadline that the citizen could notice. share_kept: kept / due. For on_time see the view callback_proof.'
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW callback_promise")
    op.execute("DROP VIEW callback_proof")
    op.drop_column("outbox", "gave_up_why")
    op.drop_column("outbox", "next_try_at")
    op.drop_column("outbox", "tries_count")
    op.drop_table("team_contact")
    op.drop_table("callback_rules")
    op.drop_index("ix_callback_reminder_request_id", table_name="callback_reminder")
    op.drop_index(
        "ix_callback_reminder_due", table_name="callback_reminder", postgresql_where=sa.text("done_at IS NULL")
    )
    op.drop_table("callback_reminder")
    op.drop_table("callback_fact")
    op.drop_index(
        "uq_callback_attempt_open", table_name="callback_attempt", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_index("ix_callback_attempt_call_id", table_name="callback_attempt")
    op.drop_table("callback_attempt")
    op.drop_index("ix_operator_absence_operator", table_name="operator_absence")
    op.drop_table("operator_absence")
    op.drop_index(
        "uq_callback_request_open", table_name="callback_request", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index(
        "uq_callback_request_in_progress",
        table_name="callback_request",
        postgresql_where=sa.text("lease_holder IS NOT NULL"),
    )
    op.drop_index("ix_callback_request_pii_number", table_name="callback_request")
    op.drop_index("ix_callback_request_municipality_deadline_at", table_name="callback_request")
    op.drop_index(
        "ix_callback_request_due", table_name="callback_request", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index("ix_callback_request_call_id", table_name="callback_request")
    op.drop_table("callback_request")
    op.execute(sa.schema.DropSequence(sa.Sequence("callback_reference")))
