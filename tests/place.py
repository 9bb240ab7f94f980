"""Addresses, ports and directories of one worker of a test run, so that workers run side by side (pytest-xdist).

Each worker has loopback addresses of its own. A port that is free on one of them stays free until it is used, and the
phones of one worker never reach the Asterisk of another. 127.0.0.1 belongs to nobody: programs call from it.
"""

from __future__ import annotations

import os

#: "gw0", "gw1", …; empty when the tests run in this very process
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
_NUMBER = 1 + int(WORKER.removeprefix("gw") or 0)


def address(last: int) -> str:
    """The worker's own loopback address that ends in this number, 1 to 254."""
    return f"127.0.{_NUMBER}.{last}"
