"""`ari-app serve`: the program itself."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from contextlib import suppress
from importlib import import_module

import click

from ari_app import logs
from ari_app.commands import CANNOT, WRONG, settings
from ari_app.core.ledger import LedgerError
from ari_app.settings import Settings
from ari_app.storage.db.errors import StorageError


@click.command()
def serve() -> None:
    """Handle calls: standby until no other copy does, then controller."""
    # Before the rooms are read, so that a mistake in the settings is reported at once.
    chosen = settings()
    logs.configure(chosen.log_level, with_pii=chosen.log_pii)
    # Nothing that is imported ever becomes garbage: not looked through while it grows, nor later by any collection.
    gc.disable()
    import_module("ari_app.app")
    gc.freeze()
    gc.enable()
    sys.exit(asyncio.run(_serve(chosen)))


async def _serve(chosen: Settings) -> int:
    from ari_app.app import serve as serve_calls
    from ari_app.ari.errors import Unauthorized
    from ari_app.calls.errors import ControllerReplaced
    from ari_app.controller import InstallationUnknown
    from ari_app.storage.db.errors import NotMigrated
    from ari_app.storage.db.nodes import NodeTaken
    from ari_app.web.app import PortTaken

    work = asyncio.ensure_future(serve_calls(chosen))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, work.cancel)
    code = 0
    try:
        with suppress(asyncio.CancelledError):
            await work
    except* ControllerReplaced as errors:
        click.echo(str(errors.exceptions[0]), err=True)
        code = CANNOT
    except* Unauthorized:
        click.echo("Asterisk refuses ARI_APP_ARI_USER or its password; make them those of ari.conf", err=True)
        code = WRONG
    except* (NotMigrated, NodeTaken, InstallationUnknown, PortTaken) as wrong:
        click.echo(str(wrong.exceptions[0]), err=True)
        code = WRONG
    except* (LedgerError, StorageError) as away:
        # What ends with the rest may find a connection in the middle of a statement: that is not why this process ends.
        if not code:
            click.echo(str(away.exceptions[0]), err=True)
            code = CANNOT
    return code
