"""Pages and live regions as HTML. Everything that is put in is escaped; a name that a template misses is an error."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ari_app.core.access import Action, Actor, Role, may
from ari_app.core.accounts import Account
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.login_phones import phone_name
from ari_app.core.operators import PAUSE_KEYS, OperatorState, PauseReason
from ari_app.web.assets import TEMPLATES, Assets
from ari_app.web.call_words import FILTERS, day_and_hour
from ari_app.web.directory_view import STANDING_WORDS
from ari_app.web.story_words import FILTERS as STORY_FILTERS
from ari_app.web.theme import Theme

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
ROLE_WORDS = {
    Role.OPERATOR: "medewerker",
    Role.SUPERVISOR: "teamleider",
    Role.EDITOR: "redacteur",
    Role.ANALYST: "rapportage",
    Role.ADMINISTRATOR: "beheerder",
}


class Renderer:
    """The templates of this package. `page` is a whole document, `fragment` a region of one."""

    def __init__(self, assets: Assets, theme: Theme | None = None) -> None:
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
            day=day_words,
            machine=machine,
            duration=duration,
            role_word=ROLE_WORDS.__getitem__,
            account_state=account_state,
            phone_name=phone_name,
            **FILTERS,
            **STORY_FILTERS,
        )
        self._environment.globals.update(
            asset=assets.url,
            build=assets.build + ("" if theme is None else theme.digest),
            theme=theme,
            state_words=STATE_WORDS,
            pause_words=PAUSE_WORDS,
            chosen_pauses=CHOSEN_PAUSES,
            rights=rights,
            standing_words=STANDING_WORDS,
        )

    def page(self, name: str, **values: Any) -> str:
        return self._environment.get_template(f"{name}.html").render(
            **{"actor": None, "here": "", "live": False, "notices": "", **values}
        )

    def fragment(self, name: str, **values: Any) -> str:
        return self._environment.get_template(f"regions/{name}.html").render(**values)


def rights(actor: Actor) -> set[str]:
    """The actions that somebody may do for some municipality: a page offers no others."""
    return {action.value for action in Action if may(actor, action)}


def account_state(account: Account) -> str:
    """Whether somebody can log in with it, and how, in words."""
    if account.locked_at is not None:
        return "geblokkeerd"
    if not account.has_password:
        return "via de inlogdienst" if account.has_provider else "wacht op startlink"
    if account.has_second_factor:
        return "met code of passkey"
    return "zonder code" if account.sets_factor_until is None else "stelt bij het inloggen een nieuwe code in"


def clock(at: datetime) -> Markup:
    """The time of day in the Netherlands, as the Dutch write it, with the moment for machines."""
    return Markup('<time datetime="{}">{} uur</time>').format(machine(at), at.astimezone(AMSTERDAM).strftime("%H.%M"))


def moment(at: datetime) -> Markup:
    """Day and time in the Netherlands."""
    words = day_and_hour(at)
    return Markup('<time datetime="{}">{}</time>').format(machine(at), words)


def day_words(day: date) -> str:
    return f"{day.day}-{day.month}-{day.year}"


def machine(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def duration(seconds: float) -> str:
    """As the clocks of the browser show it: `0.42` are 42 seconds, `1.02.03` an hour, two minutes and three seconds."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}.{minutes:02}.{rest:02}" if hours else f"{minutes}.{rest:02}"
