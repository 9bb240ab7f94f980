"""Rules about what lasts: a silence between two things that happen, and a promise without a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from datetime import datetime, timedelta

from ari_app.core.call import Call, Leg, LegRole, Stage
from ari_app.core.callbacks import AttemptOutcome, CallbackAttempt, CallbackRequest, RequestKind
from ari_app.core.ids import ChannelId, Endpoint
from tests.calls.world import World

MOST_SILENCE = timedelta(seconds=2)
#: elsewhere prompts are heard, and a fake one has no length: there RTP is measured (tests.acceptance.silence)
WITHOUT_PROMPTS = {Stage.WAITING, Stage.CONNECTING, Stage.TALKING, Stage.SURVEY}


class Silence:
    """Watches that no citizen who waits or talks on a line that is taken hears nothing for longer than two seconds.

    An operator who listens to us counts as somebody: whether the caller hears music meanwhile depends on the length of
    what is said (tests/calls/test_music_meanwhile.py). `is_excused`: something is broken, and silence may be the price.
    """

    def __init__(self, world: World, is_excused: Callable[[], bool]) -> None:
        self._world = world
        self._is_excused = is_excused
        self._since: dict[ChannelId, datetime] = {}
        world.clock.observer = self.check

    def check(self) -> None:
        now, switch = self._world.clock.now(), self._world.switch
        there = switch.up & switch.in_hand()
        calls = [c for c in self._world.ledger.calls.values() if c.channel_id in there and c.stage in WITHOUT_PROMPTS]
        silent = {call.channel_id for call in calls if not self._hears_something(call)}
        self._since = {channel_id: self._since.get(channel_id, now) for channel_id in silent}
        late = [channel_id for channel_id, since in self._since.items() if now - since > MOST_SILENCE]
        assert not late or self._is_excused(), f"in silence for more than {MOST_SILENCE}: {late}"

    def _hears_something(self, call: Call) -> bool:
        """Music, a prompt, somebody; or the call is being told to the operator who is to have it."""
        switch = self._world.switch
        session = self._world.ledger.sessions.get(call.operator_session) if call.operator_session else None
        is_told = session is not None and session.channel_id in switch.playing.values()
        hears = call.channel_id in switch.music or call.channel_id in switch.playing.values()
        return hears or is_told or bool(switch.partners(call.channel_id))


def check_plans(requests: Iterable[CallbackRequest]) -> None:
    """A promise has a way before its deadline: an attempt that is planned, a call that is made, or a person."""
    for one in requests:
        if one.closed_at is not None or one.kind is not RequestKind.PROMISE:
            continue
        assert one.plan_by_at <= one.deadline_at, one
        is_planned = one.next_attempt_at is not None and one.next_attempt_at <= one.deadline_at
        is_a_persons = one.attempts_count > 0 and one.next_attempt_at is None
        assert is_planned or is_a_persons or one.lease_owner is not None, one


def check_people(calls: Iterable[Call], legs: Iterable[Leg], attempts: Iterable[CallbackAttempt]) -> None:
    """Answered and reached say that a person picked up: there is a leg of theirs that was answered."""
    answered = [leg for leg in legs if leg.answered_at is not None]
    with_human = {leg.call_id for leg in answered if leg.role is not LegRole.CALLER}
    with_citizen = {leg.call_id for leg in answered if leg.role in (LegRole.CALLER, LegRole.CALLBACK)}
    assert not [call for call in calls if call.answered_at is not None and call.id not in with_human]
    reached = [one for one in attempts if one.outcome is AttemptOutcome.REACHED]
    assert not [one for one in reached if one.call_id not in with_citizen]


def check_dialled(world: World, before: Set[Endpoint]) -> set[Endpoint]:
    """No number that is served here is called from here; returns what was called, with what was called `before`."""
    dialled = {endpoint for endpoint, _, _ in world.switch.created.values()} - before
    if dialled:
        area = world.area
        served = {number for town in area.municipalities.values() for number in town.geographic_numbers}
        served |= {*area.direct_numbers, *area.shared_numbers}
        assert not {endpoint for endpoint in dialled if any(number in endpoint for number in served)}
    return dialled | before
