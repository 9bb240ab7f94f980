"""Database URLs: what is accepted, and what people get to see of them."""

from __future__ import annotations

import pytest

from ari_app.storage.db.engine import dsn, shown

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_every_spelling_of_postgresql_is_accepted(scheme: str) -> None:
    assert dsn(f"{scheme}://user:secret@db:5432/calls?sslmode=require") == (
        "postgresql://user:secret@db:5432/calls?sslmode=require"
    )


@pytest.mark.parametrize("url", ["", "calls", "mysql://user:secret@db/calls", "user:secret@db", "postgresql:secret"])
def test_another_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="not a PostgreSQL URL") as refusal:
        dsn(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("postgresql://user:secret@db:5432/calls", "postgresql://user@db:5432/calls"),
        ("postgresql+asyncpg://user:s%40cret@/calls?host=/run/pg", "postgresql://user@/calls?host=/run/pg"),
        (
            "postgresql://db/calls?user=x&password=secret&sslmode=require",
            "postgresql://db/calls?user=x&sslmode=require",
        ),
        ("postgresql://user@db/calls", "postgresql://user@db/calls"),
        ("postgresql:///calls", "postgresql:///calls"),
        ("postgresql://user:se:c/r@et@db/calls", "postgresql://…"),
        ("postgresql://user:secret?1@db/calls", "postgresql://…"),
        ("postgresql://db/calls?sslpassword=secret&passfile=secret&x=secret", "postgresql://db/calls"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, seen: str) -> None:
    assert shown(url) == seen
