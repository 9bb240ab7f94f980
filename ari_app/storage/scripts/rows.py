"""Texts of scripts as columns, and the words by which they are found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ari_app.core.ids import EntryCode, MunicipalityCode, ScriptId, optional
from ari_app.core.script_search import words_of
from ari_app.core.script_steps import plain, read_plain
from ari_app.core.script_text import plain_words
from ari_app.core.scripts import Link, Script, ScriptText, ScriptVersion, Source, VersionState
from ari_app.storage.db.rows import Named

#: columns of a text, in the order of `text_values`
TEXT_COLUMNS = (
    "question, answer, subject, subject_uri, keywords, department, memo, links, related, steps, valid_from, valid_until"
)
TEXT_TYPES = ("text", "text", "text", "text", "text[]", "text", "text", "jsonb", "uuid[]", "jsonb", "date", "date")

#: The tsvector of what operators search: questions count most, then keywords and subject, then answers.
SEARCH = """
setweight(to_tsvector('dutch', {0}), 'A') || setweight(to_tsvector('dutch', {1}), 'B')
|| setweight(to_tsvector('dutch', {2}), 'D')"""


def text_parameters(first: int) -> str:
    return ", ".join(f"${first + at}::{kind}" for at, kind in enumerate(TEXT_TYPES))


def text_values(text: ScriptText) -> tuple[Any, ...]:
    links = [{"label": link.label, "url": link.url} for link in text.links]
    return (
        text.question,
        text.answer,
        text.subject,
        text.subject_uri,
        list(text.keywords),
        text.department,
        text.memo,
        json.dumps(links, ensure_ascii=False),
        list(text.related),
        json.dumps(plain(text.steps), ensure_ascii=False),
        text.valid_from,
        text.valid_until,
    )


def search_values(text: ScriptText) -> tuple[str, str, str]:
    """The words for `SEARCH`, without accents, as `core.script_search` has them."""
    said = [*text.keywords, text.subject]
    answer = [plain_words(text.answer), *(step.text for step in text.steps)]
    return _words([text.question]), _words(said), _words(answer)


def _words(texts: Sequence[str]) -> str:
    return " ".join(word for text in texts for word in words_of(text))


def text_of(row: Named) -> ScriptText:
    links = json.loads(row["links"])
    return ScriptText(
        row["question"],
        row["answer"],
        row["subject"],
        row["subject_uri"],
        tuple(row["keywords"]),
        optional(EntryCode, row["department"]),
        row["memo"],
        tuple(Link(link["label"], link["url"]) for link in links),
        tuple(map(ScriptId, row["related"])),
        read_plain(json.loads(row["steps"])),
        row["valid_from"],
        row["valid_until"],
    )


def version_of(row: Named) -> ScriptVersion:
    return ScriptVersion(
        ScriptId(row["script"]),
        row["version"],
        VersionState(row["state"]),
        text_of(row),
        row["author"],
        row["written_at"],
        row["published_by"],
        row["published_at"],
    )


SCRIPT_COLUMNS = """
script.id, script.municipality, script.question, script.subject, script.source, script.owner, script.published,
script.last, newest.state AS last_state, script.valid_until,
script.source_version IS NOT NULL AND script.source_version IS DISTINCT FROM script.published AS differs"""
FROM_SCRIPTS = "script JOIN script_version newest ON newest.script = script.id AND newest.version = script.last"


def script_of(row: Named) -> Script:
    return Script(
        ScriptId(row["id"]),
        optional(MunicipalityCode, row["municipality"]),
        row["question"],
        row["subject"],
        Source(row["source"]),
        row["owner"],
        row["published"],
        row["last"],
        VersionState(row["last_state"]),
        row["valid_until"],
        row["differs"],
    )
