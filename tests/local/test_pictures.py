"""Every picture that README and docs show is there, small, and said in words; every one that is there is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pictures.__main__ import LARGEST_FILE, PICTURES, SHOTS

pytestmark = pytest.mark.pure

PAGES = (Path("README.md"), *sorted(Path("docs").glob("*.md")))
SHOWN = [
    (page, words, page.parent / file)
    for page in PAGES
    for words, file in re.findall(r"!\[([^\]]*)\]\(([^)]+\.webp)\)", page.read_text(encoding="utf-8"))
]


def test_what_is_taken_is_there_and_shown() -> None:
    there = {file.name for file in PICTURES.iterdir()}
    assert there == {f"{shot.name}.webp" for shot in SHOTS} == {file.name for _, _, file in SHOWN}


def test_pictures_are_small_and_said_in_words() -> None:
    for page, words, file in SHOWN:
        assert file.stat().st_size <= LARGEST_FILE, file
        assert file.read_bytes()[8:12] == b"WEBP", file
        assert len(words) > 40, (page, file)


def test_the_first_screen_of_the_readme_shows_the_desk() -> None:
    first = Path("README.md").read_text(encoding="utf-8")[:2500]
    assert "docs/pictures/werkplek.webp" in first
