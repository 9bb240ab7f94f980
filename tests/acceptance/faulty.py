"""`ari-app` with a bug in it: calls that dialled FAULTY_NUMBER stumble when they come to wait.

python -m tests.acceptance.faulty serve
"""

from __future__ import annotations

import os

from ari_app.calls import call_task
from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.stages import STAGES
from ari_app.cli import main
from ari_app.core.call import Stage


async def _stumbles(flow: Flow) -> Step | End:
    if flow.call.dialled == os.environ["FAULTY_NUMBER"]:
        raise ZeroDivisionError("injected")
    return await STAGES[Stage.WAITING](flow)


if __name__ == "__main__":
    call_task.STAGES = {**STAGES, Stage.WAITING: _stumbles}  # type: ignore[attr-defined]
    main()
