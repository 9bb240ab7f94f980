"""What an import does to the scripts that are there: the same file again changes nothing, no text is lost. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from ari_app.core.ids import MunicipalityCode, ScriptId
from ari_app.core.scripts import ScriptText, Source


@dataclass(frozen=True, slots=True)
class SourceScript:
    """One article of a source. `key`: what the source calls it. `related`: keys of others. `is_active`: operators may
    read it.
    """

    source: Source
    key: str
    municipality: MunicipalityCode | None
    text: ScriptText
    related: tuple[str, ...] = ()
    is_active: bool = True

    @property
    def digest(self) -> str:
        said = {**asdict(self.text), "related": sorted(self.related)}
        return hashlib.sha256(json.dumps(said, default=str, sort_keys=True).encode()).hexdigest()

    @property
    def place(self) -> tuple[Source, str, MunicipalityCode | None]:
        return self.source, self.key, self.municipality


@dataclass(frozen=True, slots=True)
class KnownScript:
    """A script that came from a source. `source_version`: the version in which the source said what `digest` is of.
    `digest` None: the source withdrew it.
    """

    id: ScriptId
    digest: str | None
    source_version: int | None
    published: int | None
    last: int


class ImportAction(StrEnum):
    ADD = "add"
    CHANGE = "change"  # the source says something else, and nobody here did
    KEEP = "keep"  # somebody here changed it: the source's text is stored beside theirs
    WITHDRAW = "withdraw"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Planned:
    action: ImportAction
    script: SourceScript
    known: KnownScript | None


def plan_import(
    wanted: Iterable[SourceScript], known: Mapping[tuple[Source, str, MunicipalityCode | None], KnownScript]
) -> list[Planned]:
    """In the order of the file. An article that is not active and not here is nothing to do."""
    plan = []
    for one in wanted:
        here = known.get(one.place)
        if here is None and not one.is_active:
            continue
        plan.append(Planned(_action(one, here), one, here))
    return plan


def _action(wanted: SourceScript, here: KnownScript | None) -> ImportAction:
    if here is None:
        return ImportAction.ADD
    if not wanted.is_active:
        return ImportAction.SAME if here.published is None else ImportAction.WITHDRAW
    if here.digest == wanted.digest:
        return ImportAction.SAME
    # What the source withdrew, and nobody changed here, it may bring back.
    shown = here.source_version if here.digest is None and here.published is None else here.published
    is_untouched = shown == here.source_version == here.last
    return ImportAction.CHANGE if is_untouched else ImportAction.KEEP
