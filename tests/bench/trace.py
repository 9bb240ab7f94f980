"""`python -m tests.bench --trace`: where a call's time goes until both parties are in the bridge."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ari_app.core.event_log.cel import ChannelHistory
from tests.bench import marks
from tests.bench.connecting import bridged_at, is_caller
from tests.bench.figures import percentile

Mark = Mapping[str, Any]

#: what a moment of the wait is spent on; the first of these that goes on has it
STORE, ASTERISK, APPLICATION, DIALPLAN = "Postgres", "Asterisk", "application", "dialplan"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one call. Milliseconds since the start of the caller's channel."""

    kind: str
    name: str
    began_ms: float
    ended_ms: float


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps of one call, in order, and the moment at which caller and operator were both in the bridge."""

    steps: tuple[Step, ...]
    bridged_ms: float

    @property
    def shares(self) -> dict[str, float]:
        """Milliseconds of the wait by what was waited for; together they are the whole of it."""
        entered = min((step.began_ms for step in self.steps if step.kind == marks.EVENT), default=self.bridged_ms)
        found = {DIALPLAN: entered, STORE: 0.0, ASTERISK: 0.0, APPLICATION: 0.0}
        borders = {entered, self.bridged_ms}
        for step in self.steps:
            borders |= {min(max(at, entered), self.bridged_ms) for at in (step.began_ms, step.ended_ms)}
        ordered = sorted(borders)
        for began, ended in zip(ordered, ordered[1:], strict=False):
            going_on = {step.kind for step in self.steps if step.began_ms <= began and step.ended_ms >= ended}
            by = STORE if marks.STATEMENT in going_on else ASTERISK if marks.ORDER in going_on else APPLICATION
            found[by] += ended - began
        return found


@dataclass(frozen=True, slots=True)
class Trace:
    """The chains of all callers that were bridged, and what a call takes from its beginning to its end."""

    chains: tuple[Chain, ...]
    per_call: Mapping[tuple[str, str], float]  # kind and name of a step: how many

    def as_text(self) -> str:
        waits = [chain.bridged_ms for chain in self.chains]
        lines = [
            f"{len(waits)} calls, bridged after {median(waits):.1f} ms (p99 {percentile(waits, 99):.1f}); medians, ms:",
            f"{'step':<42}{'begins':>8}{'lasts':>8}{'p99':>8}",
        ]
        steps: dict[tuple[str, str], list[Step]] = defaultdict(list)
        for chain in self.chains:
            for step in chain.steps:
                if step.began_ms <= chain.bridged_ms:
                    steps[step.kind, step.name].append(step)
        rare = len(self.chains) / 2  # a step that most calls do not have says nothing about the wait
        usual = {name: found for name, found in steps.items() if len(found) > rare}
        for (kind, name), found in sorted(usual.items(), key=lambda item: median(one.began_ms for one in item[1])):
            lasts = [step.ended_ms - step.began_ms for step in found]
            began = median(step.began_ms for step in found)
            lines.append(f"{kind + ' ' + name:<42}{began:>8.1f}{median(lasts):>8.1f}{percentile(lasts, 99):>8.1f}")
        lines.append("of the wait, ms: " + ", ".join(f"{by} {ms:.1f}" for by, ms in self._shares().items()))
        lines.append("per call, from beginning to end:")
        lines += [
            f"  {kind} {name}: {count:.2f}" for (kind, name), count in sorted(self.per_call.items()) if count >= 0.01
        ]
        return "\n".join(lines)

    def _shares(self) -> dict[str, float]:
        every = [chain.shares for chain in self.chains]
        return {by: median(shares[by] for shares in every) for by in (DIALPLAN, STORE, ASTERISK, APPLICATION)}


def trace_of(found: Iterable[Mark], channels: Sequence[ChannelHistory], since: float, until: float) -> Trace:
    """From the marks of the application and the channel event log, of the calls between two moments (epoch)."""
    every = [mark for mark in found if since <= mark["began_at"] <= until]
    call_of = {mark["channel_id"]: mark["call_id"] for mark in every if mark.get("call_id") and mark.get("channel_id")}
    of_call: dict[str, list[Mark]] = defaultdict(list)
    for mark in every:
        call_id = mark.get("call_id") or call_of.get(mark.get("channel_id"))
        if call_id is not None:
            of_call[call_id].append(mark)
    bridged = bridged_at(channels)
    chains = []
    for channel in channels:
        at, call_id = bridged.get(channel.channel_id), call_of.get(channel.channel_id)
        if is_caller(channel) and channel.started_at is not None and at is not None and call_id is not None:
            start = channel.started_at.timestamp()
            chains.append(Chain(_steps(of_call[call_id], start), (at.timestamp() - start) * 1000))
    calls = max(1, len(of_call))
    counts = Counter((mark["kind"], mark["name"]) for mark in every)
    return Trace(tuple(chains), {name: count / calls for name, count in counts.items()})


def _steps(found: Iterable[Mark], start: float) -> tuple[Step, ...]:
    steps = [
        Step(mark["kind"], mark["name"], (mark["began_at"] - start) * 1000, (mark["ended_at"] - start) * 1000)
        for mark in found
    ]
    return tuple(sorted(steps, key=lambda step: step.began_ms))
