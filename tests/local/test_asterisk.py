"""One Asterisk on this machine: started, stopped, killed, asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ari_app.local.asterisk import AsteriskSettings, LocalAsterisk
from ari_app.local.errors import LocalError, StartFailed
from ari_app.local.ports import Protocol, free_port

pytestmark = pytest.mark.asterisk


def _own(asterisk: LocalAsterisk, run_dir: Path, **changes: str) -> LocalAsterisk:
    settings = AsteriskSettings(
        run_dir=run_dir,
        sounds_dir=asterisk.sounds_dir,
        http_port=free_port(Protocol.TCP),
        sip_port=free_port(Protocol.UDP),
        node=changes.get("node", "node2"),
        ari_password=changes.get("ari_password", "long-enough-password"),
    )
    return LocalAsterisk(asterisk.program, settings)


def test_given_a_fresh_start_then_every_module_is_there_and_nothing_is_wrong(
    asterisk: LocalAsterisk, server_directory: Path
) -> None:
    own = _own(asterisk, server_directory / "fresh")
    own.start()
    try:
        log = own.messages_file.read_text()
        assert "WARNING" not in log
        assert "ERROR" not in log
        running = own.cli("module show")
        for module in re.findall(r"^load = (\S+\.so)$", (own.conf_dir / "modules.conf").read_text(), re.MULTILINE):
            assert re.search(rf"^{module} .* Running ", running, re.MULTILINE), module
        classes = own.cli("moh show files")
        assert "wachtmuziek" in classes, "there is something to hear while waiting"
        assert [account.name for account in own.accounts][:1] == ["phone01"]
    finally:
        own.stop()
    assert own.pid is None
    with pytest.raises(LocalError):
        own.cli("core show version")


def test_given_a_running_one_when_it_is_killed_and_started_then_it_is_another_process(
    asterisk: LocalAsterisk, server_directory: Path
) -> None:
    own = _own(asterisk, server_directory / "killed-asterisk")
    own.start()
    try:
        first = own.pid
        own.kill()
        assert own.pid is None
        own.start()
        assert own.pid not in (None, first)
        second = own.pid
        own.restart()
        assert own.pid not in (None, second)
        assert own.is_booted()
    finally:
        own.stop()


def test_given_a_password_that_cannot_be_written_then_the_start_fails_without_showing_it(
    asterisk: LocalAsterisk, server_directory: Path
) -> None:
    own = _own(asterisk, server_directory / "refused", ari_password="half;password")
    with pytest.raises(StartFailed, match="ARI_APP_ARI_PASSWORD") as error:
        own.start()
    assert "half;password" not in str(error.value)
    assert own.pid is None


def test_given_a_deep_directory_then_the_control_socket_is_elsewhere(
    asterisk: LocalAsterisk, server_directory: Path
) -> None:
    """The name of a unix socket may have 107 bytes."""
    own = _own(asterisk, server_directory / ("d" * 60) / ("e" * 60))
    own.start()
    try:
        assert own.cli("core show version").startswith("Asterisk")
    finally:
        own.stop()
