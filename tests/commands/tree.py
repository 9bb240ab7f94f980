"""Every command of the program, with the words that a person types for it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ari_app.cli import main


def every_command(group: click.Group = main, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Groups come before their members; the program itself is not among them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{prefix}{name}", command
        if isinstance(command, click.Group):
            yield from every_command(command, f"{prefix}{name} ")
