"""Answered within the norm: which stays in a queue count, and as what. Pure; asked for each kind of stay.

DOMAIN leaves choices; these are made here, and `DEFINITION` says them to whoever reads the figure:

* the clock starts when the caller comes into the queue, after the question for the municipality, and stops when a human
  answers (a prompt is no answer);
* what counts is the first stay of a call: a caller who is transferred or comes back has been answered before;
* a caller who leaves by their own choice within the norm (hangs up, asks to be called back) is not counted;
* a caller who still waits counts as soon as the norm has passed;
* calls in a calamity are not counted (AV §1). When it is closed nobody comes into the queue.
"""

from __future__ import annotations

from enum import StrEnum

from ari_app.core.queue_visits import VisitOutcome, VisitReason

DEFINITION = (
    "Deel van de bellers die binnen de norm een medewerker spraken, gerekend vanaf de wachtrij. Wie zelf binnen de norm"
    " ophing of koos voor terugbellen, telt niet mee. Wie nog wacht, telt mee zodra de norm voorbij is. Bellers tijdens"
    " een calamiteit tellen niet mee."
)
ABANDONED_DEFINITION = "Bellers die vandaag ophingen terwijl zij in de wachtrij stonden."

#: the first stay of a call in a queue
FIRST_REASONS = frozenset({VisitReason.MENU, VisitReason.DIRECT})
#: the caller chose to leave
CHOSE_TO_LEAVE = frozenset({VisitOutcome.ABANDONED, VisitOutcome.CALLBACK, VisitOutcome.VIRTUAL_HOLD})


class Answering(StrEnum):
    """What one stay is for the figure."""

    WITHIN = "within"
    BEYOND = "beyond"
    NOT_COUNTED = "not_counted"


def answering(reason: VisitReason, outcome: VisitOutcome | None, *, in_calamity: bool, is_within: bool) -> Answering:
    """`is_within`: the stay ended, or lasts, no longer than the norm of the municipality in whose queue it is spent."""
    if reason not in FIRST_REASONS or in_calamity or outcome is VisitOutcome.MOVED:
        return Answering.NOT_COUNTED
    if outcome is VisitOutcome.ANSWERED:
        return Answering.WITHIN if is_within else Answering.BEYOND
    if is_within and (outcome is None or outcome in CHOSE_TO_LEAVE):
        return Answering.NOT_COUNTED
    return Answering.BEYOND


def share_percent(within: int, beyond: int) -> int | None:
    """Whole per cents, rounded down so that 80 means 80; None when nobody counts yet."""
    return None if within + beyond == 0 else 100 * within // (within + beyond)
