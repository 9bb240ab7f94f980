"""The revisions of the schema are one line, each in a file that begins with its number."""

from __future__ import annotations

import re

import pytest

from ari_app.storage.db.revision import migrations_directory

pytestmark = pytest.mark.pure


def test_each_revision_follows_the_one_before() -> None:
    files = sorted(migrations_directory().glob("versions/*.py"))
    sources = [file.read_text(encoding="utf-8") for file in files]
    revisions = [re.findall(r'^revision = "(\d+)"', source, re.MULTILINE) for source in sources]
    before = [re.findall(r'^down_revision = "(\d+)"', source, re.MULTILINE) for source in sources]
    assert revisions == [[f"{n:04}"] for n in range(1, len(files) + 1)]
    assert before == [[], *revisions[:-1]]
    assert [file.name[:4] for file in files] == [revision for (revision,) in revisions]
