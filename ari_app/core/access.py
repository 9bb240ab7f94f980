"""The scope of a reader: the municipalities whose data may be read."""

from __future__ import annotations

from ari_app.core.ids import MunicipalityCode

#: municipalities whose data may be read; None: the whole group. Data outside the scope does not exist for the reader. A
#: call that never reached a municipality (its caller left in the menu) is only in the scope of the whole group.
Scope = frozenset[MunicipalityCode] | None
