"""commands from screens, terminals and other programs

Revision 0023, after 0022. The trigger runs with the owner's rights, as those of 0022.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from ari_app.storage.db.command_kinds import kinds_at
from ari_app.storage.db.constraints import set_members

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_ANSWERS = ("accepted", "promised", "refused", "unanswered")
_FACTS = (
    "arrived",
    "answered_line",
    "question_asked",
    "wrong_key",
    "municipality_chosen",
    "announced",
    "queued",
    "position_told",
    "nobody_told",
    "offered",
    "offer_failed",
    "answered",
    "calling_back",
    "callback_marked",
    "request_closed",
    "held",
    "held_no_more",
    "transfer_asked",
    "transfer_refused",
    "transfer_state",
    "transferred",
    "transfer_over",
    "came_back",
    "callback_offered",
    "callback_requested",
    "callback_limited",
    "stage",
    "resumed",
    "to_fallback",
    "noted",
    "ended",
)
_AT = _FACTS.index("held")
_TABLES = ("operator_line", "operator_session")

# A command about a call is its municipality's; one about an operator belongs to those that the operator serves.
_NOTE = """
CREATE FUNCTION note_command_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO change (number, kind, id, municipality, operator, changed_at)
  VALUES (pg_current_xact_id()::text::bigint, 'command', NEW.id::text, NEW.municipality,
    CASE WHEN NEW.municipality IS NULL THEN NEW.operator END, clock_timestamp());
  RETURN NULL;
END $$"""


def _known(column: str, members: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{member}'" for member in members)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_command_{column}_known"))


def upgrade() -> None:
    op.create_table(
        "command",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("municipality", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(), nullable=False),
        sa.Column("pii_arguments", postgresql.JSONB(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), nullable=True),
        _known("what", kinds_at(revision)),
        _known("answer", _ANSWERS),
        sa.CheckConstraint("expires_at > asked_at", name=op.f("ck_command_lasts")),
        sa.CheckConstraint(
            "num_nonnulls(operator, call_id, request_id) > 0", name=op.f("ck_command_is_about_somebody")
        ),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answer IS NULL) AND (answered_at IS NULL OR pii_arguments IS NULL)",
            name=op.f("ck_command_answered_is_whole"),
        ),
        sa.CheckConstraint("(claimed_at IS NULL) = (claimed_by IS NULL)", name=op.f("ck_command_claimed_is_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_command")),
    )
    op.create_index("ix_command_open", "command", ["asked_at"], postgresql_where=sa.text("answered_at IS NULL"))
    op.create_index("ix_command_asked_at", "command", ["asked_at"])
    op.execute(_NOTE)
    op.execute("REVOKE ALL ON FUNCTION note_command_change() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER change AFTER UPDATE OF answered_at ON command FOR EACH ROW "
        "WHEN (OLD.answered_at IS NULL AND NEW.answered_at IS NOT NULL) EXECUTE FUNCTION note_command_change()"
    )
    for table in _TABLES:
        op.add_column(table, sa.Column("command_id", sa.Uuid(), nullable=True))
    set_members("call_fact", "kind", (*_FACTS[:_AT], "put_down", *_FACTS[_AT:]))


def downgrade() -> None:
    op.execute("UPDATE call_fact SET kind = 'noted' WHERE kind = 'put_down'")
    set_members("call_fact", "kind", _FACTS)
    for table in _TABLES:
        op.drop_column(table, "command_id")
    op.drop_table("command")
    op.execute("DROP FUNCTION note_command_change()")
