"""Errors between the application and Asterisk.

    AriError                any of the below
    ├── AriUnreachable      no answer: refused, broken off, or too slow; a command may have been done nevertheless
    │   └── NoAnswer        too slow: nothing came within the timeout, on a connection that may be sound
    ├── Unauthorized        401, 403: wrong user or password, or a read-only user
    ├── BadRequest          400: the request makes no sense to Asterisk
    ├── NotFound            404: no such channel, bridge, playback, ... (any more)
    ├── Conflict            409, 412, 422: it exists already, or its present state does not allow this
    │   └── NotInStasis     the channel is alive, but (not yet, or no longer) in an application's hands
    ├── Unavailable         500 "Allocation failed": nobody can be called there now
    ├── ServerError         any other 5xx
    └── UnexpectedAnswer    an answer that is not ARI's

Asterisk's status alone does not tell these apart (22.10.1): a channel that is not in Stasis is 409 for a channel's
operations and 422 for a bridge's; a dead channel that is to be added to a bridge is 400; an unregistered phone is 500.
Hence `error_for` also looks at the message.
"""

from __future__ import annotations


class AriError(Exception):
    """Something went wrong with `operation`, e.g. "channels.answer". Holds no arguments: they may be personal."""

    def __init__(self, operation: str, detail: str, status: int | None = None) -> None:
        super().__init__(operation, detail, status)
        self.operation = operation
        self.detail = detail
        self.status = status

    def __str__(self) -> str:
        status = "" if self.status is None else f"{self.status} "
        return f"{self.operation}: {status}{self.detail}"


class AriUnreachable(AriError):
    pass


class NoAnswer(AriUnreachable):
    pass


class Unauthorized(AriError):
    pass


class BadRequest(AriError):
    pass


class NotFound(AriError):
    pass


class Conflict(AriError):
    pass


class NotInStasis(Conflict):
    pass


class Unavailable(AriError):
    pass


class ServerError(AriError):
    pass


class UnexpectedAnswer(AriError):
    pass


_BY_STATUS: dict[int, type[AriError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    422: Conflict,
}
#: the same words mean "out of memory" or a missing directory elsewhere
_CALLS_SOMEBODY = {"channels.create", "channels.originate", "channels.originate_with_id"}


def error_for(operation: str, status: int, detail: str) -> AriError:
    """The error that an answer with this status and message means."""
    kind = _BY_STATUS.get(status)
    if kind is None:
        kind = ServerError if 500 <= status < 600 else UnexpectedAnswer
    if kind is Conflict and "not in Stasis" in detail:
        kind = NotInStasis
    elif kind is BadRequest and detail == "Channel not found":
        kind = NotFound
    elif operation in _CALLS_SOMEBODY and detail == "Allocation failed":
        kind = Unavailable
    return kind(operation, detail, status)
