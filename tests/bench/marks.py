"""`python -m tests.bench.marks serve`: the application, which notes when each event, statement and order was.

For `tests.bench.trace` alone: marking costs CPU, so nothing else is measured of such a run. The marks are lines of JSON
in the file that MARKS_FILE names, written when the process ends.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from ari_app.ari.stream import EventStream
from ari_app.ari.transport import Transport
from ari_app.calls.switch.incoming import EVENT_TYPES
from ari_app.cli import main
from ari_app.core.call import Call
from ari_app.core.operators import OperatorSession
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.notifications import Notifier

MARKS_FILE = "ARI_APP_BENCH_MARKS"
EVENT, STATEMENT, ORDER = "event", "statement", "order"

_marks: list[dict[str, Any]] = []


def _timed(
    kind: str, describe: Callable[..., dict[str, Any]]
) -> Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[Any]]]:
    """Mark each call of a coroutine function with its beginning and end."""

    def decorate(work: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(work)
        async def marked(*args: Any, **options: Any) -> Any:
            mark = {"kind": kind, **describe(*args, **options), "began_at": time.time()}
            mark.setdefault("call_id", structlog.contextvars.get_contextvars().get("call_id"))
            try:
                return await work(*args, **options)
            finally:
                _marks.append(mark | {"ended_at": time.time()})

        return marked

    return decorate


def _stored_call(_ledger: object, call: Call, *_: object) -> dict[str, Any]:
    return {"name": f"call, {call.stage.value}", "call_id": str(call.id), "channel_id": call.channel_id}


def _stored_session(_ledger: object, session: OperatorSession, *_: object) -> dict[str, Any]:
    of_call = {} if session.call_id is None else {"call_id": str(session.call_id)}
    return {"name": f"session, {session.state.value}", **of_call}


def _named(name: str) -> Callable[..., dict[str, Any]]:
    return lambda *_, **__: {"name": name}


def _order(_transport: object, name: str, /, **_: object) -> dict[str, Any]:
    return {"name": name}


def _mark_event(deliver: Callable[[EventStream, str], None]) -> Callable[[EventStream, str], None]:
    def marked(stream: EventStream, text: str) -> None:
        at, event = time.time(), json.loads(text)
        if event["type"] in EVENT_TYPES:
            channel = event.get("channel", {}).get("id")
            mark = {"kind": EVENT, "name": event["type"], "channel_id": channel, "began_at": at, "ended_at": at}
            _marks.append(mark)
        deliver(stream, text)

    return marked


def _replace(owner: type, name: str, decorate: Callable[[Any], Any]) -> None:
    setattr(owner, name, decorate(getattr(owner, name)))


def mark_everything() -> None:
    """Put the marks around what the path of a call consists of."""
    _replace(EventStream, "_deliver", _mark_event)
    _replace(Transport, "call_for_bytes", _timed(ORDER, _order))
    _replace(PostgresLedger, "store", _timed(STATEMENT, _stored_call))
    _replace(PostgresLedger, "store_session", _timed(STATEMENT, _stored_session))
    _replace(PostgresCallbackStore, "open_requests_of_number", _timed(STATEMENT, _named("callbacks of the number")))
    _replace(Notifier, "_send_waiting", _timed(STATEMENT, _named("notify")))


def _write() -> None:
    Path(os.environ[MARKS_FILE]).write_text("\n".join(map(json.dumps, _marks)))


def read(file: Path) -> Sequence[dict[str, Any]]:
    """The marks of a process that ended."""
    return [json.loads(line) for line in file.read_text().splitlines()]


if __name__ == "__main__":
    mark_everything()
    atexit.register(_write)
    main()
