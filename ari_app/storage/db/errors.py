"""The errors of this room.

StorageError
├── NotMigrated         the database is not at the revision this program needs
├── MigrationsMissing   the program cannot find its own migrations
├── RowRefused          Postgres refused a row or a query: a mistake of ours
├── LockTaken           another controller has this Asterisk (`storage.db.lock`)
├── NodeTaken           another installation has this node (`storage.db.nodes`)
├── RolesRefused        the roles of the database cannot be made (`storage.db.roles`)
└── InputRefused        input of a person that cannot be followed
    ├── UnknownMunicipality a code that no municipality has (`storage.area.calamities`)
    ├── CalamityRefused     a calamity that makes no sense (`storage.area.calamities`)
    ├── ClosingRefused      an early closing that makes no sense (`storage.area.early_closings`)
    ├── BoardRefused        an address of a board that makes no sense (`storage.boards.tokens`)
    ├── ScriptsRefused      scripts that cannot be imported (`storage.scripts.imports`)
    ├── AccountRefused      an account that cannot be made or changed (`storage.accounts.changes`)
    ├── TokenRefused        a token of a program that makes no sense (`storage.accounts.service_tokens`)
    ├── ErasureRefused      an erasure that cannot be done (`storage.retention.person`)
    └── AbsenceRefused      an absence of nobody, or one that makes no sense (`storage.operators.absences`)

`core.ledger` holds those that the calls handle as well: `StoreUnavailable`, `StaleRow`, `AlreadyTaken`.

Texts of Postgres errors carry the values of the row, so neither they nor the original exception are passed on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from ari_app.core.ledger import AlreadyTaken, StoreUnavailable


class StorageError(Exception):
    """Base of this room's errors."""


class NotMigrated(StorageError):
    """The database is not at the revision that this program needs."""


class MigrationsMissing(StorageError):
    """The directory `migrations/` is not where the program looks for it."""


class InputRefused(StorageError):
    """Input of a person that cannot be followed; the text is a sentence for that person."""


class RowRefused(StorageError):
    """Postgres refused a row or a query; the text names constraint and column, never a value."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of the drivers into ours, which never hold the values of a row.

    Raises StoreUnavailable, AlreadyTaken, RowRefused.
    """
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        raise _translate(error) from None
    except _sqlalchemy_errors("TimeoutError"):
        raise StoreUnavailable("no database connection came free in time") from None
    except _sqlalchemy_errors("DBAPIError") as error:
        raise _translate(_driver_error(error)) from None


def _sqlalchemy_errors(name: str) -> tuple[type[Exception], ...]:
    """An exception of SQLAlchemy; none in a process that has not loaded it, and must not for the sake of its errors."""
    loaded = sys.modules.get("sqlalchemy.exc")
    return () if loaded is None else (getattr(loaded, name),)


def _driver_error(error: Exception) -> BaseException:
    """The error of asyncpg that SQLAlchemy wrapped twice."""
    found: BaseException = error
    while not isinstance(found, asyncpg.PostgresError | asyncpg.InterfaceError) and found.__cause__ is not None:
        found = found.__cause__
    return found


#: SQLSTATE classes after which a retry may succeed: connection, rollback, resources, intervention, system, internal
_NOT_NOW = ("08", "40", "53", "57", "58", "XX")
#: and single states: read-only replica, no lock in time, idle too long, no such database, wrong password or role,
#: something that a standby does only once it is the primary
_NOT_NOW_STATES = frozenset({"25006", "25P03", "55000", "55P03", "3D000", "28000", "28P01"})


def _translate(error: BaseException) -> Exception:
    kind = type(error).__name__
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate)
        if state.startswith(_NOT_NOW) or state in _NOT_NOW_STATES:
            return StoreUnavailable(f"Postgres says {state} ({kind})")
        where = f"{state} ({kind}), table {error.table_name}, column {error.column_name}"
        if state == "42501":
            return RowRefused(f"the role in DATABASE_URL may not do this: {error.args[0]}; `migrate` needs the owner")
        if state.startswith("42"):
            return RowRefused(f"{state} ({kind}): {error.args[0]}")  # speaks of our SQL, not of a value
        if state == "23505":
            return AlreadyTaken(f"{error.constraint_name}: {where}")
        return RowRefused(f"{error.constraint_name or 'no constraint'}: {where}")
    if isinstance(error, asyncpg.exceptions.DataError):
        return RowRefused(f"a value does not fit its column ({kind})")
    if isinstance(error, OSError) and error.strerror:
        return StoreUnavailable(f"no connection to Postgres: {error.strerror}")
    return StoreUnavailable(f"no connection to Postgres ({kind})")
