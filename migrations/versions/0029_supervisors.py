"""what supervisors ask for: one more transfer, a request that is closed, calamities, closing early

Revision 0029, after 0028.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds
from ari_app.storage.db.constraints import add_rule, drop_rule

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_ABOUT = "num_nonnulls(operator, call_id, request_id{0}) > 0"


def upgrade() -> None:
    op.create_table(
        "transfer_wish",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_transfer_wish_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "operator", name=op.f("pk_transfer_wish")),
    )
    op.execute(
        "CREATE TRIGGER change AFTER INSERT OR UPDATE ON transfer_wish FOR EACH ROW "
        "EXECUTE FUNCTION note_change_of_calls_part()"
    )
    op.create_table(
        "early_closing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_early_closing_in_order")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_early_closing_ended_is_whole")),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_early_closing_municipality"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_early_closing")),
    )
    op.create_index("ix_early_closing_municipality", "early_closing", ["municipality"])
    add_kinds(revision)
    drop_rule("command", "is_about_somebody")
    add_rule("command", "is_about_somebody", _ABOUT.format(", municipality"))


def downgrade() -> None:
    remove_kinds(revision)
    drop_rule("command", "is_about_somebody")
    add_rule("command", "is_about_somebody", _ABOUT.format(""))
    op.drop_table("early_closing")
    op.drop_table("transfer_wish")
