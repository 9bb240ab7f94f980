"""Scripts and styles of the pages: built when they do not fit their sources, with whatever Node there is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ari_app.local import assets
from ari_app.local.errors import LocalError

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small one, whose build is a script that writes one file."""
    client, dist = tmp_path / "client", tmp_path / "static" / "dist"
    client.mkdir()
    dist.mkdir(parents=True)
    (client / "live.js").write_text("1")
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "package-lock.json").write_text("{}")
    for name, path in (("ROOT", tmp_path), ("CLIENT", client), ("DIST", dist)):
        monkeypatch.setattr(assets, name, path)
    monkeypatch.setenv("ARI_APP_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def programs(tmp_path: Path, version: str) -> Callable[[str], str | None]:
    """A PATH with these and nothing else: they write down how they are called."""
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && echo {version} && exit\necho {name} "$@" >>{tmp_path}/called\n'
        )
        program.chmod(0o755)
    return lambda name: str(tmp_path / name) if name in ("node", "npm") else None


def test_what_does_not_fit_its_sources_is_built_once(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", programs(checkout, "v20.1.0"))
    said: list[str] = []
    for text in ("1", "1", "2"):
        (checkout / "client" / "live.js").write_text(text)
        assets.build(said.append)
        assert assets.is_built()
    called = (checkout / "called").read_text().splitlines()
    once = ["npm ci --ignore-scripts --no-audit --no-fund", f"node {checkout}/client/build.js"]
    assert called == once * 2
    assert said == ["Building the pages …"] * 2


def test_an_old_node_is_not_used(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", programs(checkout, "v18.20.0"))
    monkeypatch.setattr(assets, "_wheel", lambda: Path("/wheel"))
    assert assets.node() == ["/wheel/bin/node"]


def test_a_build_that_fails_says_why_and_the_start_goes_on(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    which = programs(checkout, "v22.0.0")
    (checkout / "npm").write_text("#!/bin/sh\necho 'network is down' >&2\nexit 1\n")
    monkeypatch.setattr(shutil, "which", which)
    with pytest.raises(LocalError, match="network is down"):
        assets.build(lambda _: None)
    said: list[str] = []
    building = assets.AssetsBuild(said.append)
    building.start()
    building.wait()
    assert any("without styles and live updates" in line and "network is down" in line for line in said)


def test_node_trusts_what_the_machine_trusts_unless_it_is_told_otherwise(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs_on_path = programs(checkout, "v24.1.0")
    monkeypatch.setattr(shutil, "which", programs_on_path)
    (checkout / "npm").write_text(f'#!/bin/sh\necho "$NODE_EXTRA_CA_CERTS" >>{checkout}/trusted\n')
    bundle = checkout / "authorities.pem"
    bundle.touch()
    monkeypatch.delenv("NODE_EXTRA_CA_CERTS", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assets.install(checkout)
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "/of/the/user.pem")
    assets.install(checkout)
    assert (checkout / "trusted").read_text().split() == [str(bundle), "/of/the/user.pem"]


def test_an_installed_package_is_not_built(checkout: Path) -> None:
    (checkout / "package.json").unlink()
    assets.build(lambda _: pytest.fail("there is nothing to build it from"))


@pytest.mark.parametrize("directory", [ROOT, ROOT / "tests" / "web" / "tools"], ids=["pages", "tests"])
def test_packages_are_pinned_and_their_lock_names_no_registry(directory: Path) -> None:
    wanted = json.loads((directory / "package.json").read_text())["devDependencies"]
    text = (directory / "package-lock.json").read_text()
    locked = json.loads(text)["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert '"resolved"' not in text
    assert "omit-lockfile-registry-resolved=true" in (directory / ".npmrc").read_text()
