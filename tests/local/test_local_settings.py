"""Settings, passwords, ports and mirrors of the system on one machine."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ari_app.local import debian, secrets
from ari_app.local.errors import LocalError
from ari_app.local.ports import Protocol, free_port, is_free
from ari_app.local.settings import load

pytestmark = pytest.mark.pure


def test_given_nothing_when_settings_are_read_then_one_copy_runs_on_the_usual_ports(tmp_path: Path) -> None:
    settings = load({"HOME": str(tmp_path)})
    assert (settings.sip_bind, settings.sip_port, settings.http_port, settings.web_port) == (
        "127.0.0.1",
        5060,
        8088,
        8080,
    )
    assert (settings.desk_bind, settings.desk_port) == ("127.0.0.1", 8081)
    assert settings.run_dir == Path(".run").absolute()
    assert settings.database_url is None
    assert settings.database_port is None


def test_given_several_mistakes_when_settings_are_read_then_each_is_named_at_once() -> None:
    wrong = {
        "ARI_APP_SIP_PORT": "70000",
        "ARI_APP_WEB_PORT": "web",
        "ARI_APP_SIP_BIND": "my-host",
        "ARI_APP_TRUNK_MATCH": "192.0.2.1,carrier.example",
        "ARI_APP_TRUNK_CONTACT": "192.0.2.1",
        "ARI_APP_RTP_START": "20000",
        "ARI_APP_RTP_END": "10000",
    }
    with pytest.raises(LocalError) as error:
        load(wrong)
    for name in (*list(wrong)[:5], "ARI_APP_RTP_END"):
        assert name in str(error.value)


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, "PJSIP/citizen02"),
        ({"ARI_APP_TRUNK_CONTACT": "sip:192.0.2.10:5060"}, "PJSIP/{number}@trunk"),
        ({"ARI_APP_OUTBOUND_ENDPOINT": "PJSIP/{number}@mytrunk"}, "PJSIP/{number}@mytrunk"),
    ],
    ids=["no trunk", "a trunk", "a way of one's own"],
)
def test_given_no_trunk_when_somebody_outside_is_called_then_the_sample_citizen_rings(
    environment: dict[str, str], endpoint: str
) -> None:
    assert load(environment).outbound_endpoint == endpoint


def test_given_a_port_in_use_when_it_is_checked_then_the_variable_to_change_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        settings = load(
            {
                "ARI_APP_SIP_PORT": str(port),
                "ARI_APP_ASTERISK_HTTP_PORT": str(free_port(Protocol.TCP)),
                "ARI_APP_WEB_PORT": str(free_port(Protocol.TCP)),
                "ARI_APP_DESK_PORT": str(free_port(Protocol.TCP)),
            }
        )
        assert not is_free(Protocol.UDP, "127.0.0.1", port)
        with pytest.raises(LocalError, match="ARI_APP_SIP_PORT") as error:
            settings.require_free_ports()
    assert "ARI_APP_WEB_PORT" not in str(error.value)
    settings.require_free_ports()


def test_given_passwords_when_kept_twice_then_they_stay_and_only_the_owner_can_read_them(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    first = secrets.keep(file, ["A", "B"])
    assert first["A"] != first["B"]
    assert len(first["A"]) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    again = secrets.keep(file, ["A", "C"])
    assert again["A"] == first["A"]
    assert set(secrets.read(file)) == {"A", "B", "C"}


DEB822 = """\
# one stanza per archive
Types: deb deb-src
URIs: http://security.debian.org/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: https://packages.example.org/tools
Suites: bookworm
Components: main

Types: deb
URIs: https://mirror.example.org/debian/
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
ONE_LINE = """\
# deb http://old.example.org/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/docker.gpg] https://download.example.com/linux/debian bookworm stable
deb [arch=amd64] http://near.example.org/debian bookworm main contrib
"""


@pytest.mark.parametrize(
    ("files", "mirror"),
    [
        ({"sources.list.d/debian.sources": DEB822}, "https://mirror.example.org/debian"),
        ({"sources.list": ONE_LINE}, "http://near.example.org/debian"),
        ({"sources.list.d/debian.sources": DEB822.replace("Types: deb\n", "Types: deb\nEnabled: no\n")}, None),
        ({"sources.list": "deb http://archive.example.com/ubuntu noble main universe\n"}, None),
        ({"sources.list": "deb cdrom:[Debian]/ bookworm main\n"}, None),
        ({}, None),
    ],
    ids=["deb822", "one line", "switched off", "ubuntu", "cdrom", "nothing"],
)
def test_given_apts_own_sources_then_the_debian_mirror_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], mirror: str | None
) -> None:
    monkeypatch.delenv("ARI_APP_DEBIAN_MIRROR", raising=False)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert debian.mirror(tmp_path) == (mirror or "")
    monkeypatch.setenv("ARI_APP_DEBIAN_MIRROR", "http://mine.example.org/debian")
    assert debian.mirror(tmp_path) == "http://mine.example.org/debian"


def test_given_a_database_address_that_cannot_be_when_settings_are_read_then_it_is_named_and_not_shown() -> None:
    with pytest.raises(LocalError, match="DATABASE_URL: does not say where the password ends") as error:
        load({"DATABASE_URL": "postgresql://ari_app:geheim/123@host/ari_app"})
    assert "geheim" not in str(error.value)


def test_the_address_of_the_database_is_not_in_what_a_traceback_shows() -> None:
    settings = load({"DATABASE_URL": "postgresql://ari_app:geheim@host/ari_app"})
    assert settings.database_url is not None
    assert "geheim" not in repr(settings)
