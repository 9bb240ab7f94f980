"""Which Asterisk this machine can run: the one on PATH, the distribution's package, or Debian's in a root directory.

A root directory is a Debian system unpacked beside this one, from which only Asterisk is used. It is started without
chroot, through the directory's own dynamic loader: paths are then the same inside and outside, and no root is needed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ari_app.local import debian
from ari_app.local.debian import Say
from ari_app.local.errors import LocalError

#: by major version the first minor one that has what we use: UUID() in the dialplan, "progress" in ARI
OLDEST_MINOR = {20: 16, 21: 11, 22: 6}
OLDEST = "22.6 (or 21.11, or 20.16)"
SUITE = "forky"  # the Debian release whose Asterisk 22 is taken
MODULES_LINE = re.compile(r"^\s*astmoddir\s*=>?\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class AsteriskProgram:
    """How to run an Asterisk, and where its modules and its documentation are."""

    command: tuple[str, ...]
    modules_dir: Path
    data_dir: Path
    version: str


def find(cache_dir: Path, say: Say) -> AsteriskProgram:
    """The Asterisk of this machine; installed or unpacked first when there is none and we are allowed to.

    `ARI_APP_ASTERISK_ROOT` names a root directory to use instead of looking around.

    Raises:
        LocalError: there is none and none can be had; the text says what to install.
    """
    if named := os.environ.get("ARI_APP_ASTERISK_ROOT"):
        return in_root(Path(named))
    installed = on_path()
    if installed is not None and is_new_enough(installed.version):
        return installed
    root = cache_dir / f"asterisk-{SUITE}"
    if root.is_dir():
        return in_root(root)
    if not debian.may_install():
        found = "There is no Asterisk" if installed is None else f"Asterisk {installed.version} is too old"
        raise LocalError(
            f"{found} on this machine; needed is {OLDEST} or newer.\n"
            "Install such a version, or let root on Debian or Ubuntu start this once with "
            "ARI_APP_CACHE_DIR=/var/cache/ari_app and name the result yourself: "
            "ARI_APP_ASTERISK_ROOT=/var/cache/ari_app/asterisk-forky; or use: docker compose up"
        )
    if is_new_enough(debian.candidate_version("asterisk")):
        say("Installing this distribution's Asterisk package …")
        debian.install(["asterisk"], say)
        debian.disable_service("asterisk")
        if (program := on_path()) is not None:
            return program
    say(f"Unpacking Debian's Asterisk into {root} (once, about a minute) …")
    debian.unpack(root, SUITE, ["asterisk"], say)
    return in_root(root)


def is_new_enough(version: str) -> bool:
    """Whether an Asterisk of this version ("22.10.1") has everything we use; not for an empty one."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    return minor >= OLDEST_MINOR[major] if major in OLDEST_MINOR else major > max(OLDEST_MINOR)


def on_path() -> AsteriskProgram | None:
    """The Asterisk that is installed on this machine, of whatever version."""
    binary = shutil.which("asterisk", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if binary is None:
        return None
    modules = _first(
        [
            *_configured_modules(Path("/etc/asterisk/asterisk.conf")),
            *Path("/usr/lib").glob("*-linux-*/asterisk/modules"),
            Path("/usr/lib64/asterisk/modules"),
            Path("/usr/lib/asterisk/modules"),
            Path("/usr/local/lib/asterisk/modules"),
        ],
        "pbx_config.so",
    )
    data = _first([Path("/usr/share/asterisk"), Path("/var/lib/asterisk")], "documentation")
    if modules is None or data is None:
        return None
    return AsteriskProgram((binary,), modules, data, _version((binary,)))


def in_root(root: Path) -> AsteriskProgram:
    """The Asterisk of a Debian root directory.

    Raises:
        LocalError: there is none in it.
    """
    root = root.absolute()
    loaders = sorted(root.glob("usr/lib*/ld-linux-*.so.*"))
    modules = _first(sorted(root.glob("usr/lib/*/asterisk/modules")), "pbx_config.so")
    if not loaders or modules is None:
        raise LocalError(f"There is no Asterisk in {root}; remove that directory and start again.")
    libraries = modules.parents[1]
    command = (str(loaders[0]), "--library-path", str(libraries), str(root / "usr/sbin/asterisk"))
    return AsteriskProgram(command, modules, root / "usr/share/asterisk", _version(command))


def _configured_modules(conf: Path) -> list[Path]:
    try:
        return [Path(found) for found in MODULES_LINE.findall(conf.read_text(errors="replace"))]
    except OSError:
        return []


def _first(directories: list[Path], member: str) -> Path | None:
    return next((directory for directory in directories if (directory / member).exists()), None)


def _version(command: tuple[str, ...]) -> str:
    result = subprocess.run([*command, "-V"], capture_output=True, text=True, timeout=30, check=False)
    found = re.match(r"Asterisk (?:GIT-|certified[-/])?(\d+[\w.]*)", result.stdout)
    if found is None:
        raise LocalError(f"{command[-1]} does not tell its version: {result.stdout}{result.stderr}".strip())
    return found[1]
