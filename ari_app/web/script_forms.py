"""The form in which an editor writes a script: its fields as a text of `core.scripts`, and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ari_app.core.ids import EntryCode, ScriptId
from ari_app.core.script_steps import Step, StepsRefused, lines_of, read_lines
from ari_app.core.scripts import Link, ScriptText, faults_of

#: fields of the form, in its order
FIELDS = (
    "vraag",
    "antwoord",
    "stappen",
    "memo",
    "onderwerp",
    "trefwoorden",
    "afdeling",
    "links",
    "verwant",
    "vanaf",
    "tot",
)
LONGEST_FIELD = 25_000
#: that of forms, and those that come along with what is pasted from a word processor
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
#: the fields of the form by those of the text
_NAMED = {
    "question": "vraag",
    "answer": "antwoord",
    "memo": "memo",
    "subject": "onderwerp",
    "subject_uri": "onderwerp",
    "steps": "stappen",
    "keywords": "trefwoorden",
    "links": "links",
    "related": "verwant",
    "valid_until": "tot",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A form as it was sent. `text`: None while something is wrong, which `faults` says by field."""

    values: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)
    text: ScriptText | None = None


def values_of(
    text: ScriptText, departments: Mapping[EntryCode, str], related: Mapping[ScriptId, str]
) -> dict[str, str]:
    """As the form shows it. `departments`, `related`: what the editor may know, by name and by question."""
    code = text.department
    return {
        "vraag": text.question,
        "antwoord": text.answer,
        "stappen": lines_of(text.steps),
        "memo": text.memo,
        "onderwerp": text.subject,
        "trefwoorden": ", ".join(text.keywords),
        "afdeling": "" if code is None else departments.get(code, code),
        "links": "\n".join(f"{link.label} | {link.url}" for link in text.links),
        "verwant": "\n".join(related[one] for one in text.related if one in related),
        "vanaf": "" if text.valid_from is None else text.valid_from.isoformat(),
        "tot": "" if text.valid_until is None else text.valid_until.isoformat(),
    }


def written(
    sent: Mapping[str, str],
    departments: Mapping[EntryCode, str],
    related: Mapping[str, ScriptId],
    subject_uri: str = "",
) -> Written:
    """`related`: scripts by their question, in small letters."""
    values = {name: _LINE_END.sub("\n", sent.get(name, "")).strip()[:LONGEST_FIELD] for name in FIELDS}
    faults = dict[str, str]()
    steps: tuple[Step, ...] = ()
    try:
        steps = read_lines(values["stappen"])
    except StepsRefused as refused:
        faults["stappen"] = str(refused)
    department = _department(values["afdeling"], departments)
    if values["afdeling"] and department is None:
        faults["afdeling"] = "Deze afdeling staat niet in het nummerplan. Kies een naam uit de lijst."
    links = []
    for line in filter(None, map(str.strip, values["links"].split("\n"))):
        label, _, url = line.rpartition("|")
        links.append(Link(label.strip() or url.strip(), url.strip()))
    others = []
    for line in filter(None, map(str.strip, values["verwant"].split("\n"))):
        found = related.get(line.casefold())
        if found is None:
            faults["verwant"] = f"Er is geen antwoord met de vraag '{line[:80]}'. Neem de vraag letterlijk over."
        else:
            others.append(found)
    days = [_day(values[name]) for name in ("vanaf", "tot")]
    for name, day in zip(("vanaf", "tot"), days, strict=True):
        if values[name] and day is None:
            faults[name] = "Dit is geen datum. Schrijf hem als 2026-12-31."
    text = ScriptText(
        " ".join(values["vraag"].split()),
        values["antwoord"],
        " ".join(values["onderwerp"].split()),
        subject_uri,
        tuple(dict.fromkeys(word for part in values["trefwoorden"].split(",") if (word := " ".join(part.split())))),
        department,
        values["memo"],
        tuple(links),
        tuple(dict.fromkeys(others)),
        steps,
        days[0],
        days[1],
    )
    for name, said in faults_of(text).items():
        faults.setdefault(_NAMED[name], said)
    return Written(values, faults, None if faults else text)


def _department(name: str, departments: Mapping[EntryCode, str]) -> EntryCode | None:
    wanted = name.casefold()
    return next((code for code, known in departments.items() if wanted in (known.casefold(), code.casefold())), None)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-12-31") else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text, and whether the other one has it too."""

    text: str
    differs: bool


def side_by_side(one: Mapping[str, str], other: Mapping[str, str]) -> list[tuple[str, list[Line], list[Line]]]:
    """The fields of two versions with their lines; those that both leave empty are not there."""
    return [
        (name, _lines(one[name], other[name]), _lines(other[name], one[name]))
        for name in FIELDS
        if one[name] or other[name]
    ]


def _lines(text: str, other: str) -> list[Line]:
    known = set(other.split("\n"))
    return [Line(line, line not in known) for line in text.split("\n")]
