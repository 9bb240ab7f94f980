"""Commands from screens, terminals and other programs, on their way to a controller and back (decision 0025)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ari_app.core.commands import CommandState, What
from ari_app.storage.tables.columns import instant, metadata, one_of, optional_instant, optional_text, text

#: `id` is chosen by whoever asks. `pii_arguments`: numbers and notes; gone once the command is answered. Kept for a
#: week (`storage.commands.upkeep`).
command = sa.Table(
    "command",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    text("actor"),  # "account:…", "service:…" or "console:…"
    optional_text("node"),  # the Asterisk whose controller is to take it; any may where it is unknown
    optional_text("operator"),  # whose desk or state it is about
    sa.Column("session_id", sa.Uuid),  # the login of that operator, when it was asked
    sa.Column("call_id", sa.Uuid),
    sa.Column("request_id", sa.Uuid),
    sa.Column("account", sa.Uuid),  # whose rights it is about; of one that is to be made, the id it gets
    optional_text("municipality"),  # of the call or the request, or that it is about
    text("what"),
    sa.Column("arguments", JSONB, nullable=False),
    sa.Column("pii_arguments", JSONB),
    instant("asked_at"),  # by the clock of Postgres, as all of these
    instant("expires_at"),
    optional_instant("claimed_at"),
    sa.Column("claimed_by", sa.Uuid),  # the run of the controller that took it
    optional_instant("answered_at"),
    optional_text("answer"),
    optional_text("reason"),  # of a refusal
    sa.Column("details", JSONB),
    one_of("what", What),
    one_of("answer", CommandState),
    sa.CheckConstraint("expires_at > asked_at", name="lasts"),
    sa.CheckConstraint(
        "num_nonnulls(operator, call_id, request_id, municipality, account) > 0", name="is_about_somebody"
    ),
    sa.CheckConstraint(
        "(answered_at IS NULL) = (answer IS NULL) AND (answered_at IS NULL OR pii_arguments IS NULL)",
        name="answered_is_whole",
    ),
    sa.CheckConstraint("(claimed_at IS NULL) = (claimed_by IS NULL)", name="claimed_is_whole"),
    sa.Index("ix_command_open", "asked_at", postgresql_where=sa.text("answered_at IS NULL")),
    sa.Index("ix_command_asked_at", "asked_at"),
)
