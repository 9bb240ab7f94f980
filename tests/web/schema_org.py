"""JSON-LD beside schema.org's own definitions, as the package schema-dts has them (tests/web/tools, offline)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests import machine

_INTERFACE = re.compile(r"^(?:export )?interface (\w+?(?:Base|Leaf))(?: extends ([^{]+))? \{\n(.*?)^\}", re.M | re.S)
_PROPERTY = re.compile(r'^    "(\w+)"\?: SchemaValue<(.*), "\w+">;$', re.M)
_TYPE = re.compile(r"^export type (\w+) = (.+);$", re.M)
_URL = "https://schema.org/"
#: values of these are texts in JSON-LD; numbers and truth values have types of their own
_TEXTS = frozenset({"Text", "URL", "Date", "DateTime", "Time", "CssSelectorType", "XPathType"})
_FORMS = {
    "Date": re.compile(r"\d{4}-\d\d-\d\d"),
    "DateTime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "Time": re.compile(r"\d\d:\d\d(:\d\d)?"),
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`properties`: of each interface its own, with their ranges; `bases`: of each interface; `unions`: of types."""

    properties: Mapping[str, Mapping[str, frozenset[str]]]
    bases: Mapping[str, tuple[str, ...]]
    unions: Mapping[str, tuple[str, ...]]

    def properties_of(self, kind: str) -> dict[str, frozenset[str]]:
        """All that a thing of this kind may have. Raises KeyError for a kind that schema.org does not know."""
        found: dict[str, frozenset[str]] = {}
        todo = [f"{kind}Leaf"]
        while todo:
            name = todo.pop()
            found |= self.properties[name]
            todo += self.bases[name]
        return found

    def is_kind_of(self, kind: str, wanted: str) -> bool:
        todo, seen = [wanted], set()
        while todo:
            one = todo.pop()
            if one == kind:
                return True
            if one not in seen:
                seen.add(one)
                todo += [other for other in self.unions.get(one, ()) if other in self.unions]
        return False

    def members(self, kind: str) -> frozenset[str]:
        """The values of an enumeration."""
        return frozenset(one.strip('"') for one in self.unions.get(kind, ()) if one.startswith('"'))


@cache
def vocabulary() -> Vocabulary:
    file = machine.npm_tools() / "node_modules" / "schema-dts" / "dist" / "schema.d.ts"
    text = file.read_text(encoding="utf-8")
    properties, bases = {}, {}
    for name, parents, body in _INTERFACE.findall(text):
        properties[name] = {one: frozenset(re.split(r" \| ", ranges)) for one, ranges in _PROPERTY.findall(body)}
        bases[name] = tuple(re.findall(r"\b\w+Base\b", parents))
    unions = {name: tuple(union.split(" | ")) for name, union in _TYPE.findall(text)}
    return Vocabulary(properties, bases, unions)


def faults(document: Mapping[str, Any]) -> list[str]:
    """What schema.org does not know of this document; terms that its own context names are left out."""
    first, *own = document["@context"] if isinstance(document["@context"], list) else [document["@context"]]
    assert first == "https://schema.org"
    return list(_faults(document, frozenset(name for one in own for name in one), document["@type"]))


def _faults(node: Mapping[str, Any], own: Collection[str], where: str) -> Iterator[str]:
    kind, known = node["@type"], vocabulary()
    try:
        properties = known.properties_of(kind)
    except KeyError:
        yield f"{where}: no such type {kind}"
        return
    for name, value in node.items():
        if name.startswith("@") or name in own:
            continue
        ranges = properties.get(name)
        if ranges is None:
            yield f"{where}: {kind} has no {name}"
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                if not any(known.is_kind_of(one["@type"], wanted) for wanted in ranges):
                    yield f"{where}.{name}: {one['@type']} is none of {sorted(ranges)}"
                yield from _faults(one, own, f"{where}.{name}")
            elif not _is_value(one, ranges):
                yield f"{where}.{name}: {one!r} is none of {sorted(ranges)}"


def _is_value(value: object, ranges: Collection[str]) -> bool:
    if not isinstance(value, str):
        return isinstance(value, bool | int) and bool({"Boolean", "Number", "Integer"} & set(ranges))
    enumerated = [vocabulary().members(wanted) for wanted in ranges if vocabulary().members(wanted)]
    if any(value in members for members in enumerated):
        return True
    forms = [_FORMS[wanted] for wanted in ranges if wanted in _FORMS]
    if forms and not {"Text", "URL"} & set(ranges):
        return any(form.fullmatch(value) for form in forms)
    return bool(_TEXTS & set(ranges))
