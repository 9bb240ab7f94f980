"""Announcements to the caller: recorded as such only when the caller heard them to their end."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.core.area import Calamity
from ari_app.core.call import Fact, FactKind
from ari_app.prompts.phrases import caller as to_caller
from ari_app.prompts.phrases.parts import municipality_name

log = structlog.get_logger(__name__)


async def announce(flow: Flow, names: Sequence[str], what: str) -> bool:
    """Play an announcement, and record it if it was heard; False if it was not. Raises PartyLeft."""
    await flow.play(names)
    if flow.was_heard:
        await flow.commit(Fact(flow.now, FactKind.ANNOUNCED, {"what": what}))
    return flow.was_heard


async def announce_calamity(flow: Flow, calamity: Calamity) -> bool:
    """Play a calamity text, with the municipality's name where the caller has not chosen one; False if not heard.

    A text that has no sound yet is made now. Raises PartyLeft.
    """
    names = to_caller.calamity(calamity.text)
    if not flow.shell.voice.media(names[-1:], flow.call.municipality):
        made = await flow.shell.voice.say(calamity.text)
        if not made:
            log.error("calamity_not_announced", call_id=str(flow.call.id), municipality=calamity.municipality)
            return False
        names = (*names[:-1], *made)
    whose = municipality_name(calamity.municipality) if flow.call.municipality is None else ()
    return await announce(flow, (*whose, *names), "calamity")
