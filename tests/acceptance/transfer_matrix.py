"""Every state of a transfer, what may happen in it, and what comes of that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.acceptance.lanes import Scene

Deed = Callable[[Scene], Awaitable[None]]


# --- the states ------------------------------------------------------------------------------------------------------


async def _ringing_warm(s: Scene) -> None:
    await s.asks(f"*1{s.lane.colleague}#")
    await s.is_on_hold()


async def _ringing_cold(s: Scene) -> None:
    await s.asks(f"*2{s.lane.colleague}#")
    await s.is_on_hold()


async def _consulting(s: Scene) -> None:
    await s.asks(f"*1{s.lane.colleague}#", picked_up=True)
    await s.is_on_hold(s.lane.operator_desk, s.lane.colleague_desk)


async def _with_caller(s: Scene) -> None:
    await _consulting(s)
    await s.operator.press("*31")
    await s.is_with(s.lane.operator_desk)


async def _conferenced(s: Scene) -> None:
    await _consulting(s)
    await s.operator.press("*32")
    await s.is_with(s.lane.operator_desk, s.lane.colleague_desk)


async def _on_hold(s: Scene) -> None:
    await s.operator.press("*4")
    await s.is_on_hold(s.lane.operator_desk)


async def _coming_back(s: Scene) -> None:
    """A cold transfer was declined; the operator is being told."""
    await _ringing_cold(s)
    assert s.colleague is not None
    await s.colleague.decline()
    await s.centre.call_has(s.citizen, "returned_at IS NOT NULL", True)


# --- what happens ----------------------------------------------------------------------------------------------------


async def _caller_leaves(s: Scene) -> None:
    await s.citizen.hang_up()


async def _operator_leaves(s: Scene) -> None:
    await s.operator.hang_up()
    await s.operator.ended()


async def _colleague_leaves(s: Scene) -> None:
    assert s.colleague is not None
    if s.colleague.answered_at is None:
        await s.colleague.decline()
    else:
        await s.colleague.hang_up()


async def _completes(s: Scene) -> None:
    await s.operator.press("*33")


async def _cancels(s: Scene) -> None:
    await s.operator.press("*34")


async def _time_passes(s: Scene) -> None:
    """The colleague's phone rings as long as it may."""
    assert s.colleague is not None
    await s.colleague.ended()


async def _nothing(s: Scene) -> None:
    pass


# --- what comes of it ------------------------------------------------------------------------------------------------


async def _call_is_over(s: Scene) -> None:
    call = await s.centre.call(s.citizen)
    assert call["answered_at"] is not None
    await s.is_over("caller_left_in_transfer" if await s.transfers() else "caller_hung_up")
    if s.colleague is not None:
        await s.colleague.ended()
    await s.centre.operator_is(s.lane.operator, "ready")
    await s.counts(0)


async def with_operator(s: Scene) -> None:
    await s.is_with(s.lane.operator_desk)
    await s.counts(0)
    await s.centre.operator_is(s.lane.operator, "talking")
    if s.colleague is not None:
        await s.colleague.ended()


async def with_colleague(s: Scene) -> None:
    """Picked up now, if not before."""
    assert s.colleague is not None
    if s.colleague.answered_at is None:
        await s.colleague.pick_up()
    await s.is_with(s.lane.colleague_desk)
    await s.counts(1)
    await s.centre.call_is(s.citizen, "talking")
    if s.operator.ending is None:
        await s.centre.operator_is(s.lane.operator, "ready")


async def _first_in_queue(s: Scene) -> None:
    await s.is_on_hold()
    await s.centre.call_is(s.citizen, "waiting")
    await s.counts(0)
    s.operator = await s.centre.phones.operator(s.lane.operator_desk, s.lane.operator, f"7{s.lane.operator}")
    await s.is_with(s.lane.operator_desk)


STATES: dict[str, Deed] = {
    "ringing": _ringing_warm,
    "ringing, cold": _ringing_cold,
    "consulting": _consulting,
    "with the caller": _with_caller,
    "conferenced": _conferenced,
    "on hold": _on_hold,
    "coming back": _coming_back,
}
MATRIX: dict[str, dict[str, tuple[Deed, Deed]]] = {
    "ringing": {
        "caller leaves": (_caller_leaves, _call_is_over),
        "operator leaves": (_operator_leaves, with_colleague),
        "colleague declines": (_colleague_leaves, with_operator),
        "complete": (_completes, with_colleague),
        "cancel": (_cancels, with_operator),
        "time is up": (_time_passes, with_operator),
    },
    "ringing, cold": {
        "caller leaves": (_caller_leaves, _call_is_over),
        "operator leaves": (_operator_leaves, with_colleague),
        "colleague declines": (_colleague_leaves, with_operator),
        "complete": (_nothing, with_colleague),
        "time is up": (_time_passes, with_operator),
    },
    "consulting": {
        "caller leaves": (_caller_leaves, _call_is_over),
        "operator leaves": (_operator_leaves, with_colleague),
        "colleague leaves": (_colleague_leaves, with_operator),
        "complete": (_completes, with_colleague),
        "cancel": (_cancels, with_operator),
    },
    "with the caller": {
        "caller leaves": (_caller_leaves, _call_is_over),
        "operator leaves": (_operator_leaves, with_colleague),
        "colleague leaves": (_colleague_leaves, with_operator),
        "complete": (_completes, with_colleague),
        "cancel": (_cancels, with_operator),
    },
    "conferenced": {
        "caller leaves": (_caller_leaves, _call_is_over),
        "operator leaves": (_operator_leaves, with_colleague),
        "colleague leaves": (_colleague_leaves, with_operator),
        "complete": (_completes, with_colleague),
        "cancel": (_cancels, with_operator),
    },
    "on hold": {
        "caller leaves": (_caller_leaves, _call_is_over),
        "operator leaves": (_operator_leaves, _first_in_queue),
    },
    "coming back": {
        "caller leaves": (_caller_leaves, _call_is_over),
        "operator leaves": (_operator_leaves, _first_in_queue),
        "nothing else": (_nothing, with_operator),
    },
}
