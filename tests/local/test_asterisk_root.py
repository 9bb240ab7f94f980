"""Which Asterisk is taken."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ari_app.local import asterisk_root, debian
from ari_app.local.asterisk_root import find, is_new_enough
from ari_app.local.errors import LocalError

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("22.10.1", True),
        ("22.6.0", True),
        ("22.5.2", False),
        ("20.6.0~dfsg", False),
        ("20.16.0", True),
        ("21.11.0", True),
        ("21.10.9", False),
        ("23.0.0", True),
        ("18.26.4", False),
        ("16.28.0", False),
        ("", False),
    ],
)
def test_given_a_version_then_it_is_enough_when_it_has_what_we_use(version: str, enough: bool) -> None:
    assert is_new_enough(version) is enough


def _fake_root(directory: Path, version: str) -> Path:
    """A directory like an unpacked Debian, whose dynamic loader is a script that tells a version."""
    for name in ("usr/lib/x86_64-linux-gnu/asterisk/modules/pbx_config.so", "usr/sbin/asterisk"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()
    loader = directory / "usr/lib64/ld-linux-x86-64.so.2"
    loader.parent.mkdir()
    loader.write_text(f"#!/bin/sh\necho 'Asterisk {version} built by nobody'\n")
    loader.chmod(loader.stat().st_mode | stat.S_IXUSR)
    return directory


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARI_APP_ASTERISK_ROOT", raising=False)


def test_given_a_named_root_then_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARI_APP_ASTERISK_ROOT", str(_fake_root(tmp_path / "mine", "22.10.1+dfsg")))
    program = find(tmp_path / "cache", print)
    assert program.version == "22.10.1"
    assert program.modules_dir == tmp_path / "mine/usr/lib/x86_64-linux-gnu/asterisk/modules"
    assert program.command[0].endswith("ld-linux-x86-64.so.2")


def test_given_a_named_root_without_asterisk_then_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARI_APP_ASTERISK_ROOT", str(tmp_path))
    with pytest.raises(LocalError, match="no Asterisk in"):
        find(tmp_path / "cache", print)


def test_given_an_unpacked_one_in_the_cache_then_an_old_installed_one_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = asterisk_root.AsteriskProgram(("/usr/sbin/asterisk",), Path("/m"), Path("/d"), "20.6.0")
    monkeypatch.setattr(asterisk_root, "on_path", lambda: old)
    _fake_root(tmp_path / "asterisk-forky", "22.10.1")
    assert find(tmp_path, print).version == "22.10.1"


def test_given_an_ordinary_user_with_an_old_one_then_the_text_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = asterisk_root.AsteriskProgram(("/usr/sbin/asterisk",), Path("/m"), Path("/d"), "20.6.0")
    monkeypatch.setattr(asterisk_root, "on_path", lambda: old)
    monkeypatch.setattr(debian, "may_install", lambda: False)
    with pytest.raises(LocalError, match=r"20\.6\.0 is too old[\s\S]*docker compose up"):
        find(tmp_path, print)


def test_given_a_distribution_with_an_old_package_then_debians_is_unpacked_at_once_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []

    def debootstrap(command: list[str], environment: dict[str, str]) -> None:
        ran.append(command)
        unfinished = next(Path(word) for word in command if word.startswith(str(tmp_path)))
        assert unfinished.name.startswith("."), "a half-made root never has its final name"
        if len(ran) == 1:
            raise LocalError("the mirror is away")
        _fake_root(unfinished, "22.10.1")

    monkeypatch.setattr(asterisk_root, "on_path", lambda: None)
    monkeypatch.setattr(debian, "may_install", lambda: True)
    monkeypatch.setattr(debian, "candidate_version", lambda package: "20.6.0~dfsg")
    monkeypatch.setattr(debian, "install", lambda packages, say: None)
    monkeypatch.setattr(debian, "_run", debootstrap)
    monkeypatch.setenv("ARI_APP_DEBOOTSTRAP_OPTIONS", "--no-check-certificate --verbose")
    with pytest.raises(LocalError, match="mirror is away"):
        find(tmp_path, print)
    assert list(tmp_path.iterdir()) == []
    assert find(tmp_path, print).version == "22.10.1"
    assert [path.name for path in tmp_path.iterdir()] == ["asterisk-forky"]
    assert "--no-check-certificate" in ran[1]
    assert "forky" in ran[1]
