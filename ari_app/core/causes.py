"""Why a channel was hung up: the causes of ITU-T Q.850 that this program gives or understands.

Asterisk turns the cause for a caller who was not answered into a SIP status, and the SIP status of a phone that did not
answer into a cause. It may report any other number as well, so rows keep plain integers.
"""

from __future__ import annotations

from enum import IntEnum


class Cause(IntEnum):
    NOT_DEFINED = 0  # a channel that hung up before it was in a bridge (22.10.1)
    UNALLOCATED_NUMBER = 1  # SIP 404
    NORMAL_CLEARING = 16
    BUSY = 17  # SIP 486
    NO_USER_RESPONDING = 18  # SIP 408
    NO_ANSWER = 19  # SIP 480
    REJECTED = 21  # the phone declined
    NORMAL_UNSPECIFIED = 31


#: of a phone that rang, or could have rung, and was not picked up
NOT_PICKED_UP = frozenset({Cause.BUSY, Cause.NO_USER_RESPONDING, Cause.NO_ANSWER, Cause.REJECTED})
#: of an answered line: its person put the phone down. Every other cause, and none at all, is a line that was lost: no
#: sound for too long (44), a network out of order (38), a failed session refresh (18)
GOODBYES = frozenset({Cause.NOT_DEFINED, Cause.NORMAL_CLEARING, Cause.BUSY, Cause.REJECTED, Cause.NORMAL_UNSPECIFIED})


def is_goodbye(cause: int | None) -> bool:
    """Whether an answered line ended with this Q.850 cause because its person put the phone down."""
    return cause in GOODBYES
