"""The log: one JSON object per line, ours and the libraries', and personal data only when it was asked for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.pure

PROGRAM = """
import logging, structlog, warnings
from ari_app import logs
logs.configure("info", with_pii={with_pii}, as_json=True)
structlog.get_logger().info("call_ended", call_id="1", pii_caller_number="+31201234567")
structlog.get_logger().debug("not_wanted")
try:
    raise OSError("gone")
except OSError:
    logging.getLogger("some.library").exception("it broke %s", "+31201234567")
logging.getLogger("some.library").info("not wanted")
try:
    {{}}["missing"]
except KeyError as mistake:
    logging.getLogger("asyncio").error("Task exception was never retrieved\\nfuture: +31201234567", exc_info=mistake)
warnings.warn("+31201234567", ResourceWarning)
"""


def lines(*, with_pii: bool) -> list[dict[str, object]]:
    program = PROGRAM.format(with_pii=with_pii)
    done = subprocess.run([sys.executable, "-W", "always", "-c", program], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_what_a_library_logs_is_an_event_of_ours_without_the_text_that_varies() -> None:
    ours, library, mistake, warning = lines(with_pii=False)
    assert (ours["event"], ours["level"], ours["call_id"]) == ("call_ended", "info", "1")
    assert (library["event"], library["level"], library["library"]) == ("library_warning", "error", "some.library")
    assert (library["says"], library["error"]) == ("it broke %s", "OSError")
    assert (mistake["library"], mistake["says"]) == ("asyncio", "Task exception was never retrieved")
    assert (warning["event"], warning["says"]) == ("library_warning", "ResourceWarning")


def test_a_traceback_is_kept_of_a_mistake_and_not_of_a_system_that_is_away() -> None:
    _, away, mistake, _ = lines(with_pii=False)
    assert "exception" not in away
    assert "KeyError" in str(mistake["exception"])


def test_no_text_of_a_library_holds_a_number() -> None:
    assert "+31201234567" not in str(lines(with_pii=False))


def test_rich_is_not_read_and_can_be_imported_afterwards() -> None:
    program = "import sys\nfrom ari_app import logs\nassert 'rich' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_personal_data_is_in_the_log_only_when_it_was_asked_for() -> None:
    assert "pii_caller_number" not in lines(with_pii=False)[0]
    assert lines(with_pii=True)[0]["pii_caller_number"] == "+31201234567"
