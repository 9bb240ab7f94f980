"""Programs of the distribution that the system needs, and getting them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence

from ari_app.local import debian
from ari_app.local.debian import Say
from ari_app.local.errors import LocalError

#: program → the package that has it, on Debian and Ubuntu
PACKAGES: Mapping[str, str] = {
    "espeak-ng": "espeak-ng",
    "sox": "sox",
    "sipp": "sip-tester",
    "iptables": "iptables",
    "chromium-headless-shell": "chromium-headless-shell",
}
FOR_RUN = ("espeak-ng", "sox")
FOR_TESTS = (*FOR_RUN, "sipp", "iptables", "chromium-headless-shell")


def missing(programs: Sequence[str]) -> tuple[str, ...]:
    """Those of the programs that are not on PATH."""
    return tuple(program for program in programs if shutil.which(program) is None)


def require(programs: Sequence[str], say: Say) -> None:
    """Make sure that these programs are there; installs them as root on Debian and Ubuntu.

    Raises:
        LocalError: they are not there and cannot be installed; the text names the packages.
    """
    absent = missing(programs)
    if not absent:
        return
    packages = [PACKAGES[program] for program in absent]
    if debian.may_install():
        say(f"Installing {', '.join(packages)} …")
        debian.install(packages, say)
        absent = missing(programs)
    if absent:
        raise LocalError(
            f"{' and '.join(absent)} not found. Install the package{'s' if len(packages) > 1 else ''} "
            f"{' '.join(packages)} (Debian, Ubuntu: apt-get install {' '.join(packages)}), "
            "or use: docker compose up"
        )
