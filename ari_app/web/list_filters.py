"""What the addresses of lists have in common: values as they stand in the form, and what is wrong with each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from ari_app.core.access import Scope
from ari_app.core.ids import MunicipalityCode
from ari_app.web.api.cursors import LONGEST, after_row
from ari_app.web.api.problems import ApiProblem

#: of a file
MOST_ROWS = 20_000
_FROM_LIST = "Kies iets uit de lijst."

RowId = TypeVar("RowId", bound=UUID)


@dataclass(frozen=True, slots=True)
class ListFilter:
    """`values`: as they stand in the form; `faults`: what is wrong, by field."""

    values: Mapping[str, str]
    faults: Mapping[str, str]

    @property
    def municipality(self) -> MunicipalityCode | None:
        """One of the reader's; of use without faults."""
        return MunicipalityCode(self.values["gemeente"]) if self.values["gemeente"] else None

    def address(self, path: str, **more: str) -> str:
        """The same rows at another address; without a cursor, unless it is given."""
        asked = {name: text for name, text in self.values.items() if text and name != "cursor"}
        return f"{path}?{urlencode({**asked, **more})}"

    def narrowed(self, scope: Scope) -> Scope:
        """What of the scope is meant. The municipality is one of it: that was checked."""
        return scope if self.municipality is None else frozenset({self.municipality})


def read_values(
    sent: Mapping[str, str], repeated: frozenset[str], fields: Collection[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The values and the first faults. What is not known is left out of the address."""
    values = {name: sent.get(name, "").strip() for name in fields}
    return values, {name: "Dit staat er twee keer. Kies er één." for name in fields if name in repeated}


def check_lists(values: dict[str, str], faults: dict[str, str], lists: Mapping[str, Collection[str]]) -> None:
    """Of these fields the values that can be chosen; nothing that is not the reader's is said back."""
    for name, known in lists.items():
        if values[name] and values[name] not in known:
            faults.setdefault(name, _FROM_LIST)
            values[name] = ""


def read_place(text: str, faults: dict[str, str], id_of: Callable[[UUID], RowId]) -> tuple[datetime, RowId] | None:
    """Of the field `cursor`."""
    if not text:
        return None
    try:
        if len(text) <= LONGEST:
            return after_row(text, id_of)
    except ApiProblem:
        pass
    faults.setdefault("cursor", "Deze plek in de lijst kennen wij niet. Kies opnieuw 'Laat zien'.")
    return None
