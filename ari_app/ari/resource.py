"""The base of every group of operations: sends a request and decodes the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ari_app.ari import fields
from ari_app.ari.errors import UnexpectedAnswer
from ari_app.ari.fields import Object, WrongShape
from ari_app.ari.transport import Argument, Transport

T = TypeVar("T")


class Resource:
    """Methods are named as ari-py names them, in snake_case; each raises AriError.

    Arguments that stand in the path come first, the others by name only. An argument that is None is not sent.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def _do(self, name: str, /, **arguments: Argument) -> None:
        await self._transport.call_for_bytes(name, **arguments)

    async def _one(self, decode: Callable[[Object], T], name: str, /, **arguments: Argument) -> T:
        answer = await self._transport.call(name, **arguments)
        try:
            return decode(fields.an_object(answer))
        except WrongShape as error:
            raise UnexpectedAnswer(name, f"in the answer: {error}") from None

    async def _many(self, decode: Callable[[Object], T], name: str, /, **arguments: Argument) -> tuple[T, ...]:
        answer = await self._transport.call(name, **arguments)
        try:
            return tuple(decode(item) for item in fields.objects(answer))
        except WrongShape as error:
            raise UnexpectedAnswer(name, f"in the answer: {error}") from None


def value_of(data: Object) -> str:
    """The one field of a Variable."""
    return fields.text(data, "value")


def values_of(data: Object) -> dict[str, str]:
    """The variables of a Variables answer; one that is not set is left out."""
    return fields.variables(data, "variables")
