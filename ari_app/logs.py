"""Logging: a static message and fields, one line each; personal data only in fields named `pii_*`, off by default."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import MutableMapping
from typing import Any, TextIO

# structlog reads rich where it is installed, as for development. We show plain tracebacks, and a start waits for it.
_RICH = "rich"
if _RICH in sys.modules:
    import structlog
else:
    sys.modules[_RICH] = None  # type: ignore[assignment]
    import structlog

    del sys.modules[_RICH]

log = structlog.get_logger(__name__)

#: libraries whose errors mean that another system is away, and not that the program is wrong
_DRIVERS = frozenset({"aiohttp", "apscheduler", "asyncpg"})


def configure(level: str, *, with_pii: bool, as_json: bool | None = None) -> None:
    """Set up logging for the process; JSON, unless the error stream is a terminal."""
    if as_json is None:
        as_json = not sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _keep_pii if with_pii else _drop_pii,
    ]
    # The default for a terminal shows the values of local variables with a traceback: numbers of callers, PINs.
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    chain = [*shared, structlog.processors.format_exc_info] if as_json else shared
    structlog.configure(
        processors=[*chain, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[LibraryEvents()], force=True)
    warnings.showwarning = _show_warning


class LibraryEvents(logging.Handler):
    """Turns a record of a library into an event of ours.

    Only the part of its text that is the same every time is kept: the rest may hold anything, a caller's number too.
    """

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        # asyncio puts its objects into the text itself, below the first line.
        says = str(record.msg).partition("\n")[0]
        fields: dict[str, Any] = {} if error is None else {"error": type(error).__name__}
        if error is not None and _is_mistake(error):
            fields["exc_info"] = error
        level = logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING
        log.log(level, "library_warning", library=record.name, says=says, **fields)


def _is_mistake(error: BaseException) -> bool:
    """Whether somebody has to look into the program, for which the traceback is needed."""
    library = type(error).__module__.partition(".")[0]
    return not isinstance(error, OSError | TimeoutError) and library not in _DRIVERS


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    where = f"{filename.rpartition('site-packages/')[2]}:{lineno}"
    log.warning("library_warning", library="python", says=category.__name__, where=where)


def _drop_pii(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in [key for key in event if key.startswith("pii_")]:
        del event[key]
    return event


def _keep_pii(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return event
