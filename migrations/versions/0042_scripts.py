"""scripts: the answers that operators give, their versions, and which one was given in a call

Revision 0042, after 0041.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from ari_app.storage.db.command_kinds import add_kinds, remove_kinds

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_NOW = sa.DateTime(timezone=True)
# With the rights of the owner: the index of the full text is asked before row level security judges a row. So the
# function says itself which rows its reader may see.
_FIND = """
CREATE FUNCTION find_scripts(words text, own text, towns text[], today date, most_own integer, most_shared integer,
  most_others integer)
RETURNS TABLE (id uuid, version integer, question text, subject text, municipality text, score float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT ranked.id, ranked.published, ranked.question, ranked.subject, ranked.municipality, ranked.score
  FROM (SELECT found.*, row_number() OVER (PARTITION BY found.place ORDER BY found.score DESC, found.question)
      AS number_in_place
    FROM (SELECT script.id, script.published, script.question, script.subject, script.municipality,
        ts_rank(script.search, query)::float8 AS score,
        CASE WHEN script.municipality IS NULL THEN 1 WHEN script.municipality = own THEN 0 ELSE 2 END AS place
      FROM script, to_tsquery('dutch', words) AS query
      WHERE script.search @@ query AND (script.valid_from IS NULL OR script.valid_from <= today)
        AND (script.valid_until IS NULL OR today < script.valid_until)
        AND (script.municipality IS NULL OR (script.municipality = ANY (towns)
          AND (current_setting('ari_app.scope', true) = '*' OR script.municipality = ANY (
            string_to_array(coalesce(current_setting('ari_app.scope', true), ''), ',')))))) found) ranked
  WHERE ranked.number_in_place <= CASE ranked.place WHEN 0 THEN most_own WHEN 1 THEN most_shared ELSE most_others END
$$"""


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _of_script(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["script"], ["script.id"], name=op.f(f"fk_{table}_script"), ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "script",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("municipality", nullable=True),
        _text("question"),
        _text("subject"),
        _text("source"),
        _text("source_key", nullable=True),
        _text("source_digest", nullable=True),
        sa.Column("source_version", sa.Integer(), nullable=True),
        _text("owner"),
        sa.Column("published", sa.Integer(), nullable=True),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("search", postgresql.TSVECTOR(), nullable=True),
        sa.Column("changed_at", _NOW, nullable=False),
        sa.CheckConstraint("source IN ('own', 'vac', 'kennisartikel', 'csv')", name=op.f("ck_script_source_known")),
        sa.CheckConstraint("(search IS NULL) = (published IS NULL)", name=op.f("ck_script_search_of_published")),
        sa.ForeignKeyConstraint(["municipality"], ["municipality.code"], name=op.f("fk_script_municipality")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script")),
    )
    op.create_index("ix_script_search", "script", ["search"], postgresql_using="gin")
    op.create_index("ix_script_municipality", "script", ["municipality"])
    op.create_index("ix_script_changed_at", "script", ["changed_at"])
    op.create_index(
        "uq_script_source_key",
        "script",
        ["source", "source_key", sa.text("coalesce(municipality, '')")],
        unique=True,
        postgresql_where=sa.text("source_key IS NOT NULL"),
    )
    op.create_table(
        "script_version",
        sa.Column("script", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("state"),
        _text("question"),
        _text("answer"),
        _text("subject"),
        _text("subject_uri"),
        sa.Column("keywords", postgresql.ARRAY(sa.Text()), nullable=False),
        _text("department", nullable=True),
        _text("memo"),
        sa.Column("links", postgresql.JSONB(), nullable=False),
        sa.Column("related", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        _text("author"),
        sa.Column("written_at", _NOW, nullable=False),
        _text("published_by", nullable=True),
        sa.Column("published_at", _NOW, nullable=True),
        sa.CheckConstraint("state IN ('draft', 'review', 'published')", name=op.f("ck_script_version_state_known")),
        sa.CheckConstraint(
            "(published_at IS NULL) = (published_by IS NULL)", name=op.f("ck_script_version_published_is_whole")
        ),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_script_version_valid_for_a_day")),
        _of_script("script_version"),
        sa.PrimaryKeyConstraint("script", "version", name=op.f("pk_script_version")),
    )
    op.create_table(
        "script_synonym",
        _text("municipality"),
        _text("word"),
        _text("means"),
        sa.Column("changed_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("municipality", "word", "means", name=op.f("pk_script_synonym")),
    )
    op.create_table(
        "call_script",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        _text("operator"),
        sa.Column("at", _NOW, nullable=False),
        sa.Column("script", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        _text("subject"),
        sa.CheckConstraint("(script IS NULL) = (version IS NULL)", name=op.f("ck_call_script_script_is_whole")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_script_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_script")),
    )
    op.create_index("ix_call_script_call_id", "call_script", ["call_id"])
    op.create_table(
        "script_use",
        _text("number"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("script", sa.Uuid(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        _of_script("script_use"),
        sa.PrimaryKeyConstraint("number", "day", "script", name=op.f("pk_script_use")),
    )
    op.create_index("ix_script_use_script", "script_use", ["script"])
    op.create_table(
        "script_remark",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("script", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("kind"),
        _text("remark"),
        _text("author"),
        sa.Column("at", _NOW, nullable=False),
        sa.Column("done_at", _NOW, nullable=True),
        _text("done_by", nullable=True),
        sa.CheckConstraint(
            "kind IN ('verouderd', 'onjuist', 'onduidelijk', 'onvolledig', 'afdeling', 'link')",
            name=op.f("ck_script_remark_kind_known"),
        ),
        sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name=op.f("ck_script_remark_done_is_whole")),
        _of_script("script_remark"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_remark")),
    )
    op.create_index("ix_script_remark_script", "script_remark", ["script"])
    op.create_table(
        "script_miss",
        _text("municipality"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _text("words", nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_call", sa.Uuid(), nullable=True),
        sa.Column("last_at", _NOW, nullable=False),
        sa.PrimaryKeyConstraint("municipality", "digest", name=op.f("pk_script_miss")),
    )
    op.execute(
        "CREATE TRIGGER change AFTER INSERT ON call_script FOR EACH ROW EXECUTE FUNCTION note_change_of_calls_part()"
    )
    op.execute(_FIND)
    add_kinds(revision)


def downgrade() -> None:
    remove_kinds(revision)
    op.execute("DROP FUNCTION find_scripts(text, text, text[], date, integer, integer, integer)")
    for table in ("script_miss", "script_remark", "script_use", "call_script", "script_synonym", "script_version"):
        op.drop_table(table)
    op.drop_table("script")
