"""The kinds of commands that the migrations know, one revision after the other, are those of the program."""

from __future__ import annotations

import pytest

from ari_app.core.commands import What
from ari_app.storage.db.command_kinds import BROUGHT, kinds_at
from ari_app.storage.db.revision import known_revisions

pytestmark = pytest.mark.pure


def test_all_revisions_together_know_every_kind_once() -> None:
    assert kinds_at(known_revisions()[-1]) == tuple(What)
    assert set(BROUGHT) <= set(known_revisions()) and list(BROUGHT) == sorted(BROUGHT)


def test_a_revision_knows_no_kind_that_came_later() -> None:
    assert kinds_at("0022") == ()
    assert set(kinds_at("0028")) == set(kinds_at("0023")) | {"wrap_up"}
    assert "forget_factor" not in kinds_at("0034") and "forget_factor" in kinds_at("0036")
