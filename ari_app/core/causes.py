"""Why a channel was hung up: the causes of ITU-T Q.850 that this program gives or understands.

Asterisk turns the cause for a caller who was not answered into a SIP status, and the SIP status of a phone that did not
answer into a cause. It may report any other number as well, so rows keep plain integers.
"""

from __future__ import annotations

from enum import IntEnum


class Cause(IntEnum):
    UNALLOCATED_NUMBER = 1  # SIP 404
    NORMAL_CLEARING = 16
    BUSY = 17  # SIP 486
    NO_USER_RESPONDING = 18  # SIP 408
    NO_ANSWER = 19  # SIP 480
    REJECTED = 21  # the phone declined


#: of a phone that rang, or could have rung, and was not picked up
NOT_PICKED_UP = frozenset({Cause.BUSY, Cause.NO_USER_RESPONDING, Cause.NO_ANSWER, Cause.REJECTED})
