"""How much the import of the whole country costs, for the first time and again, as a multiple of reading `click`.

Counted is the CPU of `ari-app import` itself. Most of it is hashing a PIN for each operator, in threads.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from ari_app.storage.db.engine import dsn
from ari_app.storage.db.migrate import upgrade_to_head
from tests.area_file.country import MUNICIPALITIES, OPERATORS, country
from tests.bench.figures import Verdict
from tests.bench.start import REFERENCE, Spent, installed, spend

DATABASE = "bench_country"
#: where reading click takes 60 ms, that is 20 s and 5 s
MOST_FIRST, MOST_AGAIN = 330.0, 80.0


@dataclass(frozen=True, slots=True)
class Country:
    municipalities: int = MUNICIPALITIES
    operators: int = OPERATORS


@dataclass(frozen=True, slots=True)
class ImportFigures:
    """The reference is measured before, between and after."""

    country: Country
    reference: tuple[Spent, Spent, Spent]
    first: Spent
    again: Spent

    def _ratio(self, spent: Spent) -> float:
        return spent.cpu_seconds / sorted(one.cpu_seconds for one in self.reference)[1]

    def as_text(self) -> str:
        size = f"{self.country.municipalities} municipalities with {self.country.operators:,} operators"
        parts = (
            f"{name} {spent.cpu_seconds:.1f} s of CPU, {spent.wall_seconds:.1f} s in all, {self._ratio(spent):.0f} x"
            for name, spent in (("first", self.first), ("again", self.again))
        )
        return f"import of {size}: {'; '.join(parts)} `import click`"

    def verdicts(self) -> list[Verdict]:
        return [
            Verdict(f"CPU of the {name} import <= {most:g} x import click", ratio <= most, f"{ratio:.0f} x")
            for name, most, ratio in (
                ("first", MOST_FIRST, self._ratio(self.first)),
                ("same", MOST_AGAIN, self._ratio(self.again)),
            )
        ]


async def measure_import(database_url: str, size: Country) -> ImportFigures:
    """In a database of its own on the same server, which `database_url` may make."""
    server = await asyncpg.connect(dsn(database_url))
    try:
        await server.execute(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')
        await server.execute(f'CREATE DATABASE "{DATABASE}"')
        own_url = urlsplit(database_url)._replace(path=f"/{DATABASE}").geturl()
        await upgrade_to_head(own_url)
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "country.toml"
            file.write_text(country(municipalities=size.municipalities, operators=size.operators), encoding="utf-8")
            environment = installed({**os.environ, "DATABASE_URL": own_url})
            words = ("-m", "ari_app", "import", str(file))
            spent = [spend(line, environment) for line in (REFERENCE, REFERENCE, words, REFERENCE, words, REFERENCE)]
        await server.execute(f'DROP DATABASE "{DATABASE}" WITH (FORCE)')
    finally:
        await server.close()
    _, before, first, between, again, after = spent
    return ImportFigures(size, (before, between, after), first, again)
