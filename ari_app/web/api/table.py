"""The shape of the table of operations: method, path, rights, and what comes in and goes out.

The routes, the checks of each request and `openapi.json` are made of the same rows, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aiohttp import web

from ari_app.core.access import Action, Actor
from ari_app.core.ids import ServiceTokenId, WebSessionId
from ari_app.web.api.shapes import Body, Query, Shape
from ari_app.web.site import Site

PREFIX = "/api/v1"

Q = TypeVar("Q", bound=Query, covariant=True)
B = TypeVar("B", bound=Body | None, covariant=True)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request: a program with a token, or somebody who is logged in on the pages."""

    actor: Actor
    most_per_minute: int
    token: ServiceTokenId | None = None
    session: WebSessionId | None = None

    @property
    def author(self) -> str:
        """As the audit log and commands have it."""
        return f"service:{self.actor.login}" if self.token is not None else f"account:{self.actor.login}"

    @property
    def is_program(self) -> bool:
        return self.token is not None


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q, B]):
    """One request that was checked: its sender may do this for some municipality; the handler asks for which."""

    request: web.Request
    site: Site
    caller: Caller
    query: Q
    body: B

    @property
    def actor(self) -> Actor:
        return self.caller.actor

    def path(self, name: str) -> str:
        return self.request.match_info[name]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers: a value of the operation's shape, and another status than its own if need be."""

    value: Shape
    status: int | None = None


Handler = Callable[[Asked[Any, Any]], Awaitable[Answer | web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. `actions`: a person needs one of them; a program the first, by its token's scope (`core.access`).

    `problems`: statuses besides those that every operation may have. `is_command`: it is carried out by the controller,
    under the id of the header `Idempotency-Key`. `media`: of an answer that is no JSON.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    actions: tuple[Action, ...]
    handler: Handler
    answer: type[Shape] | None
    query: type[Query] = Query
    body: type[Body] | None = None
    status: int = 200
    problems: tuple[int, ...] = ()
    is_command: bool = False
    media: str = "application/json"

    @property
    def path_names(self) -> tuple[str, ...]:
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def every_problem(self) -> tuple[int, ...]:
        found = {400, 401, 403, 429, 500, 503, *self.problems}
        if self.path_names:
            found.add(404)
        if self.body is not None:
            found |= {413, 415}
        if self.is_command:
            found |= {404, 409}
        return tuple(sorted(found))
