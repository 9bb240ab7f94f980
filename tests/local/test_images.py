"""Images of the deployed form: what is built into them, the user that they run as, and the list of what they hold."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]
DOCKERFILES = [ROOT / "Dockerfile", ROOT / "asterisk-conf" / "Dockerfile"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=["application", "asterisk"])
def test_images_are_debian_and_run_as_somebody_who_is_not_root(dockerfile: Path) -> None:
    lines = [line.split() for line in dockerfile.read_text().splitlines()]
    assert {line[1] for line in lines if line[:1] == ["FROM"]} == {"${BASE_IMAGE}"}
    stage_starts = [number for number, line in enumerate(lines) if line[:1] == ["FROM"]]
    assert ["ARG", "BASE_IMAGE=debian:forky-slim"] in lines[: stage_starts[0]], "one for every stage"
    users = [line[1] for line in lines[stage_starts[-1] :] if line[:1] == ["USER"]]
    assert users
    assert users[-1] not in {"root", "0"}


def test_dependencies_are_installed_by_their_hashes() -> None:
    assert "--require-hashes" in DOCKERFILES[0].read_text()


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    copies = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILES[0].read_text(), re.MULTILINE)
    assert set(copies) == allowed
    assert all((ROOT / name).exists() for name in allowed)


def test_the_entrypoint_is_a_program_that_a_shell_can_read() -> None:
    entrypoint = ROOT / "asterisk-conf" / "entrypoint"
    assert entrypoint.stat().st_mode & 0o111
    assert subprocess.run(["/bin/sh", "-n", str(entrypoint)], check=False).returncode == 0


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=["application", "asterisk"])
def test_a_build_lists_what_it_installed(dockerfile: Path) -> None:
    assert ">/usr/share/ari_app/sbom.cdx.json" in dockerfile.read_text()


def test_the_list_of_an_image_is_a_bill_of_materials_with_debians_and_pythons_packages(tmp_path: Path) -> None:
    query = tmp_path / "dpkg-query"
    query.write_text("#!/bin/sh\nprintf 'deb\\tlibc6\\t2:2.36-9+deb12~1\\tamd64\\ndeb\\tasterisk\\t1\\tall\\n'\n")
    query.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    command = ["/bin/sh", str(ROOT / "asterisk-conf" / "sbom"), "ari_app", sys.executable]
    listed = json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.5")
    assert listed["metadata"]["component"]["name"] == "ari_app"
    urls = {part["purl"] for part in listed["components"]}
    libc = next(url for url in urls if "/libc6@" in url)
    assert libc.startswith("pkg:deb/") and libc.endswith("/libc6@2%3A2.36-9%2Bdeb12%7E1?arch=amd64")
    assert any(url.startswith("pkg:pypi/aiohttp@") for url in urls)
    assert all(part["name"] and part["version"] for part in listed["components"])
