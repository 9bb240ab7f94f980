"""Scripts in the database: saved, published, searched, chosen, imported; each within its reader's scope."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ari_app.core.call import Fact, FactKind, LegRole
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, ScriptId, new_call_id
from ari_app.core.script_commands import ChooseScript
from ari_app.core.script_imports import ImportAction, SourceScript
from ari_app.core.scripts import Place, ScriptText, Source, Synonym, VersionState
from ari_app.core.wrap_ups import WrapUp
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.reads import call_story
from ari_app.storage.calls.wrap_ups import save_wrap_up_in
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.storage.scripts.choices import choose_script_in
from ari_app.storage.scripts.editing import (
    NoScript,
    Overtaken,
    Saved,
    add_script,
    ask_review,
    publish_script,
    save_script,
    withdraw_script,
)
from ari_app.storage.scripts.imports import ScriptsRefused, add_synonyms, export_scripts, import_scripts
from ari_app.storage.scripts.notes import note_miss, remark_is_done, remark_on_script
from ari_app.storage.scripts.reads import FILTERS, list_scripts, read_script, read_work
from ari_app.storage.scripts.search import (
    find_scripts,
    list_first,
    read_scripts,
    read_vocabulary,
    script_subjects,
    vocabulary_stamp,
)
from tests.roles import as_role
from tests.storage.values import NINE, after, new_call, new_leg

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
ANNA, BERT = OperatorNumber("101"), OperatorNumber("102")
PASSPORT = ScriptText("Hoe vraag ik een paspoort aan?", "Kom langs.", "Paspoort", keywords=("reisdocument",))
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
TODAY = date(2026, 11, 30)


@pytest.fixture
async def web(an_area: Database, database_url: str) -> AsyncIterator[Database]:
    """As the pages have it: only what is in the scope of who reads."""
    async with Database(as_role(database_url, WEB)) as database:
        yield database


async def published(
    web: Database, text: ScriptText = PASSPORT, municipality: MunicipalityCode | None = WIERDAM
) -> ScriptId:
    scope = None if municipality is None else frozenset({municipality})
    made = await add_script(web.pool, scope, municipality, text, "account:eva", NOW)
    assert await ask_review(web.pool, scope, made.script, 1, "account:eva", NOW) == made
    assert await publish_script(web.pool, scope, made.script, 1, "account:fred", NOW) == made
    return made.script


async def test_a_text_is_written_by_one_and_published_by_another(web: Database, owner: Database) -> None:
    scope = frozenset({WIERDAM})
    made = await add_script(web.pool, scope, WIERDAM, PASSPORT, "account:eva", NOW)
    assert isinstance(await publish_script(web.pool, scope, made.script, 1, "account:fred", NOW), Overtaken), "a draft"
    await ask_review(web.pool, scope, made.script, 1, "account:eva", NOW)
    assert isinstance(await publish_script(web.pool, scope, made.script, 1, "account:eva", NOW), Overtaken), "own text"
    assert await read_scripts(web.pool, scope, [made.script], TODAY) == {}
    await publish_script(web.pool, scope, made.script, 1, "account:fred", NOW)
    municipality, version = (await read_scripts(web.pool, scope, [made.script], TODAY))[made.script]
    assert (municipality, version.text, version.published_by) == (WIERDAM, PASSPORT, "account:fred")
    deeds = await owner.pool.fetch("SELECT action, municipalities FROM audit_log ORDER BY id")
    assert [tuple(row) for row in deeds] == [
        (action, ["GM9901"]) for action in ("script.add", "script.review", "script.publish")
    ]


async def test_two_who_write_at_once_lose_nothing(web: Database) -> None:
    scope = frozenset({WIERDAM})
    script = await published(web)
    first, second = replace(PASSPORT, answer="Van Eva"), replace(PASSPORT, answer="Van Fred")
    assert await save_script(web.pool, scope, script, 1, first, "account:eva", NOW) == Saved(script, 2)
    refused = await save_script(web.pool, scope, script, 1, second, "account:fred", NOW)
    assert isinstance(refused, Overtaken) and refused.newest.text.answer == "Van Eva"
    assert await save_script(web.pool, scope, script, 2, second, "account:fred", NOW) == Saved(script, 3)
    found = await read_script(web.pool, scope, script)
    assert found is not None
    assert [one.text.answer for one in found[1]] == ["Van Fred", "Van Eva", "Kom langs."]
    assert (found[0].published, found[0].last, found[0].last_state) == (1, 3, VersionState.DRAFT)
    shown = await read_scripts(web.pool, scope, [script], TODAY)
    assert shown[script][1].text.answer == "Kom langs.", "operators read what was published"


async def test_another_municipality_is_not_there_and_what_is_shared_is_only_read(web: Database) -> None:
    own, shared = await published(web), await published(web, replace(PASSPORT, question="Gedeeld?"), None)
    elsewhere = frozenset({ELDERLO})
    assert await read_script(web.pool, elsewhere, own) is None
    assert await read_scripts(web.pool, elsewhere, [own], TODAY) == {}
    assert list(await read_scripts(web.pool, elsewhere, [own, shared], TODAY)) == [shared]
    for script in (own, shared):
        assert await save_script(web.pool, elsewhere, script, 1, PASSPORT, "account:x", NOW) == NoScript()
        assert await ask_review(web.pool, elsewhere, script, 1, "account:x", NOW) == NoScript()
        assert await publish_script(web.pool, elsewhere, script, 1, "account:x", NOW) == NoScript()
        assert await withdraw_script(web.pool, elsewhere, script, "account:x", NOW) == NoScript()
    words = await read_vocabulary(web.pool)
    found = await find_scripts(web.pool, elsewhere, ELDERLO, "paspoort", words, TODAY)
    assert [one.id for one in found] == [shared]
    # The wall behind the query: the function itself gives nothing outside the scope of the connection.
    async with web.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('ari_app.scope', 'GM9902', true)")
        rows = await connection.fetch(
            "SELECT id FROM find_scripts('paspoort', '', '{GM9901,GM9902}', '2026-11-30', 9, 9, 9)"
        )
        assert [row["id"] for row in rows] == [shared]
        assert await connection.fetchval("SELECT count(*) FROM script_version") == 1
    assert await remark_on_script(web.pool, elsewhere, own, 1, "onjuist", "", "account:x", NOW) is False
    assert [one.id for one in (await list_scripts(web.pool, elsewhere, "", "", TODAY)).scripts] == [shared]


async def test_a_search_finds_stems_errors_and_synonyms_and_the_callers_municipality_first(web: Database) -> None:
    own = await published(web)
    shared = await published(web, replace(PASSPORT, question="Paspoorten voor kinderen"), None)
    other = await published(web, replace(PASSPORT, question="Paspoort in Elderlo"), ELDERLO)
    later = await published(web, replace(PASSPORT, question="Paspoort later", valid_from=TODAY + timedelta(1)))
    gone = await published(web, replace(PASSPORT, question="Paspoort vroeger", valid_until=TODAY))
    both = frozenset({WIERDAM, ELDERLO})
    words = await read_vocabulary(web.pool)
    for text in ("paspoort", "paspoorten", "pasport", "paspo", "een reisdocument"):
        found = await find_scripts(web.pool, both, WIERDAM, text, words, TODAY)
        assert [(one.id, one.place) for one in found] == [
            (own, Place.OWN),
            (shared, Place.SHARED),
            (other, Place.OTHER),
        ], text
        assert not {later, gone} & {one.id for one in found}
    assert await find_scripts(web.pool, both, WIERDAM, "wolkenkrabber", words, TODAY) == ()
    any_word = await find_scripts(web.pool, both, WIERDAM, "paspoort wolkenkrabber", words, TODAY)
    assert len(any_word) == 3, "one of the words is better than nothing"
    assert await script_subjects(web.pool, both, 10) == ["Paspoort"]


async def test_synonyms_are_those_of_the_municipality(web: Database, database: Database) -> None:
    own = await published(web)
    before = await vocabulary_stamp(web.pool)
    await add_synonyms(database.background, [Synonym("boekje", "paspoort", WIERDAM)], "test", NOW)
    assert await vocabulary_stamp(web.pool) != before
    words, scope = await read_vocabulary(web.pool), frozenset({WIERDAM})
    assert [one.id for one in await find_scripts(web.pool, scope, WIERDAM, "boekje", words, TODAY)] == [own]
    assert await find_scripts(web.pool, scope, ELDERLO, "boekje", words, TODAY) == ()


@pytest.fixture
async def talk(database: Database, an_area: Database, ledger: PostgresLedger) -> CallId:
    """A call in which Anna talked."""
    call = replace(new_call(), municipality=WIERDAM)
    leg = replace(new_leg(call), role=LegRole.OPERATOR, party=ANNA, joined_at=after(1))
    return (await ledger.store(call, [Fact(NINE, FactKind.ARRIVED)], [leg])).id


async def chosen(database: Database, call: CallId, operator: OperatorNumber, said: ChooseScript) -> bool:
    async with transaction(database.pool) as connection:
        return await choose_script_in(connection, call, operator, said, NOW)


async def test_the_script_that_was_chosen_is_in_the_record_and_sets_the_subject(
    web: Database, database: Database, talk: CallId
) -> None:
    script = await published(web)
    foreign = await published(web, replace(PASSPORT, question="Elders"), ELDERLO)
    assert not await chosen(database, talk, BERT, ChooseScript(script, 1)), "Bert did not talk"
    assert not await chosen(database, talk, ANNA, ChooseScript(foreign, 1)), "Anna does not work for Elderlo"
    assert not await chosen(database, talk, ANNA, ChooseScript(script, 2)), "there is no such version"
    assert not await chosen(database, talk, ANNA, ChooseScript()), "there is nothing to take back"
    assert await chosen(database, talk, ANNA, ChooseScript(script, 1))
    story = await call_story(web.pool, frozenset({WIERDAM}), talk)
    assert story is not None
    assert [(one.script, one.version, one.subject, one.question) for one in story.scripts] == [
        (script, 1, "paspoort", PASSPORT.question)
    ]
    assert [one.subject for one in story.wrap_ups] == ["paspoort"]
    first = await list_first(web.pool, {WIERDAM}, WIERDAM, talk, TODAY)
    assert [(one.id, one.uses) for one in first] == [(script, 1.0)]
    assert await chosen(database, talk, ANNA, ChooseScript())
    story = await call_story(web.pool, frozenset({WIERDAM}), talk)
    assert story is not None
    assert [one.script for one in story.scripts] == [script, None]
    assert [one.subject for one in story.wrap_ups] == [""]
    assert not await chosen(database, talk, ANNA, ChooseScript(script, 9))


async def test_a_wrap_up_without_a_subject_keeps_that_of_the_script(
    web: Database, database: Database, talk: CallId
) -> None:
    script = await published(web)
    await chosen(database, talk, ANNA, ChooseScript(script, 1))
    for said, subject in ((WrapUp("", "beantwoord"), "paspoort"), (WrapUp("rijbewijs"), "rijbewijs")):
        async with transaction(database.pool) as connection:
            assert await save_wrap_up_in(connection, talk, ANNA, said)
        assert await database.pool.fetchval("SELECT subject FROM call_wrap_up") == subject


async def test_remarks_misses_and_uses_are_the_work_of_editors(web: Database, database: Database, talk: CallId) -> None:
    scope = frozenset({WIERDAM})
    script = await published(web, replace(PASSPORT, valid_until=TODAY + timedelta(20)))
    await chosen(database, talk, ANNA, ChooseScript(script, 1))
    assert await remark_on_script(web.pool, scope, script, 1, "verouderd", "Tarief", "account:anna", NOW)
    for number in range(3):
        await note_miss(web.pool, WIERDAM, "duiven voeren", new_call_id(), NOW)
        words = await database.pool.fetchval("SELECT words FROM script_miss")
        assert words == (None if number < 2 else "duiven voeren"), "what one caller said is nobody's to read"
    work = await read_work(web.pool, scope, "account:eva", TODAY)
    assert [(one.kind, one.remark, one.question) for one in work.remarks] == [
        ("verouderd", "Tarief", PASSPORT.question)
    ]
    assert [(one.words, one.times) for one in work.misses] == [("duiven voeren", 3)]
    assert work.most_used == ((PASSPORT.question, 1),)
    assert [one.id for one in work.own_ending] == [script]
    elsewhere = await read_work(web.pool, frozenset({ELDERLO}), "account:x", TODAY)
    assert not (elsewhere.remarks or elsewhere.misses or elsewhere.most_used)
    assert not await remark_is_done(web.pool, frozenset({ELDERLO}), work.remarks[0].id, "account:x", NOW)
    assert await remark_is_done(web.pool, scope, work.remarks[0].id, "account:eva", NOW)
    assert not (await read_work(web.pool, scope, "account:eva", TODAY)).remarks
    counts = {kind: (await list_scripts(web.pool, scope, kind, "", TODAY)).count for kind in FILTERS}
    assert counts == {"": 1, "concept": 0, "nalezen": 0, "verloopt": 1, "anders": 0, "ongebruikt": 0}
    assert (await list_scripts(web.pool, scope, "", "wolken", TODAY)).count == 0


async def test_one_call_counts_once_for_what_was_not_found(web: Database, database: Database) -> None:
    call = new_call_id()
    for _ in range(5):
        await note_miss(web.pool, WIERDAM, "duiven voeren", call, NOW)
    assert await database.pool.fetchval("SELECT times FROM script_miss") == 1


def of_source(answer: str = "Kom langs.", key: str = "v1", **values: bool) -> SourceScript:
    return SourceScript(Source.VAC, key, WIERDAM, replace(PASSPORT, answer=answer), ("v2",), **values)


async def imported(database: Database, *scripts: SourceScript, only_plan: bool = False) -> list[ImportAction]:
    plan = await import_scripts(database.background, scripts, WIERDAM, "test", NOW, only_plan=only_plan)
    return [one.action for one in plan]


async def test_a_source_is_followed_again_and_again_and_nothing_is_lost(web: Database, database: Database) -> None:
    scope, other = frozenset({WIERDAM}), of_source("Anders", "v2")
    assert await imported(database, of_source(), other, only_plan=True) == [ImportAction.ADD] * 2
    assert await database.pool.fetchval("SELECT count(*) FROM script") == 0, "a dry run stores nothing"
    assert await imported(database, of_source(), other) == [ImportAction.ADD] * 2
    assert await imported(database, of_source(), other) == [ImportAction.SAME] * 2
    assert await imported(database, of_source("Nieuw"), other) == [ImportAction.CHANGE, ImportAction.SAME]
    script = ScriptId(await database.pool.fetchval("SELECT id FROM script WHERE source_key = 'v1'"))
    second = ScriptId(await database.pool.fetchval("SELECT id FROM script WHERE source_key = 'v2'"))
    shown = (await read_scripts(web.pool, scope, [script], TODAY))[script][1]
    assert (shown.text.answer, shown.text.related, shown.version) == ("Nieuw", (second,), 2)
    await save_script(web.pool, scope, script, 2, replace(shown.text, answer="Van ons"), "account:eva", NOW)
    await ask_review(web.pool, scope, script, 3, "account:eva", NOW)
    await publish_script(web.pool, scope, script, 3, "account:fred", NOW)
    assert await imported(database, of_source("Nieuw")) == [ImportAction.SAME]
    assert await imported(database, of_source("Nog nieuwer")) == [ImportAction.KEEP]
    found = await read_script(web.pool, scope, script)
    assert found is not None and found[0].differs and found[0].published == 3
    assert [one.text.answer for one in found[1]] == ["Nog nieuwer", "Van ons", "Nieuw", "Kom langs."]
    assert (await list_scripts(web.pool, scope, "anders", "", TODAY)).count == 1
    assert await imported(database, of_source("Nog nieuwer")) == [ImportAction.SAME]
    assert await imported(database, of_source(key="v2", is_active=False)) == [ImportAction.WITHDRAW]
    assert await imported(database, of_source(key="v9", is_active=False)) == []


async def test_what_was_exported_comes_back_without_doubles(web: Database, database: Database) -> None:
    script = await published(web)
    ((key, text),) = await export_scripts(database.background, WIERDAM, everything=False)
    assert (key, text) == (str(script), PASSPORT)
    again = SourceScript(Source.CSV, key, WIERDAM, text)
    assert await imported(database, again) == [ImportAction.SAME]
    assert await imported(database, replace(again, text=replace(text, answer="Anders"))) == [ImportAction.CHANGE]
    assert await database.pool.fetchval("SELECT count(*) FROM script") == 1
    assert await export_scripts(database.background, None, everything=False) == []
    with pytest.raises(ScriptsRefused, match="GM0000"):
        await import_scripts(database.background, [], MunicipalityCode("GM0000"), "test", NOW)
