"""The commands a person types. Exit codes: 0 fine; 1 something outside is wrong; 2 the settings or the input are.

A command's module is imported when the command is used, and not before: the rooms behind all of them take twenty times
as long to read as `ari-app --help` takes to print.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from errno import EDQUOT, EFBIG, EIO, ENOSPC
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from ari_app import __version__

#: each command with its module in `ari_app.commands` and the sentence that `--help` shows for it
COMMANDS: Mapping[str, tuple[str, str]] = {
    "accounts": ("accounts", "Who may log in on the pages, and with which rights."),
    "audit": ("audit", "Compare our legs and lines with Asterisk's own channel event log."),
    "boards": ("boards", "Addresses that show a wallboard to whoever has them."),
    "calamity": ("calamity", "A text that every caller of a municipality hears first."),
    "callbacks": ("callbacks", "Open requests to be called back; those that must be done first come first."),
    "calls": ("calls", "The calls, newest first."),
    "changes": ("changes", "The rows that changed since a position: the feed that other programs read."),
    "check": ("check", "Settings, database, Asterisk and prompts: what is wrong, and how to mend it."),
    "directory": ("directory", "The directory: whom a caller can be transferred to."),
    "export": ("area", "The whole area as an area file, PINs hashed; `import` reads it back."),
    "figures": ("figures", "Figures of a period, each with its definition (docs/figures.md)."),
    "import": ("area", "Follow an area file (docs/area-file.md): all of it, or nothing and every mistake named."),
    "migrate": ("migrate", "Bring the database to the revision this program needs, and its roles to their rights."),
    "operators": ("operators", "List the operators that are logged in, with their states."),
    "person": ("person", "All that is kept about a telephone number, and its erasure."),
    "prompts": ("prompts", "A municipality's own recordings (docs/prompts.md)."),
    "retention": ("retention", "Erase personal data past its period, as every night."),
    "scripts": ("scripts", "The answers that operators give: read from files of other systems, and written as one."),
    "serve": ("serve", "Handle calls: standby until no other copy does, then controller."),
    "survey": ("survey", "Marks that callers gave after their talks, each with its response share."),
    "tokens": ("tokens", "Tokens with which other programs use the API."),
    "up": ("up", "The whole system on this machine with the sample area: what `make run` does."),
    "web": ("web", "The pages: the desk, and everything that people do in a browser."),
}
#: the function of a command that cannot have the command's name
_FUNCTIONS = {"import": "import_file", "export": "export_file"}
#: a file or a disk that takes no more
_FULL = (EDQUOT, EFBIG, EIO, ENOSPC)


class LazyCommands(click.Group):
    """The group of all commands. It knows their names and sentences; the rest is in their modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"ari_app.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, _FUNCTIONS.get(cmd_name, cmd_name))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        require_text(args)
        return super().parse_args(ctx, args)

    def main(self, *args: Any, **options: Any) -> Any:
        """As click's own; output that cannot be written ends the program with one line and exit code 1."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a terminal of another alphabet shows what it can
        try:
            return super().main(*args, **options)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            _end_without_output(error)


def require_text(words: Sequence[str]) -> None:
    """Raises UsageError for a word that is not UTF-8, with the option it belongs to."""
    for at, word in enumerate(words):
        if not any("\ud800" <= character <= "\udfff" for character in word):
            continue
        before = words[at - 1] if at else ""
        name, is_pair, _ = word.partition("=")
        if word.startswith("-") and is_pair and name.isascii():
            where = f"option {name}"
        elif before.startswith("-") and before.isascii():
            where = f"option {before}"
        else:
            where = f"word {at + 1}"
        raise click.UsageError(f"{where} is not UTF-8 text; type it again in a terminal that uses UTF-8.")


def _end_without_output(error: OSError) -> None:
    """Discards output that is still buffered: it cannot be written either, and would raise once more at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    try:
        click.echo(f"the output cannot be written: {error.strerror}; send it elsewhere, or make room", err=True)
    except OSError:
        os.dup2(nowhere, sys.stderr.fileno())
    sys.exit(1)


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ari-app")
def main() -> None:
    """Call control for a shared 14+netnummer, next to Asterisk.

    Settings come from the environment; `ari-app check` says which are missing or wrong.
    """
