"""The end of processes that we started."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from ari_app.local.process import _still_runs
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.pure

#: its first thread ends and another goes on, as while Asterisk ends; the process then looks like a zombie
HALF_ENDED = """
import ctypes, sys, threading
threading.Thread(target=sys.stdin.read).start()
print("begun", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_runs_until_its_last_thread_is_gone() -> None:
    command = [sys.executable, "-c", HALF_ENDED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdout.readline()
        process = psutil.Process(child.pid)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while process.status() != psutil.STATUS_ZOMBIE:  # nobody tells of it
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert _still_runs(process)
        child.kill()
        child.wait()
        assert not _still_runs(process)
