"""The log: one JSON object per line, ours and the libraries', and personal data only when it was asked for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.pure

PROGRAM = """
import logging, structlog
from ari_app import logs
logs.configure("info", with_pii={with_pii}, as_json=True)
structlog.get_logger().info("call_ended", call_id="1", pii_caller_number="+31201234567")
structlog.get_logger().debug("not_wanted")
try:
    raise OSError("gone")
except OSError:
    logging.getLogger("some.library").exception("it broke %s", "here")
logging.getLogger("some.library").info("not wanted")
"""


def lines(*, with_pii: bool) -> list[dict[str, object]]:
    program = PROGRAM.format(with_pii=with_pii)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_one_json_object_also_of_a_library_with_a_traceback() -> None:
    ours, library = lines(with_pii=False)
    assert (ours["event"], ours["level"], ours["call_id"]) == ("call_ended", "info", "1")
    assert (library["event"], library["level"], library["logger"]) == ("it broke here", "error", "some.library")
    assert "OSError: gone" in str(library["exception"])


def test_personal_data_is_in_the_log_only_when_it_was_asked_for() -> None:
    assert "pii_caller_number" not in lines(with_pii=False)[0]
    assert lines(with_pii=True)[0]["pii_caller_number"] == "+31201234567"
