"""The log never shows these: callers' numbers, keys that were pressed, PINs, passwords."""

from __future__ import annotations

import ast
import io
import json
import sys
from pathlib import Path

import pytest
import structlog

import ari_app
from ari_app import logs

pytestmark = pytest.mark.pure

NUMBER = "+31201234567"
PERSONAL = frozenset({"caller_number", "digit", "digits", "keyed", "pin", "password", "ari_password", "pressed"})
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "log"})


def configured(monkeypatch: pytest.MonkeyPatch, *, with_pii: bool = False, as_json: bool = True) -> io.StringIO:
    """Where the log of this test goes."""
    monkeypatch.setattr(sys, "stderr", out := io.StringIO())
    logs.configure("info", with_pii=with_pii, as_json=as_json)
    return out


def fail_with(pii_caller_number: str) -> None:
    raise ValueError(f"no such stage: {len(pii_caller_number)}")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_values_of_variables(monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    stream = configured(monkeypatch, as_json=as_json)
    try:
        fail_with(NUMBER)
    except ValueError:
        structlog.get_logger().exception("call_fault", call_id="c1")
    assert "fail_with" in stream.getvalue() and "no such stage" in stream.getvalue()
    assert NUMBER not in stream.getvalue()


@pytest.mark.parametrize("with_pii", [True, False])
def test_personal_fields_are_shown_only_when_asked_for(monkeypatch: pytest.MonkeyPatch, with_pii: bool) -> None:
    stream = configured(monkeypatch, with_pii=with_pii)
    structlog.get_logger().info("caller_seen", call_id="c1", pii_caller_number=NUMBER)
    line = json.loads(stream.getvalue())
    assert line["call_id"] == "c1"
    assert line.get("pii_caller_number") == (NUMBER if with_pii else None)


@pytest.mark.parametrize("after", ["a log that was configured", "that test"])
def test_what_a_test_configures_ends_with_it(monkeypatch: pytest.MonkeyPatch, after: str) -> None:
    with structlog.testing.capture_logs() as lines:
        logs.log.warning("seen", after=after)
    assert [line["after"] for line in lines] == [after]
    configured(monkeypatch)
    logs.log.warning("kept_by_the_logger")


def test_every_log_line_has_a_fixed_message_and_names_what_is_personal() -> None:
    found = 0
    for file in Path(ari_app.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(call, ast.Call) and ast.unparse(call.func) in {f"log.{level}" for level in LEVELS}):
                continue
            found += 1
            where = f"{file.name}:{call.lineno}"
            message = call.args[1 if ast.unparse(call.func) == "log.log" else 0]
            assert isinstance(message, ast.Constant), f"{where}: what varies belongs in a field"
            for keyword in call.keywords:
                if keyword.arg is None or not keyword.arg.startswith("pii_"):
                    assert not _personal(keyword.value), (
                        f"{where}: {keyword.arg} is personal: call it pii_{keyword.arg}"
                    )
    assert found > 30


def _personal(value: ast.expr) -> set[str]:
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(value) if isinstance(node, ast.Attribute)}
    return {name for name in names if name in PERSONAL or name.startswith("pii_")}
