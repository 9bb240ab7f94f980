"""A file of words that people say, and what they mean: `woord;betekent;gemeente`."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection

from ari_app.area_file.errors import AreaRefused, Mistake
from ari_app.core.ids import MunicipalityCode
from ari_app.core.script_search import words_of
from ari_app.core.scripts import LONGEST_KEYWORD, Synonym

_HEAD = ("woord", "betekent")


def read_synonyms(text: str, towns: Collection[MunicipalityCode]) -> set[Synonym]:
    """Each once. Raises AreaRefused with every mistake and its line."""
    found, mistakes = set[Synonym](), list[Mistake]()
    rows = csv.reader(io.StringIO(text), delimiter=";", strict=True)
    try:
        for row in rows:
            word, means, town, *_ = [cell.strip() for cell in (*row, "", "", "")]
            if (word, means) == _HEAD or not (word or means or town):
                continue
            said = _fault(word, means, town, towns)
            if said:
                mistakes.append(Mistake(f"line {rows.line_num}", said))
            else:
                meant = " ".join(words_of(means))
                found.add(Synonym(words_of(word)[0], meant, MunicipalityCode(town) if town else None))
    except csv.Error as error:
        mistakes.append(Mistake(f"line {rows.line_num}", f"is no CSV ({error}); save the file as CSV"))
    if mistakes:
        raise AreaRefused(mistakes)
    return found


def _fault(word: str, means: str, town: str, towns: Collection[MunicipalityCode]) -> str:
    if len(words_of(word)) != 1 or not words_of(means):
        return "one word, and what it means; as `rijbewijs;verbewijs`"
    if max(len(word), len(means)) > LONGEST_KEYWORD:
        return f"has a text of more than {LONGEST_KEYWORD} characters; shorten it"
    if town and town not in towns:
        return f"there is no municipality {town}; `ari-app export` shows which there are"
    return ""
