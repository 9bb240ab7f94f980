"""A form that was sent after the login had ended: it waits in the login page itself, and goes on after the login.

Nothing of it is stored here, and its rights are judged when it is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from ari_app.web import security

_PATH, _FIELDS = "kept_path", "kept_fields"


@dataclass(frozen=True, slots=True)
class Kept:
    path: str
    fields: Mapping[str, str]

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of a login form that carry it."""
        return {_PATH: self.path, _FIELDS: urlencode(self.fields)}


def kept_in(form: Mapping[str, str]) -> Kept | None:
    """What the fields of a login form carry. Raises HTTPBadRequest."""
    path = form.get(_PATH, "")
    if not path or security.safe_next(path) != path:
        return None
    return Kept(path, security.fields_of(form.get(_FIELDS, "").encode("ascii", "replace")))
