"""The commands a person types. Exit codes: 0 fine; 1 something outside is wrong; 2 the settings or the input are."""

from __future__ import annotations

import gc

import click

from ari_app import __version__

# What is imported stays for as long as the process lives. Looking for garbage among it, again and again, takes an
# eighth of a start, and nobody answers during a restart.
gc.disable()
try:
    from ari_app.commands import area, callbacks, check, directory, record, serve
finally:
    gc.enable()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ari-app")
def main() -> None:
    """Call control for a shared 14+netnummer, next to Asterisk.

    Settings come from the environment; `ari-app check` says which are missing or wrong.
    """


for command in (
    serve.serve,
    serve.migrate,
    serve.up,
    check.check,
    check.audit_command,
    area.import_file,
    area.export_file,
    directory.directory,
    area.calamity,
    area.prompts,
    record.calls,
    record.operators,
    callbacks.callbacks,
):
    main.add_command(command)
