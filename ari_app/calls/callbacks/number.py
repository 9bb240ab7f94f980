"""The number to call back: the one that the network showed or one that is keyed in, and confirmed by the caller."""

from __future__ import annotations

from ari_app.calls.call.flow import Flow
from ari_app.calls.call.gather import ask_key, ask_number
from ari_app.core.callback_requests import callback_number
from ari_app.core.callbacks import Confirmed
from ari_app.core.numbers import E164
from ari_app.core.tariffs import Forbidden
from ari_app.prompts.phrases import callback_caller as say

TRIES = 3


async def confirmed_number(flow: Flow) -> tuple[E164, Confirmed] | None:
    """The number, and how the caller confirmed it; None when they confirmed none."""
    shown = flow.call.pii_caller_number
    if shown is not None:
        number = callback_number(shown, flow.area)
        if isinstance(number, Forbidden):
            await flow.play((*say.this_number(shown), *say.not_called(number.reason)))
        else:
            match await ask_key(flow, say.shown(number), ("1", "2")):
                case "1":
                    return number, Confirmed.SHOWN
                case None:
                    return None
    return await _typed(flow)


async def _typed(flow: Flow) -> tuple[E164, Confirmed] | None:
    for _ in range(TRIES):
        keyed = await ask_number(flow, say.KEY_YOUR_NUMBER)
        number = callback_number(keyed, flow.area)
        if isinstance(number, Forbidden):
            await flow.play(say.not_called(number.reason))
            continue
        match await ask_key(flow, say.typed(number), ("1", "2")):
            case "1":
                return number, Confirmed.TYPED
            case None:
                return None
    return None
