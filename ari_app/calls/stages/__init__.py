"""One module per stage of a call: a coroutine that takes the call's flow and returns the next step, or the end.

After a restart a stage runs again from its beginning, so every stage is idempotent: it makes things so, whatever they
are now.
"""

from collections.abc import Awaitable, Callable, Mapping

from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.stages.announcing import announcing
from ari_app.calls.stages.arrived import arrived
from ari_app.calls.stages.choosing import choosing
from ari_app.calls.stages.connecting import connecting
from ari_app.calls.stages.leaving_callback import leaving_callback
from ari_app.calls.stages.survey import survey
from ari_app.calls.stages.talking import talking
from ari_app.calls.stages.waiting import waiting
from ari_app.core.call import EndReason, Stage

STAGES: Mapping[Stage, Callable[[Flow], Awaitable[Step | End]]] = {
    Stage.ARRIVED: arrived,
    Stage.CHOOSING: choosing,
    Stage.ANNOUNCING: announcing,
    Stage.WAITING: waiting,
    Stage.CONNECTING: connecting,
    Stage.TALKING: talking,
    Stage.SURVEY: survey,
    Stage.LEAVING_CALLBACK: leaving_callback,
}

#: why a call ended in which the caller hung up in this stage
HUNG_UP_IN: Mapping[Stage, EndReason] = {
    Stage.ARRIVED: EndReason.CALLER_HUNG_UP_EARLY,
    Stage.CHOOSING: EndReason.ABANDONED_IN_MENU,
    Stage.ANNOUNCING: EndReason.ABANDONED_IN_ANNOUNCEMENT,
    Stage.WAITING: EndReason.ABANDONED_WAITING,
    Stage.CONNECTING: EndReason.ABANDONED_WAITING,
    Stage.LEAVING_CALLBACK: EndReason.ABANDONED_WAITING,
    Stage.TALKING: EndReason.CALLER_HUNG_UP,
    Stage.SURVEY: EndReason.OPERATOR_HUNG_UP,
}
