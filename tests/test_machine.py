"""What the machine gives the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.machine import with_short_documents

pytestmark = pytest.mark.pure

DOCUMENTS = """<?xml version="1.0" encoding="UTF-8"?>
<docs><application name="Queue"><synopsis>Wachten</synopsis></application>
<configInfo name="stasis"><configFile name="stasis.conf"/></configInfo></docs>"""


def test_the_documents_of_asterisk_keep_what_they_say_of_its_configuration_and_the_names_of_all_else(
    tmp_path: Path,
) -> None:
    data, into = tmp_path / "data", tmp_path / "cache"
    (data / "documentation").mkdir(parents=True)
    into.mkdir()
    (data / "documentation" / "core-en_US.xml").write_text(DOCUMENTS)
    (data / "rest-api").mkdir()
    (data / "rest-api" / "events.json").write_text("{}")
    short = with_short_documents(data, into)
    kept = (short / "documentation" / "core-en_US.xml").read_text()
    assert 'configInfo name="stasis"' in kept and 'configFile name="stasis.conf"' in kept
    assert 'application name="Queue"' in kept and "Wachten" not in kept
    assert (short / "rest-api" / "events.json").read_text() == "{}"
    assert with_short_documents(data, into) == short
    (data / "documentation" / "core-en_US.xml").write_text(DOCUMENTS.replace("stasis", "cel"))
    assert with_short_documents(data, into) != short, "of another Asterisk"


def test_an_asterisk_without_documents_is_used_as_it_is(tmp_path: Path) -> None:
    assert with_short_documents(tmp_path, tmp_path / "cache") == tmp_path
