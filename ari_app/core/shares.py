"""Fair shares of the calls that a machine can carry: whether one more caller of a municipality may come in. Pure.

Every municipality is guaranteed the same share of the capacity. What others do not use is lent, but for a part that is
kept free: a talk cannot be called back when its lender needs the place. So one municipality's storm fills what nobody
else uses, and the ordinary calls of the others find room; as its calls end, their share comes back to them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import ceil

from ari_app.core.ids import MunicipalityCode

#: of the capacity, so much at most is kept free for those who use less than their share
KEPT_SHARE = 0.1
#: of the calls that are carried, so many callers at most hear at the same time why nobody answers; the others hear busy
TURNING_SHARE, FEWEST_TURNING = 0.1, 10


def most_turning(carried: int) -> int:
    """The callers who may hear at the same time that there is no room, beside so many calls."""
    return max(FEWEST_TURNING, round(TURNING_SHARE * carried))


def too_much_promised(capacity: int, trunk_calls: int, sound_pairs: int) -> str:
    """What the trunk or the ports for sound promise beyond the capacity, or cannot keep of it; empty when they agree.

    Callers who hear that there is no room need a line as well. A talk takes two pairs, a caller who waits one.
    """
    lines = capacity + most_turning(capacity)
    if trunk_calls > lines:
        return (
            f"{trunk_calls} calls of citizens may come at the same time, of which this machine carries {capacity}, "
            f"and {lines - capacity} hear why the others cannot be"
        )
    if sound_pairs <= capacity:
        return f"{capacity} calls need more than the {sound_pairs} pairs of ports for sound that there are"
    return ""


@dataclass(frozen=True, slots=True)
class Shares:
    """The live calls, by municipality; `unknown`: of callers who have not chosen one.

    `capacity`: the calls that this machine carries, None where no limit is set. `sharing`: how many municipalities
    there are. `is_strained`: it carries no more than there are, whatever was set.
    """

    capacity: int | None
    sharing: int
    live: Mapping[MunicipalityCode, int] = field(default_factory=dict)
    unknown: int = 0
    is_strained: bool = False

    @property
    def total(self) -> int:
        return sum(self.live.values()) + self.unknown

    @property
    def guaranteed(self) -> int:
        """The calls that each municipality may have, whatever the others do; never less than one."""
        carried = self.total if self.capacity is None else self.capacity
        if self.is_strained:
            carried = min(carried, self.total)
        return max(1, carried // max(1, self.sharing))

    def may_enter(self, municipalities: Collection[MunicipalityCode]) -> bool:
        """Whether one more caller may come in, for one of these municipalities, or of none where nobody knows it."""
        if self.capacity is None and not self.is_strained:
            return True
        if self.capacity is not None and self.total >= self.capacity:
            return False
        if self._least(municipalities) < self.guaranteed:
            return True
        if self.is_strained or self.capacity is None:
            return False
        return self.total < self.capacity - self._kept(municipalities)

    def _least(self, municipalities: Collection[MunicipalityCode]) -> float:
        """The calls of the one that has the fewest; callers who have not chosen yet count for all of them alike."""
        if not municipalities:
            return float(self.unknown)
        fewest = min(self.live.get(code, 0) for code in municipalities)
        return fewest + (self.unknown / len(municipalities) if len(municipalities) > 1 else 0)

    def _kept(self, municipalities: Collection[MunicipalityCode]) -> int:
        """The places that are not lent: what the others miss of their share, within KEPT_SHARE of the capacity."""
        assert self.capacity is not None
        others = [count for code, count in self.live.items() if code not in municipalities]
        silent = max(0, self.sharing - len(others) - len(municipalities))  # those without any call
        missing = sum(max(0, self.guaranteed - count) for count in others) + silent * self.guaranteed
        return min(ceil(KEPT_SHARE * self.capacity), missing)
