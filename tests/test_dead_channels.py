"""A channel that Asterisk keeps by mistake is known by all of its signs: no other one that is left is taken for it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.dead_channels import only_dead_are_left

pytestmark = pytest.mark.pure


@dataclass
class Left:
    """What is left after a test: one dead channel, where callers wait."""

    there: dict[str, str] = field(default_factory=lambda: {"a": "PJSIP/trunk-1"})
    places: dict[str, list[str]] = field(default_factory=lambda: {"waiting-1": ["a"]})
    gave_up: set[str] = field(default_factory=lambda: {"a", "of an earlier test"})
    without_phone: set[str] = field(default_factory=lambda: {"a"})
    obedient: set[str] = field(default_factory=set)

    def channels(self) -> dict[str, str]:
        return dict(self.there)

    def bridges(self) -> dict[str, list[str]]:
        return self.places

    def given_up(self) -> set[str]:
        return self.gave_up

    def phone_has_gone(self, channel_id: str) -> bool:
        return channel_id in self.without_phone

    def hang_up(self, channel_id: str) -> None:
        if channel_id in self.obedient:
            del self.there[channel_id]


TWO = {"a": "PJSIP/trunk-1", "b": "PJSIP/phone01-2"}


@pytest.mark.parametrize(
    "left",
    [Left(), Left(places={"talk-1": ["a"]}), Left(places={"waiting-1": []}), Left(places={})],
    ids=["waiting", "in a talk", "taken out", "nowhere"],
)
def test_a_dead_channel_is_known_wherever_it_is(left: Left) -> None:
    assert only_dead_are_left(left, obeyed_seconds=0.01)


@pytest.mark.parametrize(
    "left",
    [
        Left(there={}),
        Left(gave_up=set()),
        Left(without_phone=set()),
        Left(there=dict(TWO)),
        Left(there=dict(TWO), gave_up={"a", "b"}),
        Left(there=dict(TWO), without_phone={"a", "b"}),
        Left(places={"waiting-1": ["a"], "talk-1": []}),
        Left(places={"talk-1": ["a", "b"]}),
    ],
    ids=[
        "nothing",
        "not given up",
        "has a phone",
        "another",
        "another with a phone",
        "another not given up",
        "an empty bridge",
        "a bridge with another",
    ],
)
def test_whatever_else_is_left_is_no_dead_channel(left: Left) -> None:
    assert not only_dead_are_left(left, obeyed_seconds=0.01)


@pytest.mark.parametrize(
    "left",
    [Left(obedient={"a"}), Left(there=dict(TWO), gave_up={"a", "b"}, without_phone={"a", "b"}, obedient={"b"})],
    ids=["alone", "beside a dead one"],
)
def test_a_channel_that_was_given_up_and_hangs_up_when_told_to_fails_the_test_at_once(left: Left) -> None:
    with pytest.raises(AssertionError, match=f"{sorted(left.obedient)[0]!r}"):
        only_dead_are_left(left, obeyed_seconds=0.01)
