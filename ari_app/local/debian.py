"""Debian and Ubuntu machines: installing packages with apt, and unpacking a root directory with debootstrap."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ari_app.local.errors import LocalError

Say = Callable[[str], None]

RELEASES = frozenset({"bullseye", "bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable"})
SCRIPTS = Path("/usr/share/debootstrap/scripts")
POLICY = Path("/usr/sbin/policy-rc.d")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PROGRESS = re.compile(r"^(Get:|Unpacking |Setting up |I: (?:Retrieving|Extracting|Unpacking|Configuring) )")


def may_install() -> bool:
    """Whether packages can be installed here: root, on a system with apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def candidate_version(package: str) -> str:
    """The version of a package that apt would install, without epoch; empty when it knows none."""
    shown = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Candidate: (?:\d+:)?(\d\S*)", shown)
    return found[1] if found else ""


def install(packages: Sequence[str], say: Say) -> None:
    """Install packages, with one line of progress that changes. Services that they bring are not started.

    `ARI_APP_APT_OPTIONS` is passed on to apt-get.

    Raises:
        LocalError: apt-get could not; the text ends with its last lines.
    """
    options = shlex.split(os.environ.get("ARI_APP_APT_OPTIONS", ""))
    apt = ["apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", *options]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run([*apt, "update"], environment)
    with _no_services():
        _run([*apt, "install", "--no-install-recommends", *packages], environment)


@contextmanager
def _no_services() -> Iterator[None]:
    """Debian's own way to install a program without starting it: an Asterisk of its own would take the SIP port."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def disable_service(name: str) -> None:
    """Keep a service that a package brought from starting when the machine does."""
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "disable", "--now", name], capture_output=True, check=False)


def unpack(root: Path, suite: str, packages: Sequence[str], say: Say) -> None:
    """Make a Debian root directory with these packages; it appears under its name only when it is complete.

    `ARI_APP_DEBOOTSTRAP_OPTIONS` is passed on to debootstrap.

    Raises:
        LocalError: debootstrap could not; the text ends with its last lines.
    """
    if shutil.which("debootstrap") is None or not KEYRING.exists():
        say("Installing debootstrap …")
        install(["debootstrap", "debian-archive-keyring"], say)
    root.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    # An ordinary user may use what root unpacked, if root's cache directory lets them in.
    unfinished.chmod(0o755)
    options = shlex.split(os.environ.get("ARI_APP_DEBOOTSTRAP_OPTIONS", ""))
    script = [] if (SCRIPTS / suite).exists() else [str(SCRIPTS / "sid")]
    command = [
        "debootstrap",
        "--variant=minbase",
        f"--include={','.join(packages)}",
        f"--keyring={KEYRING}",
        *options,
        suite,
        str(unfinished),
        mirror(),
        *script,
    ]
    try:
        _run(command, {**os.environ, **_proxy()})
        shutil.rmtree(unfinished / "var/cache/apt/archives", ignore_errors=True)
        unfinished.rename(root)
    except OSError as error:
        if not root.is_dir():  # otherwise another start was quicker, and its root is as good
            raise LocalError(f"{unfinished} could not become {root}: {error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def mirror(etc_apt: Path = Path("/etc/apt")) -> str:
    """`ARI_APP_DEBIAN_MIRROR`, or the Debian mirror that this machine's own apt uses; "" lets debootstrap choose."""
    found = (uri.rstrip("/") for uri, is_debian in _sources(etc_apt) if is_debian)
    return os.environ.get("ARI_APP_DEBIAN_MIRROR") or next(found, "")


def _sources(etc_apt: Path) -> Iterable[tuple[str, bool]]:
    """Each archive that apt reads, and whether it is Debian's main archive."""
    files = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*"))]
    for file in files:
        if not file.is_file():
            continue
        text = file.read_text(errors="replace")
        if file.suffix == ".sources":
            yield from _deb822(text)
        elif file.suffix == ".list":
            for line in text.splitlines():
                words = re.sub(r"\[[^]]*\]", "", line).split()
                if len(words) >= 3 and words[0] == "deb":
                    yield words[1], _is_debian(words[1], words[2:])


def _deb822(text: str) -> Iterable[tuple[str, bool]]:
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        fields: dict[str, str] = {}
        name = ""
        for line in lines:
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, _, content = line.partition(":")
                name = name.strip().lower()
                fields[name] = content.strip()
        if fields.get("enabled", "yes").lower() == "no" or "deb" not in fields.get("types", "").split():
            continue
        rest = [*fields.get("suites", "").split(), *fields.get("components", "").split()]
        for uri in fields.get("uris", "").split():
            yield uri, _is_debian(uri, rest)


def _is_debian(uri: str, suites_and_components: Sequence[str]) -> bool:
    """Whether this is Debian's main archive, and neither its security archive nor somebody else's packages."""
    return (
        uri.startswith(("http://", "https://"))
        and "debian" in uri
        and "security" not in uri
        and "main" in suites_and_components
        and not RELEASES.isdisjoint(suites_and_components)
    )


def _proxy() -> dict[str, str]:
    """The proxy that apt is configured with; debootstrap does not ask apt."""
    if "http_proxy" in os.environ:
        return {}
    shown = subprocess.run(
        ["apt-config", "shell", "proxy", "Acquire::http::Proxy"], capture_output=True, text=True, check=False
    ).stdout
    found = re.match(r"proxy='(http[^']+)'", shown)
    return {"http_proxy": found[1]} if found else {}


def _run(command: Sequence[str], environment: dict[str, str]) -> None:
    tail: list[str] = []
    terminal = sys.stderr.isatty()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            tail = [*tail[-14:], line.rstrip()]
            if terminal and PROGRESS.match(line):
                sys.stderr.write(f"\r\033[K  {line.rstrip()[:100]}")
                sys.stderr.flush()
        if terminal:
            sys.stderr.write("\r\033[K")
    if running.returncode != 0:
        raise LocalError(f"'{' '.join(command[:3])} …' failed with code {running.returncode}:\n" + "\n".join(tail))
