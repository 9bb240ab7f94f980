"""`ari-app accounts`: people get accounts, roles and links, and lose them."""

from __future__ import annotations

import asyncio
import re

import pytest

from ari_app.storage.accounts.store import list_accounts, set_password_hash
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from tests.commands.conftest import SAMPLE, Type, rows
from tests.roles import as_role

pytestmark = pytest.mark.postgres

LINK = re.compile(r"^http://127\.0\.0\.1:8081/start/[\w-]{43}$", re.MULTILINE)


def test_the_first_administrator_gets_a_link(type_in: Type) -> None:
    made = type_in("accounts", "add", "Bea", "--name", "Bea de Wit", "--role", "administrator")
    assert made.exit_code == 0, made.stderr
    assert LINK.search(made.stdout)
    listed = type_in("accounts", "list").stdout
    assert re.search(r"^bea +Bea de Wit +- +waits for its link +administrator$", listed, re.MULTILINE)
    assert made.stdout.split()[0] not in listed


def test_an_address_of_ones_own_is_in_the_link(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARI_APP_DESK_URL", "https://kcc.gemeente.example/")
    made = type_in("accounts", "add", "bea", "--name", "Bea")
    assert made.stdout.startswith("https://kcc.gemeente.example/start/")


def test_roles_are_for_a_municipality_a_team_or_the_group(type_in: Type) -> None:
    assert type_in("import", str(SAMPLE)).exit_code == 0
    made = type_in(
        *("accounts", "add", "anna", "--name", "Anna", "--operator", "101"),
        *("--role", "operator:gezamenlijk", "--role", "supervisor:GM9904"),
    )
    assert made.exit_code == 0, made.stderr
    changed = type_in("accounts", "role", "anna", "--add", "editor", "--remove", "supervisor:GM9904")
    assert changed.exit_code == 0, changed.stderr
    (account,) = rows(type_in("accounts", "list", "--json"))
    assert account["roles"] == [
        {"role": "editor", "municipality": None, "team": None},
        {"role": "operator", "municipality": None, "team": "gezamenlijk"},
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "bea", "--name", "Bea", "--role", "boss"), "'boss' is no role"),
        (("add", "bea", "--name", "Bea", "--role", "editor:GM0000"), "'GM0000' is neither"),
        (("add", "bea", "--name", "Bea", "--operator", "999"), "no operator has number 999"),
        (("add", "b e a", "--name", "Bea"), "no name to log in with"),
        (("add", "bea", "--name", " "), "the name of a person is needed"),
        (("lock", "nobody"), "there is no account nobody"),
        (("unlock", "nobody"), "there is no account nobody"),
        (("reset", "nobody"), "there is no account nobody"),
        (("reset", "nobody", "--second-factor"), "there is no account nobody"),
        (("role", "nobody", "--add", "editor"), "there is no account nobody"),
        (("role", "nobody"), "nothing to do"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(type_in: Type, words: tuple[str, ...], says: str) -> None:
    refused = type_in("accounts", *words)
    assert refused.exit_code == 2
    assert says in refused.stderr
    assert type_in("accounts", "list").stdout == "no accounts; `ari-app accounts add` makes the first one\n"


def test_a_second_account_of_the_same_name_and_a_role_that_is_not_held_are_refused(type_in: Type) -> None:
    type_in("accounts", "add", "bea", "--name", "Bea")
    again = type_in("accounts", "add", "BEA", "--name", "Bea")
    assert (again.exit_code, again.stderr) == (2, "bea is an account already\n")
    gone = type_in("accounts", "role", "bea", "--remove", "editor")
    assert (gone.exit_code, gone.stderr) == (2, "account bea has no role editor\n")


def test_the_operator_of_an_account_is_said_and_forgotten(type_in: Type) -> None:
    assert type_in("import", str(SAMPLE)).exit_code == 0
    type_in("accounts", "add", "anna", "--name", "Anna")
    assert type_in("accounts", "operator", "anna", "--number", "999").exit_code == 2
    assert type_in("accounts", "operator", "anna", "--number", "101").stdout == "anna: operator 101\n"
    (account,) = rows(type_in("accounts", "list", "--json"))
    assert account["operator"] == "101"
    assert type_in("accounts", "operator", "anna").stdout == "anna: no operator\n"


def test_the_subject_of_an_account_is_said_and_forgotten(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in("accounts", "add", "anna", "--name", "Anna")
    type_in("accounts", "add", "bea", "--name", "Bea")
    assert type_in("accounts", "subject", "anna", "--subject", "4f1").exit_code == 2, "of which provider?"
    monkeypatch.setenv("ARI_APP_OIDC_ISSUER", "https://login.example")
    assert type_in("accounts", "subject", "anna", "--subject", "4f1").stdout == "anna: linked\n"
    taken = type_in("accounts", "subject", "bea", "--subject", "4f1")
    assert (taken.exit_code, taken.stderr) == (2, "that subject has another account\n")
    assert type_in("accounts", "subject", "anna").stdout == "anna: linked to nobody\n"
    assert type_in("accounts", "subject", "bea", "--subject", "4f1").exit_code == 0


def test_the_last_administrator_stays(type_in: Type) -> None:
    type_in("accounts", "add", "bea", "--name", "Bea", "--role", "administrator")
    refused = type_in("accounts", "lock", "bea")
    assert (refused.exit_code, "the last administrator" in refused.stderr) == (2, True)


def test_locked_and_unlocked_and_a_new_link(type_in: Type) -> None:
    type_in("accounts", "add", "bea", "--name", "Bea")
    assert type_in("accounts", "lock", "bea").exit_code == 0
    assert " locked " in type_in("accounts", "list").stdout
    assert type_in("accounts", "unlock", "bea").exit_code == 0
    assert " locked " not in type_in("accounts", "list").stdout
    assert LINK.search(type_in("accounts", "reset", "bea").stdout)


def test_a_second_factor_is_taken_away_by_itself(type_in: Type, database_url: str) -> None:
    async def choose() -> None:
        async with Database(as_role(database_url, SERVE)) as database:
            (anna,) = await list_accounts(database.background, None)
            await set_password_hash(database.background, anna.id, "a hash")

    type_in("accounts", "add", "anna", "--name", "Anna")
    early = type_in("accounts", "reset", "anna", "--second-factor")
    assert (early.exit_code, early.stderr) == (2, "account anna has no password here: give it a link\n")
    asyncio.run(choose())
    done = type_in("accounts", "reset", "anna", "--second-factor")
    assert (done.exit_code, "/start/" in done.stdout) == (0, False)
    assert "sets a new second factor at a login" in done.stdout
    assert re.search(r"^anna .*sets a new code at a login before", type_in("accounts", "list").stdout, re.MULTILINE)
