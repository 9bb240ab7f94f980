"""The scripts that write Asterisk's configuration: what they fill in, and what they refuse."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from pathlib import Path

import pytest

from ari_app.local.asterisk import TEMPLATES

pytestmark = pytest.mark.pure

NEEDED = {"ARI_APP_ARI_PASSWORD": "s3cret-pass", "ARI_APP_SOUNDS_DIR": "/srv/sounds"}


def _script(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(TEMPLATES / name), *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _render(out: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return _script(
        "render",
        str(out),
        **{**NEEDED, "ARI_APP_ASTERISK_STATE_DIR": str(out.parent / "state"), **environment},
    )


def _settings(file: Path) -> list[str]:
    """The lines that Asterisk reads."""
    return [line for line in file.read_text().splitlines() if line and not line.startswith(";")]


def test_given_the_least_environment_when_rendered_then_every_file_is_complete(tmp_path: Path) -> None:
    result = _render(tmp_path / "conf")
    assert result.returncode == 0, result.stderr
    names = {file.name for file in (tmp_path / "conf").iterdir()}
    assert names >= {file.name for file in TEMPLATES.glob("*.conf")}
    for file in (tmp_path / "conf").iterdir():
        assert not re.search(r"@[A-Z_]+@|^;@", file.read_text(), re.MULTILINE), file.name
        assert file.stat().st_mode & 0o077 == 0, "passwords are in there"
    assert (tmp_path / "state/log/cel-custom").is_dir(), "Asterisk does not make it itself"


def test_given_no_trunk_when_rendered_then_there_is_none(tmp_path: Path) -> None:
    _render(tmp_path / "conf")
    lines = _settings(tmp_path / "conf/pjsip.conf")
    assert "endpoint = trunk-in" not in lines
    assert "[trunk](a-trunk)" not in lines
    assert "protocol = tls" not in lines


def test_given_a_trunk_and_certificates_when_rendered_then_they_are_there(tmp_path: Path) -> None:
    result = _render(
        tmp_path / "conf",
        ARI_APP_TRUNK_MATCH="192.0.2.10,198.51.100.0/24",
        ARI_APP_SIP_TLS_CERT="/etc/ssl/sip.pem",
        ARI_APP_SIP_TLS_KEY="/etc/ssl/sip.key",
        ARI_APP_EXTERNAL_ADDRESS="203.0.113.5",
    )
    assert result.returncode == 0, result.stderr
    lines = _settings(tmp_path / "conf/pjsip.conf")
    assert "match = 192.0.2.10,198.51.100.0/24" in lines
    assert "cert_file = /etc/ssl/sip.pem" in lines
    assert lines.count("external_media_address = 203.0.113.5") == 2, "both transports"
    assert not any(line.startswith("local_net") for line in lines)


def test_given_where_calls_go_out_when_rendered_then_the_trunk_has_a_contact_known_by_an_address_or_not(
    tmp_path: Path,
) -> None:
    out = {"ARI_APP_TRUNK_CONTACT": "sip:192.0.2.10:5060"}
    assert _render(tmp_path / "out", **out).returncode == 0
    lines = _settings(tmp_path / "out/pjsip.conf")
    assert lines.count("[trunk](a-trunk)") == 1
    assert "aors = trunk" in lines and "contact = sip:192.0.2.10:5060" in lines
    assert "endpoint = trunk-in" not in lines
    assert _render(tmp_path / "both", **out, ARI_APP_TRUNK_MATCH="192.0.2.10").returncode == 0
    lines = _settings(tmp_path / "both/pjsip.conf")
    assert lines.count("[trunk](a-trunk)") == 1 and "match = 192.0.2.10" in lines
    assert "contact = sip:192.0.2.10:5060" in lines


def test_given_one_address_when_rendered_then_asterisk_need_not_ask_for_its_own(tmp_path: Path) -> None:
    _render(tmp_path / "one", ARI_APP_SIP_BIND="192.0.2.7")
    assert "media_address = 192.0.2.7" in _settings(tmp_path / "one/pjsip.conf")
    _render(tmp_path / "all", ARI_APP_SIP_BIND="0.0.0.0")
    assert not any(line.startswith("media_address") for line in _settings(tmp_path / "all/pjsip.conf"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ARI_APP_ARI_PASSWORD", ""),
        ("ARI_APP_ARI_PASSWORD", "half;comment"),
        ("ARI_APP_ARI_PASSWORD", "two words"),
        ("ARI_APP_ARI_PASSWORD", "line\nbreak"),
        ("ARI_APP_ARI_PASSWORD", "@NODE@"),
        ("ARI_APP_ARI_PASSWORD", "back\\slash"),
        ("ARI_APP_SOUNDS_DIR", "/srv/a&b"),
        ("ARI_APP_SOUNDS_DIR", "/srv/a,b"),
        ("ARI_APP_SOUNDS_DIR", "/srv/${EPOCH}"),
        ("ARI_APP_SIP_PORT", "50 60"),
        ("ARI_APP_SIP_PORT", "5060x"),
        ("ARI_APP_NODE", "node 1"),
        ("ARI_APP_TRUNK_MATCH", "192.0.2.1; 0.0.0.0/0"),
        ("ARI_APP_TRUNK_CONTACT", "sip:192.0.2.1;transport=tcp"),
        ("ARI_APP_TRUNK_CONTACT", "192.0.2.1"),
        ("ARI_APP_ARI_APPLICATION", "a,b"),
        ("ARI_APP_RTP_LEARN_PACKETS", "many"),
        ("ARI_APP_SIP_INFO_KEYS", "maybe"),
        ("ARI_APP_TRUNK_CALLS", "0"),
        ("ARI_APP_TRUNK_CALLS", "500"),
        ("ARI_APP_TRUNK_CALLS", "some"),
        ("ARI_APP_CALLER_CALLS", "-1"),
    ],
)
def test_given_a_value_that_asterisk_would_misread_when_rendered_then_nothing_is_written(
    tmp_path: Path, name: str, value: str
) -> None:
    result = _render(tmp_path / "conf", **{name: value})
    assert result.returncode != 0
    assert name in result.stderr, "the variable is named"
    if value:
        assert value not in result.stderr, "its value may be a secret"
    assert list((tmp_path / "conf").iterdir()) == []


def test_given_a_password_of_signs_when_rendered_then_it_arrives_as_it_is(tmp_path: Path) -> None:
    password = "a!#$%&()*+,./:<=>?@^_|{}~-Z9"
    result = _render(tmp_path / "conf", ARI_APP_ARI_PASSWORD=password)
    assert result.returncode == 0, result.stderr
    assert f"password = {password}" in _settings(tmp_path / "conf/ari.conf")


def test_given_a_password_in_a_file_when_rendered_then_it_is_that_one(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from-a-file-9\n")
    result = _render(tmp_path / "conf", ARI_APP_ARI_PASSWORD="", ARI_APP_ARI_PASSWORD_FILE=str(file))
    assert result.returncode == 0, result.stderr
    assert "password = from-a-file-9" in _settings(tmp_path / "conf/ari.conf")


def test_given_a_password_twice_or_in_no_file_when_rendered_then_it_is_refused_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from-a-file-9\nand-more\n")
    for password, path, says in (
        ("twice-9", str(file), "both set"),
        ("", str(tmp_path / "nowhere"), "cannot be read"),
        ("", str(file), "ARI_APP_ARI_PASSWORD holds"),
    ):
        result = _render(tmp_path / "conf", ARI_APP_ARI_PASSWORD=password, ARI_APP_ARI_PASSWORD_FILE=path)
        assert result.returncode != 0 and says in result.stderr
        assert not {"twice-9", "from-a-file", "nowhere"} & set(
            re.findall(r"[a-z]+-9|from-a-file|nowhere", result.stderr)
        )


def test_given_own_additions_when_rendered_again_then_they_are_still_there(tmp_path: Path) -> None:
    _render(tmp_path / "conf")
    own = tmp_path / "conf/extensions_local.conf"
    own.write_text("[mine]\n")
    _render(tmp_path / "conf", ARI_APP_NODE="node2")
    assert own.read_text() == "[mine]\n"
    assert "systemname = node2" in _settings(tmp_path / "conf/asterisk.conf")


@pytest.mark.parametrize(("packets", "probation"), [("", 200_000_000), ("0", 200_000_000), ("25", 25)])
def test_given_no_word_about_learning_when_rendered_then_another_sender_is_never_believed(
    tmp_path: Path, packets: str, probation: int
) -> None:
    _render(tmp_path / "conf", ARI_APP_RTP_LEARN_PACKETS=packets)
    assert f"probation = {probation}" in _settings(tmp_path / "conf/rtp.conf")


def test_given_an_asterisk_without_an_optional_module_when_rendered_then_it_is_not_asked_for(tmp_path: Path) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "res_cdrel_custom.so").touch()
    _render(tmp_path / "conf", ARI_APP_ASTERISK_MODULES_DIR=str(modules))
    text = (tmp_path / "conf/modules.conf").read_text()
    assert "res_cdrel_custom.so" in text
    assert "res_websocket_client.so" not in text


def test_given_the_dialplan_then_its_prompts_are_in_the_catalogue() -> None:
    from ari_app.prompts.catalogue import load

    played = set(re.findall(r"@SOUNDS_DIR@/([\w/-]+)", (TEMPLATES / "extensions.conf").read_text()))
    assert played
    assert played <= set(load().prompts())


# -- phones ---------------------------------------------------------------------------------------------------------


def test_given_no_list_when_phones_are_made_then_there_are_sample_accounts_with_passwords(tmp_path: Path) -> None:
    phones = tmp_path / "phones.list"
    assert _script("make-phones", str(phones), str(tmp_path)).returncode == 0
    assert phones.stat().st_mode & 0o077 == 0
    rows = [line.split(":") for line in phones.read_text().splitlines() if not line.startswith("#")]
    assert [row[0] for row in rows] == [f"phone{n:02}" for n in range(1, 13)] + [f"citizen{n:02}" for n in range(1, 4)]
    assert len({row[1] for row in rows}) == 15
    assert all(len(row[1]) == 16 for row in rows)
    before = phones.read_text()
    assert _script("make-phones", str(phones), str(tmp_path)).returncode == 0
    assert phones.read_text() == before, "a second start keeps the passwords"
    members = (tmp_path / "queue_fallback_members.conf").read_text().splitlines()
    assert members == [f"member => PJSIP/phone{n:02}" for n in range(1, 13)], "citizens are not in the fallback"


STRONG = "kT9wz-uEr4bn"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("phone01", "name:password:kind"),
        (f"phone01:{STRONG}:phone:more", "name:password:kind"),
        (f"phone 1:{STRONG}:phone", "letters"),
        ("phone01::phone", "empty"),
        ("phone01:semi;colon;here-9X:phone", "allowed"),
        (f"phone01:{STRONG}:tablet", "kind"),
        (f"phone99:{STRONG}:phone", "already"),
        (f"[x]:{STRONG}:phone", "letters"),
    ],
)
def test_given_a_wrong_line_when_phones_are_made_then_the_list_is_refused_whole(
    tmp_path: Path, line: str, says: str
) -> None:
    phones = tmp_path / "phones.list"
    phones.write_text(f"# ours\nphone99:{STRONG}:phone\n{line}\n")
    result = _script("make-phones", str(phones), str(tmp_path / "out"))
    assert result.returncode != 0
    assert "line 3" in result.stderr
    assert says in result.stderr
    assert STRONG not in result.stderr, "no password in a message"
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("12345678", "fewer than 12"),
        ("kT9wz-uEr4b", "fewer than 12"),
        ("aaaaaaaaaaaaaaaa", "different"),
        ("abababababababab", "different"),
        ("839205710463", "digits only"),
        ("x9-123456-Kz", "row"),
        ("x9-876543-Kz", "row"),
        ("Qwertyuiop-47", "row"),
        ("xYabcdefgh-48", "row"),
        ("0-Phone01-4zK", "name of the account"),
        ("Wachtwoord-4zK", "everybody tries"),
        ("p9welkom2026!x", "everybody tries"),
        ("geheim-geheim-7", "everybody tries"),
    ],
)
@pytest.mark.parametrize("kind", ["phone", "phone-tls", "citizen"])
def test_given_a_weak_password_when_phones_are_made_then_line_and_remedy_are_named(
    tmp_path: Path, password: str, says: str, kind: str
) -> None:
    phones = tmp_path / "phones.list"
    phones.write_text(f"phone99:{STRONG}:phone\nphone01:{password}:{kind}\n")
    result = _script("make-phones", str(phones), str(tmp_path / "out"))
    assert result.returncode != 0
    assert "line 2 of " in result.stderr and "the password of phone01 is weak" in result.stderr
    assert says in result.stderr
    assert "openssl rand -hex 12" in result.stderr
    assert password not in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_given_passwords_of_a_generator_when_phones_are_made_then_they_are_taken(tmp_path: Path) -> None:
    passwords = [secrets.token_hex(size) for size in (8, 12, 16) for _ in range(150)]
    passwords += [secrets.token_urlsafe(12) for _ in range(150)]
    phones = tmp_path / "phones.list"
    phones.write_text("".join(f"desk{n}:{password}:phone\n" for n, password in enumerate(passwords)))
    result = _script("make-phones", str(phones), str(tmp_path))
    assert result.returncode == 0, result.stderr
