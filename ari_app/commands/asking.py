"""Asking the controller for something from a terminal: the same way as from a screen."""

from __future__ import annotations

import click

from ari_app.commands import WRONG, fail, with_database
from ari_app.commands.options import login_name
from ari_app.core.commands import AskedCommand
from ari_app.core.operator_commands import Refused, Unanswered
from ari_app.render.commands import answer_text
from ari_app.storage.commands.asker import EXPIRES_IN, ask

by_option = click.option("--by", default=login_name, show_default="your login name", help="who asks; kept with it")
reason_option = click.option("--reason", required=True, help="why; kept in the audit log")


def require_words(name: str, text: str) -> str:
    """The text of an option that says something. Ends the program otherwise."""
    if not text.strip():
        fail(f"{name} is empty: say it in words", WRONG)
    return text.strip()


def ask_and_say(asked: AskedCommand, by: str, who: str) -> None:
    """Ask, wait for the answer and print it; whatever is not done ends the program with exit code 1."""
    actor = f"console:{require_words('--by', by)}"
    answer = with_database(lambda db: ask(db.background, asked, actor=actor, scope=None, expires_in=EXPIRES_IN))
    said = f"{who}: {answer_text(answer)}"
    if isinstance(answer, Refused | Unanswered):
        fail(said)
    click.echo(said)
