"""What editors of one municipality see of scripts that all share, and what a source may bring back."""

from __future__ import annotations

from threading import get_ident

import pytest

from ari_app.core.access import Scope
from ari_app.core.script_imports import ImportAction
from ari_app.core.script_search import words_of
from ari_app.core.scripts import Synonym, Vocabulary
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Database
from ari_app.storage.db.errors import RowRefused, translated
from ari_app.storage.db.scopes import set_scope
from ari_app.storage.scripts import search
from ari_app.storage.scripts.editing import save_script, withdraw_script
from ari_app.storage.scripts.notes import remark_is_done, remark_on_script
from ari_app.storage.scripts.reads import read_work
from tests.storage.scripts.test_scripts import (
    ELDERLO,
    NOW,
    PASSPORT,
    TODAY,
    WIERDAM,
    imported,
    of_source,
    published,
    web,
)

__all__ = ["web"]
pytestmark = pytest.mark.postgres


async def test_while_words_are_computed_other_pages_go_on(web: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of twenty thousand scripts take half a second, and a search among them up to a tenth."""
    await published(web)
    threads = list[int]()

    def words_in_thread(text: str) -> list[str]:
        threads.append(get_ident())
        return words_of(text)

    class Synonyms(dict[str, tuple[Synonym, ...]]):
        def get(self, word: str, default: object = None) -> tuple[Synonym, ...]:
            threads.append(get_ident())
            return ()

    monkeypatch.setattr(search, "words_of", words_in_thread)
    known = await search.read_vocabulary(web.pool)
    asked = Vocabulary(known.words, Synonyms())
    found = await search.find_scripts(web.pool, [WIERDAM], WIERDAM, "paspoort", asked, TODAY)
    assert [one.question for one in found] == [PASSPORT.question]
    assert len(threads) > 1 and get_ident() not in threads


async def test_remarks_on_what_is_shared_are_for_whoever_edits_it(web: Database) -> None:
    script = await published(web, municipality=None)
    assert await remark_on_script(web.pool, frozenset({ELDERLO}), script, 1, "verouderd", "Tarief", "account:piet", NOW)
    scopes: list[Scope] = [frozenset({WIERDAM}), frozenset({ELDERLO})]
    for scope in scopes:
        work = await read_work(web.pool, scope, "account:eva", TODAY)
        assert work.remarks == (), "and who made them, of another municipality"
    (remark,) = (await read_work(web.pool, None, "account:eva", TODAY)).remarks
    assert remark.author == "account:piet"
    assert await remark_is_done(web.pool, None, remark.id, "account:eva", NOW)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE script SET municipality = 'GM9901'",
        "UPDATE script SET owner = 'account:x'",
        "UPDATE script_version SET state = 'published'",
        "UPDATE script_remark SET done_at = now(), done_by = 'account:x'",
    ],
)
async def test_web_changes_nothing_that_all_share_whatever_it_asks(web: Database, statement: str) -> None:
    """As in a page whose query forgot the scope."""
    script = await published(web, municipality=None)
    await remark_on_script(web.pool, frozenset({ELDERLO}), script, 1, "verouderd", "", "account:piet", NOW)
    changed = dict[str, str]()
    for scope in (frozenset({WIERDAM}), None):
        async with transaction(web.pool) as connection:
            await set_scope(connection, scope)
            changed[str(scope)] = await connection.execute(statement)
    assert list(changed.values()) == ["UPDATE 0", "UPDATE 1"]


async def test_web_adds_nothing_to_what_all_share(web: Database) -> None:
    script = await published(web, municipality=None)
    copied = (
        "INSERT INTO script_version SELECT script, 2, state, question, answer, subject, subject_uri, keywords,"
        " department, memo, links, related, steps, valid_from, valid_until, author, written_at FROM script_version"
    )
    added = (
        "INSERT INTO script (id, question, subject, source, owner, last, changed_at)"
        " VALUES (gen_random_uuid(), 'x', '', 'own', 'x', 1, now())"
    )
    for statement in (copied, added):
        with pytest.raises(RowRefused), translated():
            async with transaction(web.pool) as connection:
                await set_scope(connection, frozenset({WIERDAM}))
                await connection.execute(statement)
    assert await web.pool.fetchval("SELECT count(*) FROM script_version WHERE script = $1", script) == 1


async def test_how_often_all_used_what_they_share_is_nothing_for_one_of_them(web: Database, database: Database) -> None:
    script = await published(web, municipality=None)
    await database.pool.execute("INSERT INTO script_use VALUES ('140119', $1, $2, 7)", TODAY, script)
    assert (await read_work(web.pool, frozenset({WIERDAM}), "account:eva", TODAY)).most_used == ()
    assert (await read_work(web.pool, None, "account:eva", TODAY)).most_used == ((PASSPORT.question, 7),)


async def test_what_a_source_withdrew_it_may_bring_back(web: Database, database: Database) -> None:
    assert await imported(database, of_source()) == [ImportAction.ADD]
    assert await imported(database, of_source(is_active=False)) == [ImportAction.WITHDRAW]
    assert await imported(database, of_source(is_active=False)) == [ImportAction.SAME]
    assert await imported(database, of_source()) == [ImportAction.CHANGE]
    assert await database.pool.fetchval("SELECT published FROM script") == 2
    assert await imported(database, of_source()) == [ImportAction.SAME]


async def test_what_somebody_here_withdrew_or_changed_no_source_brings_back(web: Database, database: Database) -> None:
    scope = frozenset({WIERDAM})
    await imported(database, of_source())
    script = await database.pool.fetchval("SELECT id FROM script")
    await withdraw_script(web.pool, scope, script, "account:eva", NOW)
    assert await imported(database, of_source()) == [ImportAction.SAME]
    assert await imported(database, of_source("Nieuw")) == [ImportAction.KEEP]
    await save_script(web.pool, scope, script, 2, PASSPORT, "account:eva", NOW)
    assert await imported(database, of_source(is_active=False)) == [ImportAction.SAME]
    assert await imported(database, of_source()) == [ImportAction.KEEP]
    assert await database.pool.fetchval("SELECT published FROM script") is None
