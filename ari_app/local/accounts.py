"""Who can log in after a first start: one of each role for the sample area; else the first administrator, by a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.area import Area
from ari_app.core.ids import OperatorNumber, TeamCode
from ari_app.local.area import is_sample
from ari_app.storage.accounts.passwords import Passwords
from ari_app.storage.accounts.store import add_account, list_accounts, new_link, set_password_hash
from ari_app.storage.db.engine import Database

AUTHOR = "ari-app up"
FIRST_ADMINISTRATOR = "beheerder"
#: the sample's people: name to log in with, name, role, operator number
SAMPLE_ACCOUNTS = (
    ("medewerker", "Anna de Boer", Role.OPERATOR, "101"),
    ("teamleider", "Bram Visser", Role.SUPERVISOR, "102"),
    ("redacteur", "Marijke Postma", Role.EDITOR, None),
    ("rapportage", "Noor van Dam", Role.ANALYST, None),
    (FIRST_ADMINISTRATOR, "Otto Brandsma", Role.ADMINISTRATOR, None),
)
SAMPLE_TEAM = TeamCode("gezamenlijk")
#: as `local.secrets` keeps them
PASSWORD_NAMES = tuple(f"LOGIN_{login.upper()}_PASSWORD" for login, *_ in SAMPLE_ACCOUNTS)
SHOWN_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class FirstLogins:
    """What to print. `logins`: role, name to log in with, password; `link_token`: of the first administrator's link."""

    logins: tuple[tuple[Role, str, str], ...] = field(default=(), repr=False)
    link_token: str | None = field(default=None, repr=False)


async def prepare(url: str, area: Area, passwords: Mapping[str, str]) -> FirstLogins:
    """Make the accounts of a first start; of the sample's, the first passwords are returned at each start.

    Whether somebody changed one since is not looked at.

    Raises StoreUnavailable, StorageError.
    """
    async with Database(url) as database:
        pool, now = database.background, datetime.now(UTC)
        there = {account.login for account in await list_accounts(pool, None)}
        if not is_sample(area):
            if there:
                return FirstLogins()
            await add_account(pool, FIRST_ADMINISTRATOR, "Beheerder", None, [RoleRow(Role.ADMINISTRATOR)], AUTHOR, now)
            return FirstLogins(link_token=await new_link(pool, FIRST_ADMINISTRATOR, AUTHOR, now))
        if not there:
            for login, name, role, number in SAMPLE_ACCOUNTS:
                operator = None if number is None else OperatorNumber(number)
                given = RoleRow(role, team=SAMPLE_TEAM if operator is not None else None)
                account = await add_account(pool, login, name, operator, [given], AUTHOR, now)
                await set_password_hash(pool, account, await Passwords().hash(_password(login, passwords)))
        logins = [(role, login, _password(login, passwords)) for login, _, role, _ in SAMPLE_ACCOUNTS]
        return FirstLogins(tuple(one for one in logins if not there or one[1] in there))


def _password(login: str, passwords: Mapping[str, str]) -> str:
    return passwords[f"LOGIN_{login.upper()}_PASSWORD"][:SHOWN_CHARACTERS]
