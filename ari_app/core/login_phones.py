"""The phones that the directory has for an operator to log in at, when we ring one. Pure."""

from __future__ import annotations

from ari_app.core.area import Area
from ari_app.core.browser_phones import name_at
from ari_app.core.ids import Endpoint, OperatorNumber
from ari_app.core.skills import skills_of

#: the phone of an operator whose page it is
IN_PAGE = "computer"


def login_phones(area: Area, operator: OperatorNumber) -> frozenset[Endpoint]:
    """Those of the municipalities that the operator answers for; what another one shares is for its own people."""
    own = skills_of(area, operator).any
    return frozenset(
        entry.endpoint for entry in area.entries.values() if entry.endpoint is not None and entry.municipality in own
    )


def phone_called(area: Area, operator: OperatorNumber, typed: str, used: list[Endpoint]) -> Endpoint | None:
    """The phone that an operator means: one that they used before, by its name, or an extension of the directory.

    `used`: where they logged in before. None: there is no such phone for them.
    """
    wanted = typed.strip().casefold()
    by_name = {phone_name(phone).casefold(): phone for phone in used}
    if wanted in by_name:
        return by_name[wanted]
    entry = area.by_extension.get(wanted)
    if entry is None or entry.endpoint is None:
        return None
    return entry.endpoint if entry.endpoint in login_phones(area, operator) else None


def phone_name(phone: Endpoint) -> str:
    """As it is registered: `phone07` of `PJSIP/phone07`. A page that is a phone has no name that says anything."""
    if name_at(phone) is not None:
        return IN_PAGE
    return phone.partition("/")[2] or phone
