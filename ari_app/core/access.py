"""Which municipalities' data a query may read."""

from __future__ import annotations

from ari_app.core.ids import MunicipalityCode

#: the municipalities whose data may be read; None: the whole group. What is outside the scope does not exist for the
#: reader. A call that never reached a municipality (its caller left in the menu) belongs to the group only.
Scope = frozenset[MunicipalityCode] | None
