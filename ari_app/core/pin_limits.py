"""How long nobody may try another PIN after wrong ones, for the number that was keyed and for the phone that was used.

Of a number the wait begins short and grows: strangers who key wrong PINs for all numbers keep nobody out for long, and
who guesses has a hundred tries a day. Of a phone it begins long: it has no business with other people's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

#: so many wrong ones in a row are mistakes
FREE_FAILURES = 2
#: failures before so long a time without any do not count
FORGOTTEN_AFTER = timedelta(hours=1)
_MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class PinLimit:
    """The wait doubles with each further failure. `free`: so many in a row are mistakes, and cost nothing."""

    first: timedelta
    longest: timedelta
    free: int = FREE_FAILURES

    def wait_after(self, failures: int) -> timedelta | None:
        """How long after so many failures in a row nobody may try; None: at once."""
        if failures <= self.free:
            return None
        doublings = min(failures - self.free - 1, _MOST_DOUBLINGS)
        wait: timedelta = self.first * 2**doublings
        return min(wait, self.longest)

    @property
    def waits(self) -> list[timedelta | None]:
        """The wait after the first failure, after the second, and so on; after more than these it is the last."""
        found: list[timedelta | None] = []
        while not found or found[-1] != self.longest:
            found.append(self.wait_after(len(found) + 1))
        return found


OF_NUMBER = PinLimit(timedelta(seconds=30), timedelta(minutes=15))
OF_PHONE = PinLimit(timedelta(minutes=5), timedelta(hours=1))
