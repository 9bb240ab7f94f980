"""Databases and wires for the tests of this room."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.core.operator_states import OperatorStretch
from ari_app.core.survey import SurveyAnswer
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.statements import ANSWER, STRETCH
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from ari_app.storage.operators.pin_hashes import hash_pin
from tests.fakes.ledger import FakeLedger
from tests.roles import as_role
from tests.storage.link import Link
from tests.storage.subject import Subject


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """As `serve` has it: the tests of this room show that its rights suffice."""
    async with Database(as_role(database_url, SERVE)) as database:
        yield database


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    """The owner of the tables, as `migrate` has it."""
    async with Database(database_url) as database:
        yield database


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[PostgresLedger]:
    ledger = PostgresLedger(database.pool)
    yield ledger
    await ledger.close()


@pytest.fixture
async def link(database_url: str) -> AsyncIterator[Link]:
    async with Link(database_url) as link:
        yield link


@pytest.fixture
async def an_area(database: Database) -> Database:
    """Anna serves Wierdam, Bert serves Elderlo and helps Wierdam, Cor serves nobody."""
    await database.pool.execute(
        """
        INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam'), ('GM9902', 'Elderlo');
        INSERT INTO team (code, name) VALUES ('wierdam', 'KCC Wierdam'), ('elderlo', 'KCC Elderlo');
        INSERT INTO team_municipality VALUES
          ('wierdam', 'GM9901', 'own'), ('elderlo', 'GM9902', 'own'), ('elderlo', 'GM9901', 'help');
        INSERT INTO operator VALUES ('101', 'Anna', ''), ('102', 'Bert', ''), ('103', 'Cor', '');
        INSERT INTO operator_team VALUES ('101', 'wierdam'), ('102', 'elderlo');
        """
    )
    return database


@pytest.fixture(params=["postgres", "fake"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "fake":
        fake = FakeLedger()

        async def add(number: str, pin: str) -> None:
            fake.add_operator(number, pin)

        async def kept() -> list[OperatorStretch]:
            return fake.stretches

        async def given() -> list[SurveyAnswer]:
            return list(fake.answers.values())

        yield Subject(fake, add, kept, given)
        return
    async with Database(request.getfixturevalue("database_url")) as database:

        async def insert(number: str, pin: str) -> None:
            await database.pool.execute("INSERT INTO operator VALUES ($1, 'Anna', $2)", number, hash_pin(pin))

        async def stored() -> list[OperatorStretch]:
            return [
                STRETCH.read(row) for row in await database.pool.fetch("SELECT * FROM operator_state ORDER BY from_at")
            ]

        async def answers() -> list[SurveyAnswer]:
            return [ANSWER.read(row) for row in await database.pool.fetch("SELECT * FROM survey_answer")]

        ledger = PostgresLedger(database.pool)
        yield Subject(ledger, insert, stored, answers)
        await ledger.close()
