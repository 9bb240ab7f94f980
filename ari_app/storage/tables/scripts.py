"""Scripts with their versions, the choices that operators made of them, and what is said of them (`core.scripts`)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from ari_app.core.scripts import REMARKS, Source, VersionState
from ari_app.storage.tables.columns import (
    instant,
    metadata,
    one_of,
    optional_instant,
    optional_text,
    refers,
    row_id,
    text,
)


def _script(*, primary_key: bool = False) -> sa.Column[object]:
    return sa.Column(
        "script", sa.Uuid, sa.ForeignKey("script.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )


#: `municipality` null: shared by all. Question, subject and days are those of the version that operators read, or of
#: the newest when there is none. `search`: only of what operators read.
script = sa.Table(
    "script",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    refers("municipality", "municipality.code", nullable=True),
    text("question"),
    text("subject"),
    text("source"),
    optional_text("source_key"),  # what the source calls it
    optional_text("source_digest"),  # of what the source said last
    sa.Column("source_version", sa.Integer),  # the version in which it said so
    text("owner"),  # whom the end of its time is told to
    sa.Column("published", sa.Integer),
    sa.Column("last", sa.Integer, nullable=False),
    sa.Column("valid_from", sa.Date),
    sa.Column("valid_until", sa.Date),
    sa.Column("search", TSVECTOR),
    instant("changed_at"),
    one_of("source", Source),
    sa.CheckConstraint("(search IS NULL) = (published IS NULL)", name="search_of_published"),
    sa.Index("ix_script_search", "search", postgresql_using="gin"),
    sa.Index("ix_script_municipality", "municipality"),
    sa.Index("ix_script_changed_at", "changed_at"),
    sa.Index(
        "uq_script_source_key",
        sa.text("source"),
        sa.text("source_key"),
        sa.text("coalesce(municipality, '')"),
        unique=True,
        postgresql_where=sa.text("source_key IS NOT NULL"),
    ),
)

#: What somebody saved: the text never changes, the state does.
script_version = sa.Table(
    "script_version",
    metadata,
    _script(primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    text("state"),
    text("question"),
    text("answer"),
    text("subject"),
    text("subject_uri"),
    sa.Column("keywords", ARRAY(sa.Text), nullable=False),
    optional_text("department"),  # the code of an entry of the directory, which may be gone
    text("memo"),
    sa.Column("links", JSONB, nullable=False),
    sa.Column("related", ARRAY(sa.Uuid), nullable=False),
    sa.Column("steps", JSONB, nullable=False),
    sa.Column("valid_from", sa.Date),
    sa.Column("valid_until", sa.Date),
    text("author"),
    instant("written_at"),
    optional_text("published_by"),
    optional_instant("published_at"),
    one_of("state", VersionState),
    sa.CheckConstraint("(published_at IS NULL) = (published_by IS NULL)", name="published_is_whole"),
    sa.CheckConstraint("valid_until > valid_from", name="valid_for_a_day"),
)

#: Words that people say for words that scripts have; an empty municipality: everywhere.
script_synonym = sa.Table(
    "script_synonym",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("word", sa.Text, primary_key=True),
    sa.Column("means", sa.Text, primary_key=True),
    instant("changed_at"),
)

#: The choices of a call. Nobody changes one: another choice is another row, and the last one of an operator counts.
call_script = sa.Table(
    "call_script",
    metadata,
    row_id(),
    sa.Column("call_id", sa.Uuid, sa.ForeignKey("call.id", ondelete="CASCADE"), nullable=False),
    text("operator"),
    instant("at"),
    sa.Column("script", sa.Uuid),  # null: the choice before was taken back
    sa.Column("version", sa.Integer),
    text("subject"),  # its code, as in the wrap-up
    sa.CheckConstraint("(script IS NULL) = (version IS NULL)", name="script_is_whole"),
    sa.Index("ix_call_script_call_id", "call_id"),
)

#: How often a script was chosen on a day by operators whose caller had dialled this number.
script_use = sa.Table(
    "script_use",
    metadata,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    _script(primary_key=True),
    sa.Column("uses", sa.Integer, nullable=False),
    sa.Index("ix_script_use_script", "script"),
)

#: What an operator said of a script: never about a citizen.
script_remark = sa.Table(
    "script_remark",
    metadata,
    row_id(),
    _script(),
    sa.Column("version", sa.Integer, nullable=False),
    text("kind"),
    text("remark"),
    text("author"),
    instant("at"),
    optional_instant("done_at"),
    optional_text("done_by"),
    one_of("kind", REMARKS),
    sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done_is_whole"),
    sa.Index("ix_script_remark_script", "script"),
)

#: What was searched and not found. The words are kept once operators searched for them in three calls: until then
#: there is only their SHA-256.
script_miss = sa.Table(
    "script_miss",
    metadata,
    sa.Column("municipality", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    optional_text("words"),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("last_call", sa.Uuid),
    instant("last_at"),
)
