"""Scripts as files that `script_files` reads again: CSV, and VAC objects."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection
from typing import Any

from ari_app.core.ids import EntryCode
from ari_app.core.script_steps import lines_of, plain
from ari_app.core.scripts import ScriptText

COLUMNS = (
    "sleutel",
    "vraag",
    "antwoord",
    "onderwerp",
    "upl",
    "trefwoorden",
    "afdeling",
    "memo",
    "stappen",
    "geldig_vanaf",
    "geldig_tot",
)
#: a cell that begins so is a formula to a spreadsheet
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Names = Callable[[EntryCode], str]


def written_csv(scripts: Collection[tuple[str, ScriptText]], department: Names) -> str:
    """What `read_scripts` reads again. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";", lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for key, text in scripts:
        days = ["" if day is None else day.isoformat() for day in (text.valid_from, text.valid_until)]
        whose = "" if text.department is None else department(text.department)
        said = (text.subject, text.subject_uri, ", ".join(text.keywords), whose, text.memo, lines_of(text.steps), *days)
        rows.writerow([_harmless(cell) for cell in (key, text.question, text.answer, *said)])
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def as_typed(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def written_vac(
    scripts: Collection[tuple[str, ScriptText]], department: Names, html: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Objects as the Objects API has them, with fields of ours beside those of the VAC; `html` makes it of a text."""
    return [
        {
            "uuid": key,
            "record": {
                "data": {
                    "vraag": text.question,
                    "antwoord": html(text.answer),
                    "toelichting": html(text.memo),
                    "status": "actief",
                    "doelgroep": "eu-burger",
                    "afdelingen": [{"afdelingNaam": department(text.department)}] if text.department else [],
                    "trefwoorden": [{"trefwoord": word} for word in text.keywords],
                    "gerelateerdeVACs": [{"VAC": str(one)} for one in text.related],
                    "onderwerp": text.subject,
                    "upnUri": text.subject_uri,
                    "stappen": plain(text.steps),
                    "geldigVanaf": None if text.valid_from is None else text.valid_from.isoformat(),
                    "geldigTot": None if text.valid_until is None else text.valid_until.isoformat(),
                }
            },
        }
        for key, text in scripts
    ]
