"""Nobody can answer now: the caller is told so, and the call ends."""

from __future__ import annotations

from ari_app.calls.flow import End, Flow, Step
from ari_app.core.call import EndReason, Fact, FactKind
from ari_app.prompts import phrases


async def leaving_callback(flow: Flow) -> Step | End:
    flow.shell.dispatcher.leave(flow.call.id)
    call = flow.call
    too_long = call.wait_until_at is not None and call.wait_until_at <= call.stage_entered_at
    await flow.answer()
    await flow.play(phrases.WAITED_TOO_LONG if too_long else phrases.NOBODY)
    await flow.store(Fact(flow.now, FactKind.ANNOUNCED, {"what": "too_long" if too_long else "nobody"}))
    return End(EndReason.WAITED_TOO_LONG if too_long else EndReason.NOBODY_AVAILABLE)
