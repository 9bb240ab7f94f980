"""`python -m tests.bench.nation`: fills a database with a national year, and measures on it; see docs/bench.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from ari_app.core.calendar import local_date
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.db.migrate import upgrade_to_head
from tests.bench.figures import Spread
from tests.bench.nation.filling import fill
from tests.bench.nation.measure import Turns, commands, measure
from tests.bench.nation.size import Year
from tests.bench.processor import machine
from tests.roles import PASSWORDS

#: in the directory: the share, the seed and the last day of what is there
FILLED = "filled"
#: with which figures are taken: those of docs/deployment.md
_MEASURED = {
    "shared_buffers": "4GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
}
#: while filling: a table that is filled in one transaction is written to its file only
_FILLING = {
    **_MEASURED,
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
}


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.nation", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="of the database; a year takes some 50 GB")
    parser.add_argument("--share", type=float, default=1.0, help="of the year's calls (1)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other rows (1)")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        help="first day without calls (today); when measuring, the day of the retention",
    )
    parser.add_argument("--measure", action="store_true", help="measure on the database that is there, and fill none")
    parser.add_argument("--rounds", type=int, default=5, help="of calls, on the year and on an empty database (5)")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each round on each (30)")
    return parser.parse_args()


def main() -> int:
    """The exit code."""
    options = arguments()
    say(f"{machine()}; load average {os.getloadavg()[0]:.2f}")
    with server(options.directory, fills=not options.measure) as postgres:
        if options.measure:
            return measured(postgres, options.directory, options.until, Turns(options.rounds, options.seconds))
        year = Year(options.share, options.seed, options.until or local_date(datetime.now(UTC)))
        asyncio.run(upgrade_to_head(postgres.url(), PASSWORDS))
        filled = asyncio.run(fill(postgres.url(), year, say))
        for table in filled:
            say(table.as_text())
        say(f"{sum(one.rows for one in filled):,} rows, {sum(one.total_bytes for one in filled) / 1e9:.1f} GB")
        (options.directory / FILLED).write_text(f"{year.share} {year.seed} {year.until}")
    return 0


def measured(postgres: LocalPostgres, directory: Path, until: date | None, turns: Turns) -> int:
    assert postgres.pid is not None, "started"
    url, pid = postgres.url(), postgres.pid
    share, seed, last = (directory / FILLED).read_text().split()
    asyncio.run(upgrade_to_head(url, PASSWORDS))
    year = Year(float(share), int(seed), until or date.fromisoformat(last))
    findings = asyncio.run(measure(url, year, turns, say, pid))
    say(findings.as_text())
    for name, spent in commands(url, findings.call_id).items():
        wall = Spread.of([one.wall_seconds * 1000 for one in spent]).as_text(" ms")
        say(f"`{name}`: {wall} from its start to its end")
    say(f"load average at the end: {os.getloadavg()[0]:.2f}")
    return 0


@contextmanager
def server(directory: Path, *, fills: bool) -> Iterator[LocalPostgres]:
    """The server of the directory, with the settings for filling, or those for measuring; stopped afterwards."""
    directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    secret = directory / "password"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_hex(16))
    postgres = LocalPostgres(directory / "postgres", secret.read_text())
    try:
        postgres.start()
        postgres.sql("ALTER SYSTEM RESET ALL")
        for name, value in (_FILLING if fills else _MEASURED).items():
            postgres.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        postgres.restart()
        yield postgres
    finally:
        postgres.stop()


if __name__ == "__main__":
    sys.exit(main())
