"""Pages and live regions as HTML. Everything that is put in is escaped; a name that a template misses is an error."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ari_app.core.access import Action, Actor, Role, may
from ari_app.core.accounts import RoleRow
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.operators import PAUSE_KEYS, OperatorState, PauseReason
from ari_app.web.assets import TEMPLATES, Assets

STATE_WORDS = {
    OperatorState.AWAY: "Niet aangemeld",
    OperatorState.READY: "Klaar voor gesprekken",
    OperatorState.OFFERED: "Gesprek komt binnen",
    OperatorState.TALKING: "In gesprek",
    OperatorState.WRAP_UP: "Nawerk",
    OperatorState.PAUSED: "Pauze",
}
PAUSE_WORDS = {
    PauseReason.BREAK: "korte pauze",
    PauseReason.LUNCH: "lunch",
    PauseReason.MEETING: "overleg",
    PauseReason.TRAINING: "training",
    PauseReason.ADMINISTRATION: "administratie",
    PauseReason.NO_ANSWER: "telefoon niet opgenomen",
    PauseReason.ON_HOLD: "telefoon staat in de wacht",
}
#: the reasons that a person may choose
CHOSEN_PAUSES = tuple(reason.value for reason in PAUSE_KEYS.values())
#: the answers to a command, as far as the desk gives cause for them
ANSWER_WORDS = {
    "accepted": "",
    "unanswered": "Het is niet zeker of dit gelukt is. Kijk wat uw stand wordt.",
    RefusalReason.EXPIRED: "De centrale antwoordt niet. Er is niets veranderd. Probeer het zo opnieuw.",
    RefusalReason.STORE_AWAY: "De gegevens zijn niet te bereiken. Er is niets veranderd. Probeer het zo opnieuw.",
    RefusalReason.NOT_LOGGED_IN: "U bent niet aangemeld aan de telefoon. Bel 1400 om u aan te melden.",
    RefusalReason.NO_SUCH_CALL: "Uw gesprek is al voorbij. Er is niets veranderd.",
    RefusalReason.NO_WRAP_UP: "Uw nawerk is al voorbij.",
}
ROLE_WORDS = {
    Role.OPERATOR: "medewerker",
    Role.SUPERVISOR: "teamleider",
    Role.EDITOR: "redacteur",
    Role.ANALYST: "rapportage",
    Role.ADMINISTRATOR: "beheerder",
}
_DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
_MONTHS = ("jan.", "feb.", "mrt.", "apr.", "mei", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "dec.")


class Renderer:
    """The templates of this package. `page` is a whole document, `fragment` a region of one."""

    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            clock=clock,
            moment=moment,
            machine=machine,
            duration=duration,
            role_word=ROLE_WORDS.__getitem__,
            role_row=role_row,
        )
        self._environment.globals.update(
            asset=assets.url,
            build=assets.build,
            state_words=STATE_WORDS,
            pause_words=PAUSE_WORDS,
            chosen_pauses=CHOSEN_PAUSES,
            rights=rights,
        )

    def page(self, name: str, **values: Any) -> str:
        return self._environment.get_template(f"{name}.html").render(
            **{"actor": None, "here": "", "live": False, **values}
        )

    @staticmethod
    def answer(word: str) -> str:
        """What to say of the answer to a command; nothing where it was done, since the state shows it."""
        return ANSWER_WORDS.get(word, "Dit kan nu niet. Er is niets veranderd.")

    def fragment(self, name: str, **values: Any) -> str:
        return self._environment.get_template(f"regions/{name}.html").render(**values)


def rights(actor: Actor) -> set[str]:
    """The actions that somebody may do for some municipality: a page offers no others."""
    return {action.value for action in Action if may(actor, action)}


def role_row(given: RoleRow) -> str:
    """A role with what it is for, in words."""
    of = given.municipality or given.team
    return ROLE_WORDS[given.role] if of is None else f"{ROLE_WORDS[given.role]} ({of})"


def clock(at: datetime) -> Markup:
    """The time of day in the Netherlands, as the Dutch write it, with the moment for machines."""
    return Markup('<time datetime="{}">{} uur</time>').format(machine(at), at.astimezone(AMSTERDAM).strftime("%H.%M"))


def moment(at: datetime) -> Markup:
    """Day and time in the Netherlands."""
    there = at.astimezone(AMSTERDAM)
    words = f"{_DAYS[there.weekday()]} {there.day} {_MONTHS[there.month - 1]} {there:%H.%M} uur"
    return Markup('<time datetime="{}">{}</time>').format(machine(at), words)


def machine(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def duration(seconds: float) -> str:
    """As the clocks of the browser show it: `0.42` are 42 seconds, `1.02.03` an hour, two minutes and three seconds."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}.{minutes:02}.{rest:02}" if hours else f"{minutes}.{rest:02}"
