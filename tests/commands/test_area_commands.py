"""`ari-app import`, `export`, `calamity`, `prompts`, `migrate`: what an administrator types."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from ari_app.commands.files import LARGEST_BYTES
from tests.commands.conftest import SAMPLE, Type

pytestmark = pytest.mark.postgres


def test_the_sample_is_imported_once_and_a_second_time_changes_nothing(type_in: Type) -> None:
    first = type_in("import", str(SAMPLE), "--author", "beheer")
    assert first.exit_code == 0
    assert "added    municipality GM9901" in first.stdout
    again = type_in("import", str(SAMPLE), "--author", "beheer")
    assert again.exit_code == 0
    assert again.stdout == "40 unchanged\n"


def test_what_is_exported_is_what_was_imported(type_in: Type, tmp_path: Path) -> None:
    type_in("import", str(SAMPLE))
    file = tmp_path / "out.toml"
    assert type_in("export", "--output", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o077 == 0, "a PIN of a few digits is soon found from its hash"
    text = file.read_text()
    assert 'code = "GM9901"' in text
    assert "7101" not in text  # a PIN is never shown again
    assert "pin_hash" in text
    back = type_in("import", str(file))
    assert back.exit_code == 0
    assert back.stdout == "40 unchanged\n"


def test_a_bad_file_is_refused_whole_with_every_mistake_named(type_in: Type, tmp_path: Path) -> None:
    text = SAMPLE.read_text().replace("key = 2", "key = 1", 1).replace('pin = "7102"', 'pin = "12"', 1)
    file = tmp_path / "bad.toml"
    file.write_text(text)
    result = type_in("import", str(file))
    assert result.exit_code == 2
    assert "nothing was imported" in result.stderr
    assert "shared_number[0].member[1].key" in result.stderr
    assert "operator[1].pin" in result.stderr
    assert "no operators" in type_in("operators").stdout


def test_a_file_that_is_no_text_is_refused_with_what_to_do(type_in: Type, tmp_path: Path) -> None:
    file = tmp_path / "area.toml"
    file.write_bytes(b"\xff\xfe\x00")
    result = type_in("import", str(file))
    assert result.exit_code == 2
    assert "save it as UTF-8" in result.stderr


def test_a_calamity_is_switched_on_listed_and_off(type_in: Type) -> None:
    type_in("import", str(SAMPLE))
    on = type_in("calamity", "on", "GM9903", "Er is geen water.", "--until", "2h", "--author", "teamleider")
    assert on.exit_code == 0, on.output
    listed = type_in("calamity", "list").stdout
    assert "GM9903" in listed and "Er is geen water." in listed and "teamleider" in listed
    assert "1 ended" in type_in("calamity", "off", "GM9903").stdout
    assert "no calamity" in type_in("calamity", "list").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("GM0000", "Tekst."), "there is no municipality GM0000"),
        (("GM9903", " "), "nothing to say"),
        (("GM9903", "#"), "nothing to say"),
        (("GM9903", "… - !"), "nothing to say"),
        (("GM9903", "geen\nwater"), "cannot be shown"),
        (("GM9903", "Tekst.", "--from", "2h", "--until", "1h"), "end before it begins"),
        (("GM9903", "Tekst.", "--until", "morgen"), "'morgen' is no moment"),
        (("GM9903", "Tekst.", "--until", "9999-12-31T23:59Z"), "'9999-12-31T23:59Z' is no moment"),
        (("GM9903", "Tekst.", "--until", "9999999d"), "'9999999d' is no moment"),
    ],
)
def test_a_calamity_that_makes_no_sense_is_refused_with_what_to_do(
    type_in: Type, words: tuple[str, ...], says: str
) -> None:
    type_in("import", str(SAMPLE))
    result = type_in("calamity", "on", *words)
    assert result.exit_code == 2
    assert says in result.stderr


def test_recordings_of_a_municipality_that_does_not_exist_are_refused(type_in: Type, tmp_path: Path) -> None:
    result = type_in("prompts", "import", "GM0000", str(tmp_path))
    assert result.exit_code == 2
    assert "there is no municipality GM0000" in result.stderr


def test_all_names_are_written_into_one_wav_file_with_the_second_of_each(
    type_in: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARI_APP_ARI_USER", "somebody")
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "something")
    monkeypatch.setenv("ARI_APP_SOUNDS_DIR", str(tmp_path))
    assert "there is no municipality" in type_in("prompts", "listen", str(tmp_path / "names.wav")).stderr
    type_in("import", str(SAMPLE))
    result = type_in("prompts", "listen", str(tmp_path / "names.wav"))
    assert result.exit_code == 0, result.stderr
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["AT", "NAME", "SPOKEN"]
    assert {"Lindekerk", "Oosterwende", "Wierdam", "Zandermeer", "Wendermond"} <= {line.split()[2] for line in lines}
    with wave.open(str(tmp_path / "names.wav")) as names:
        assert names.getnframes() / names.getframerate() > len(lines)
    link = tmp_path / "link.wav"
    link.symlink_to(tmp_path / "names.wav")
    assert type_in("prompts", "listen", str(link)).exit_code == 0
    assert link.is_symlink(), "written to, and not replaced: it may be a device"
    refused = type_in("prompts", "listen", "/proc/names.wav")
    assert refused.exit_code == 2
    assert "FILE: /proc/names.wav cannot be written" in refused.stderr


def test_migrate_brings_an_empty_database_to_head_and_serve_refuses_until_then(
    type_in: Type, empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    monkeypatch.setenv("ARI_APP_ARI_USER", "somebody")
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "something")
    monkeypatch.setenv("ARI_APP_SOUNDS_DIR", str(tmp_path))
    refused = type_in("serve")
    assert refused.exit_code == 2
    assert "ari-app migrate" in refused.stderr
    assert "the database is at" in type_in("migrate").stdout
    assert "no calls" in type_in("calls").stdout


def test_a_file_that_cannot_be_written_is_one_line_and_not_a_traceback(type_in: Type, tmp_path: Path) -> None:
    result = type_in("export", "--output", str(tmp_path / "absent" / "out.toml"))
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_a_file_without_end_is_not_read_to_its_end(type_in: Type, tmp_path: Path) -> None:
    file = tmp_path / "area.toml"
    with file.open("wb") as opened:
        opened.truncate(LARGEST_BYTES + 1)  # takes no room on the disk
    result = type_in("import", str(file))
    assert result.exit_code == 2
    assert "is larger than" in result.stderr
