"""`ari-app audit`: is the record true?"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import click

from ari_app.commands import CANNOT, WRONG, Moment, as_json, fail, settings, with_database
from ari_app.commands.options import Seconds
from ari_app.core.event_log.audit import AuditReport, Period
from ari_app.core.event_log.audit import audit as compare
from ari_app.core.event_log.cel import histories
from ari_app.core.ids import AsteriskId
from ari_app.jobs import cel_file
from ari_app.storage.calls.reads import recorded_channels
from ari_app.storage.db.engine import Database

#: a channel of this moment may be in the log and not yet in the record
JUST_NOW = timedelta(seconds=5)
EDGE = timedelta(minutes=1)


@click.command("audit")
@click.option("--since", type=Moment(back=True), default="1d", show_default=True, help="channels from this moment on")
@click.option("--until", type=Moment(back=True), help="up to this moment; five seconds ago, if left out")
@click.option("--tolerance", type=Seconds(0.0, 60.0), default=0.1, show_default=True, help="in seconds")
@click.option("--json", "json_wanted", is_flag=True, help="one JSON object")
def audit(since: datetime, until: datetime | None, tolerance: float, json_wanted: bool) -> None:
    """Compare our legs and lines with Asterisk's own channel event log. Exit code 1 when they differ."""
    chosen = settings()
    path = chosen.cel_file
    if path is None:
        fail("ARI_APP_CEL_FILE: is not set; set it to the file that cel_custom.conf names", WRONG)
    period = Period(since, until or datetime.now(UTC) - JUST_NOW)

    async def work(db: Database) -> AuditReport:
        # Both sides are read a little wider than the period, so that what stands at its edge has its counterpart.
        try:
            events = await asyncio.to_thread(lambda: list(cel_file.events_since(path, period.since - EDGE)))
        except cel_file.CelFileUnreadable as error:
            fail(str(error))
        recorded = await recorded_channels(
            db.background, AsteriskId(chosen.node), period.since - EDGE, period.until + EDGE
        )
        return compare(histories(events), recorded, period, tolerance)

    report = with_database(work)
    click.echo(as_json(report.as_dict()) if json_wanted else report.as_text())
    sys.exit(0 if report.agrees else CANNOT)
