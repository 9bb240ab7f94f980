"""The embedded PostgreSQL: made at the first start, found again at the next, whole after a SIGKILL."""

from __future__ import annotations

import os
from pathlib import Path

import asyncpg
import pytest

from ari_app.local.errors import LocalError
from ari_app.local.ports import Protocol, free_port
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.db.engine import dsn

pytestmark = pytest.mark.postgres


async def _one(url: str, statement: str) -> object:
    connection = await asyncpg.connect(dsn(url))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_given_the_template_when_a_test_asks_for_a_database_then_it_is_migrated_and_empty(
    database_url: str,
) -> None:
    assert await _one(database_url, "SELECT count(*) FROM call") == 0
    assert await _one(database_url, "SELECT count(*) FROM alembic_version") == 1


async def test_given_what_was_stored_when_the_server_is_killed_and_started_then_it_is_still_there(
    server_directory: Path,
) -> None:
    server = LocalPostgres(server_directory / "killed", "p%ss/word", port=free_port(Protocol.TCP))
    server.start()
    try:
        server.sql("CREATE TABLE t AS SELECT 7 AS n")
        server.kill()
        assert server.pid is None
        with pytest.raises(OSError):
            await _one(server.url(), "SELECT 1")
        server.start()
        assert await _one(server.url(), "SELECT n FROM t") == 7, "over TCP, and with a password that needs quoting"
        server.restart()
        assert server.sql("SELECT n, n + 1 FROM t") == "7\t8\n"
    finally:
        server.stop()


async def test_given_a_row_that_is_refused_then_the_log_is_private_and_does_not_show_it(
    database_url: str, postgres_server: LocalPostgres
) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        await _one(database_url, "INSERT INTO call (pii_caller_number) SELECT '+3120' || 1234567")
    log = postgres_server.log_file.read_text()
    assert "null value in column" in log
    assert "+31201234567" not in log
    assert postgres_server.log_file.stat().st_mode & 0o077 == 0


async def test_given_a_wrong_password_when_somebody_connects_then_the_server_refuses(
    postgres_server: LocalPostgres,
) -> None:
    scheme, _, rest = postgres_server.url().partition("ari_app:")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await _one(f"{scheme}ari_app:not-{rest}", "SELECT 1")


def test_given_a_wrong_statement_then_its_error_is_told(postgres_server: LocalPostgres) -> None:
    with pytest.raises(LocalError, match="syntax error"):
        postgres_server.sql("SELEKT")


def test_given_a_home_that_is_closed_to_others_when_root_starts_the_server_then_it_stays_closed(
    server_directory: Path,
) -> None:
    """Root's home is such a directory, and the server may not run as root."""
    closed = server_directory / "closed"
    closed.mkdir(mode=0o700)
    server = LocalPostgres(closed / "postgres", "password")
    installed = closed / "installed"
    installed.symlink_to(server._binaries.parent)
    server._binaries = installed / "bin"
    server.start()
    try:
        assert server.sql("SELECT 1") == "1\n"
        assert closed.stat().st_mode & 0o777 == 0o700
        assert server.pid is not None
        assert os.geteuid() != 0 or Path(f"/proc/{server.pid}").stat().st_uid != 0
    finally:
        server.stop()


def test_given_a_deep_directory_when_the_server_starts_then_its_socket_is_elsewhere(server_directory: Path) -> None:
    """The name of a unix socket may have 107 bytes."""
    server = LocalPostgres(server_directory / ("d" * 60) / ("e" * 60) / "postgres", "password")
    server.start()
    try:
        assert server.sql("SELECT 1") == "1\n"
    finally:
        server.stop()
