"""Files of scripts: VAC and kennisartikel objects as JSON, and CSV; what is said in them, and all mistakes at once.

JSON is a list of objects, one object, or a page of the Objects API (`results`); each is the data itself, or an object
with it in `record.data`. Which of the two kinds it is shows in its fields: `vraag` and `antwoord`, or `vertalingen`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ari_app.area_file.errors import AreaRefused, Mistake
from ari_app.area_file.script_html import text_of_html
from ari_app.area_file.script_writing import COLUMNS, as_typed
from ari_app.core.area import Area, DirectoryEntry
from ari_app.core.ids import EntryCode, MunicipalityCode
from ari_app.core.script_imports import SourceScript
from ari_app.core.script_steps import StepsRefused, read_lines, read_plain
from ari_app.core.scripts import ScriptText, Source, faults_of, subject_code

#: the sections of a kennisartikel, in the order in which KISS shows them
SECTIONS: Mapping[str, str] = {
    "tekst": "",
    "procedureBeschrijving": "Aanvraag",
    "vereisten": "Voorwaarden",
    "bewijs": "Bewijs",
    "kostenEnBetaalmethoden": "Kosten",
    "uitersteTermijn": "Termijn",
    "bezwaarEnBeroep": "Bezwaar",
    "notice": "Bijzonderheden",
    "wtdBijGeenReactie": "Geen reactie",
    "contact": "Contact",
}
#: what a source calls an article
LONGEST_KEY = 200
_ATTACHED = ("bijlage", "bijlagen", "attachment", "attachments", "bestand", "bestanden")


@dataclass(slots=True)
class ScriptFile:
    """`notes`: what was left out or not understood, for whoever imports it."""

    scripts: list[SourceScript] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_scripts(text: str, name: str, municipality: MunicipalityCode | None, area: Area) -> ScriptFile:
    """By the end of the file's name. Raises AreaRefused with every mistake and its place."""
    reader = _Reader(municipality, area)
    if name.casefold().endswith(".csv"):
        reader.read_csv(text)
    else:
        reader.read_json(text)
    if reader.mistakes:
        raise AreaRefused(reader.mistakes)
    return reader.file


class _Reader:
    def __init__(self, municipality: MunicipalityCode | None, area: Area) -> None:
        self.municipality = municipality
        self.file = ScriptFile()
        self.mistakes: list[Mistake] = []
        self._departments = _departments(area, municipality)
        self._seen: set[tuple[Source, str]] = set()

    # --- JSON ---

    def read_json(self, text: str) -> None:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError) as error:
            place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "the file"
            self.mistakes.append(
                Mistake(place, "is no JSON; save it as JSON, or give the file a name that ends in .csv")
            )
            return
        found = said.get("results", [said]) if isinstance(said, dict) else said
        if not isinstance(found, list):
            self.mistakes.append(Mistake("the file", 'has no list of articles; `[…]` or `{"results": […]}` is needed'))
            return
        for number, one in enumerate(found, 1):
            place = f"article {number}"
            data, key = _data_of(one)
            if data is None:
                self.mistakes.append(Mistake(place, "is no object; `{…}` is needed"))
            elif "vertalingen" in data:
                self._article(place, data, key)
            elif "vraag" in data or "antwoord" in data:
                self._vac(place, data, key)
            else:
                self.mistakes.append(Mistake(place, "has neither `vraag` and `antwoord`, nor `vertalingen`"))

    def _vac(self, place: str, data: Mapping[str, Any], key: str) -> None:
        question = _string(data, "vraag")
        subject = _string(data, "onderwerp") or next(iter(_keywords(data)), "")
        text = ScriptText(
            question,
            self._html(place, "antwoord", _string(data, "antwoord")),
            subject,
            _string(data, "upnUri"),
            _keywords(data),
            self._department(place, data),
            self._html(place, "toelichting", _string(data, "toelichting")),
            steps=self._steps(place, data.get("stappen")),
            valid_from=self._day(place, "geldigVanaf", data.get("geldigVanaf")),
            valid_until=self._day(place, "geldigTot", data.get("geldigTot")),
        )
        related = tuple(_last_part(one.get("VAC")) for one in _objects(data, "gerelateerdeVACs"))
        self._attachments(place, data)
        is_active = _string(data, "status") in ("", "actief")
        self._add(place, Source.VAC, key or subject_code(question), text, related, is_active)

    def _article(self, place: str, data: Mapping[str, Any], key: str) -> None:
        texts = [one for one in _objects(data, "vertalingen") if _string(one, "taal") in ("", "nl")]
        if not texts:
            self.mistakes.append(Mistake(place, "`vertalingen`: has no text in Dutch (`taal`: nl)"))
            return
        said = texts[0]
        parts = []
        for name, title in SECTIONS.items():
            body = self._html(place, name, _string(said, name))
            if body:
                parts.append(f"# {title}\n{_lower(body)}" if title else body)
        uri = _string(data, "upnUri")
        text = ScriptText(
            _string(said, "titel"),
            "\n\n".join(parts),
            _last_part(uri).replace("_", " ").replace("-", " ") or _string(said, "titel"),
            uri,
            _keywords(said),
            self._department(place, data),
            self._html(place, "deskMemo", _string(said, "deskMemo")),
        )
        self._attachments(place, data)
        known_as = key or _string(data, "uuid") or _last_part(data.get("url")) or _last_part(uri)
        is_active = data.get("productAanwezig") is not False
        self._add(place, Source.ARTICLE, known_as or subject_code(text.question), text, (), is_active)

    # --- CSV ---

    def read_csv(self, text: str) -> None:
        first, _, _ = text.removeprefix("\ufeff").partition("\n")
        separator = max(";,\t", key=first.count)
        rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=separator, strict=True)
        try:
            names = [name.strip().casefold() for name in rows.fieldnames or ()]
            rows.fieldnames = names
            for name in names:
                if name not in COLUMNS:
                    known = ", ".join(COLUMNS)
                    self.mistakes.append(Mistake("line 1", f"column `{name}` is not known; there are {known}"))
            for name in ("vraag", "antwoord"):
                if name not in names:
                    self.mistakes.append(Mistake("line 1", f"column `{name}` is missing; add it"))
            if self.mistakes:
                return
            for row in rows:
                self._row(f"line {rows.line_num}", row)
        except csv.Error as error:
            self.mistakes.append(Mistake(f"line {rows.line_num}", f"is no CSV ({error}); save the file as CSV"))

    def _row(self, place: str, row: Mapping[str, Any]) -> None:
        if None in row:
            self.mistakes.append(
                Mistake(place, "has more cells than the first line; put texts with a separator in quotes")
            )
            return
        cells = {name: as_typed((value or "").strip()) for name, value in row.items()}
        if not any(cells.values()):
            return
        said = cells.get("trefwoorden", "")
        keywords = tuple(dict.fromkeys(word for part in said.split(",") if (word := part.strip())))
        text = ScriptText(
            cells["vraag"],
            self._html(place, "antwoord", cells["antwoord"])
            if cells["antwoord"].startswith("<")
            else cells["antwoord"],
            cells.get("onderwerp", ""),
            cells.get("upl", ""),
            keywords,
            self._named(place, cells.get("afdeling", "")),
            cells.get("memo", ""),
            steps=self._steps(place, cells.get("stappen") or None),
            valid_from=self._day(place, "geldig_vanaf", cells.get("geldig_vanaf") or None),
            valid_until=self._day(place, "geldig_tot", cells.get("geldig_tot") or None),
        )
        self._add(place, Source.CSV, cells.get("sleutel") or subject_code(text.question), text, (), True)

    # --- both ---

    def _add(
        self, place: str, source: Source, key: str, text: ScriptText, related: tuple[str, ...], is_active: bool
    ) -> None:
        for name, said in faults_of(text).items():
            self.mistakes.append(Mistake(place, f"`{name}`: {said}"))
        if not key:
            self.mistakes.append(
                Mistake(place, "has no key, and its question makes none; give it a `uuid` or `sleutel`")
            )
        if len(key) > LONGEST_KEY or not key.isprintable():
            self.mistakes.append(Mistake(place, f"its key is no text of at most {LONGEST_KEY} characters; shorten it"))
        if (source, key) in self._seen:
            self.mistakes.append(
                Mistake(place, f"the key `{key[:60]}` is in this file already; give each article its own")
            )
        self._seen.add((source, key))
        self.file.scripts.append(
            SourceScript(source, key, self.municipality, text, tuple(filter(None, related)), is_active)
        )

    def _html(self, place: str, name: str, html: str) -> str:
        text, left_out = text_of_html(html)
        for what in left_out:
            self.file.notes.append(f"{place}: `{name}` has {what}, which is not shown on the desk: left out")
        return text

    def _attachments(self, place: str, data: Mapping[str, Any]) -> None:
        for name in _ATTACHED:
            if data.get(name):
                why = "files are not kept, and an operator cannot read one aloud: put what they say in the answer"
                self.file.notes.append(f"{place}: `{name}` left out: {why}")

    def _steps(self, place: str, said: object) -> Any:
        try:
            return () if said is None else read_lines(said) if isinstance(said, str) else read_plain(said)
        except StepsRefused as refused:
            self.mistakes.append(Mistake(place, f"`stappen`: {refused}"))
            return ()

    def _day(self, place: str, name: str, said: object) -> date | None:
        if said is None:
            return None
        try:
            return date.fromisoformat(str(said))
        except ValueError:
            self.mistakes.append(Mistake(place, f"`{name}`: is no day; write it as 2026-12-31"))
            return None

    def _department(self, place: str, data: Mapping[str, Any]) -> EntryCode | None:
        # Both spellings are in use.
        names = [_string(one, "afdelingNaam") or _string(one, "afdelingnaam") for one in _objects(data, "afdelingen")]
        return self._named(place, next(filter(None, names), ""))

    def _named(self, place: str, name: str) -> EntryCode | None:
        if not name:
            return None
        found = self._departments.get(name.casefold())
        if found is None:
            self.file.notes.append(f"{place}: the directory has no department `{name[:60]}`: imported without one")
        return found


def _departments(area: Area, municipality: MunicipalityCode | None) -> Mapping[str, EntryCode]:
    """Departments by name and by code, in small letters; of an import that is for all only those that all may use."""

    def is_usable(entry: DirectoryEntry) -> bool:
        return entry.shared or entry.municipality == municipality

    usable = [entry for entry in area.entries.values() if is_usable(entry)]
    return {name: entry.code for entry in usable for name in (entry.name.casefold(), entry.code.casefold())}


def _data_of(one: object) -> tuple[Mapping[str, Any] | None, str]:
    if not isinstance(one, dict):
        return None, ""
    record = one.get("record")
    if isinstance(record, dict) and isinstance(record.get("data"), dict):
        return record["data"], _string(one, "uuid") or _last_part(one.get("url"))
    return one, _string(one, "uuid")


def _string(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value.strip() if isinstance(value, str) else ""


def _objects(data: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    value = data.get(name)
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield one


def _keywords(data: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (_string(one, "trefwoord") for one in _objects(data, "trefwoorden")))))


def _last_part(url: object) -> str:
    return url.rstrip("/").rpartition("/")[2] if isinstance(url, str) else ""


def _lower(text: str) -> str:
    """Headings of a section, one level below the section's own."""
    return "\n".join(f"#{line}" if line.startswith(("# ", "## ")) else line for line in text.split("\n"))
