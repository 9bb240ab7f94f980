"""`ari-app up`: the whole system on one machine."""

from __future__ import annotations

import sys

import click

from ari_app.local.up import main as bring_up


@click.command()
def up() -> None:
    """The whole system on this machine with the sample area: what `make run` does."""
    sys.exit(bring_up())
