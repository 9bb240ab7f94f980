"""Search in the directory by any part of an entry's name, subject, keywords, extension or number.

An operator who types while a caller waits makes mistakes: a word may be unfinished, a part of a longer one, without
its accents, or have a typing error. Digits are not corrected: another number belongs to somebody else.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from rapidfuzz import fuzz, process

from ari_app.core.area import DirectoryEntry
from ari_app.core.directory import is_visible
from ari_app.core.ids import MunicipalityCode

_EXACT, _BEGINNING, _PART = 100.0, 90.0, 75.0
_TYPING_ERROR = 0.7  # of the similarity, in percent, that a word with an error has
_SIMILAR, _SIMILAR_PART = 72.0, 84.0  # percent
_SHORTEST_WITH_ERROR, _SHORTEST_PART_WITH_ERROR = 4, 5
_NAME, _SUBJECT, _KEYWORD, _CODE = 1.0, 0.9, 0.8, 0.6
_MOST_WORDS = 8
#: with at most this many candidates left, only the words of those candidates are compared
_FEW = 2000

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\+?[0-9][0-9\s\-./()]*")


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that matches; `score` is 100 when every typed word is a whole word of its name, and lower otherwise."""

    entry: DirectoryEntry
    score: float


class DirectoryIndex:
    """An index over the entries of one directory. Immutable: a changed directory needs a new index."""

    def __init__(self, entries: Iterable[DirectoryEntry]) -> None:
        self._entries = tuple(entries)
        weights: defaultdict[str, dict[int, float]] = defaultdict(dict)
        words_of: list[tuple[str, ...]] = []
        for at, entry in enumerate(self._entries):
            mine = _words_of(entry)
            words_of.append(tuple(mine))
            for word, weight in mine.items():
                weights[word][at] = weight
        self._weights: Mapping[str, Mapping[int, float]] = dict(weights)
        self._words = tuple(word for word in weights if not word.isdigit())
        self._figures = tuple(word for word in weights if word.isdigit())
        self._words_of = tuple(words_of)

    def search(
        self, text: str, municipalities: Collection[MunicipalityCode] | None, limit: int = 20
    ) -> tuple[Found, ...]:
        """The entries that an operator of these municipalities (None: of all) may use, the best match first.

        Every typed word must match in an entry.
        """
        typed = _typed(text)
        if not typed:
            return ()
        scores: dict[int, float] | None = None
        for word in sorted(typed, key=len, reverse=True):
            found = self._entries_with(word, scores)
            scores = found if scores is None else {at: scores[at] + score for at, score in found.items()}
        ranked = sorted(
            (-score / len(typed), self._entries[at].name, self._entries[at].code, at)
            for at, score in (scores or {}).items()
            if municipalities is None or is_visible(self._entries[at], municipalities)
        )
        return tuple(Found(self._entries[at], round(-score, 1)) for score, _, _, at in ranked[:limit])

    def _entries_with(self, typed: str, among: Mapping[int, float] | None) -> dict[int, float]:
        words: Sequence[str] = self._figures if typed.isdigit() else self._words
        if among is not None and len(among) <= _FEW:
            words = tuple({word for at in among for word in self._words_of[at]})
        best: dict[int, float] = {}
        for word, score in _alike(typed, words):
            for at, weight in self._weights[word].items():
                if score * weight > best.get(at, 0.0) and (among is None or at in among):
                    best[at] = score * weight
        return best


def _alike(typed: str, words: Sequence[str]) -> Iterator[tuple[str, float]]:
    """The words that the typed one may mean, each with the quality of the match. A word may come twice."""
    for word in words:
        if typed in word:
            yield word, _EXACT if typed == word else _BEGINNING if word.startswith(typed) else _PART
    if typed.isdigit():
        return
    extract = partial(process.extract, typed, words, limit=None)
    if len(typed) >= _SHORTEST_WITH_ERROR:
        for word, percent, _ in extract(scorer=fuzz.ratio, score_cutoff=_SIMILAR):
            yield word, percent * _TYPING_ERROR
    if len(typed) >= _SHORTEST_PART_WITH_ERROR:
        # Dutch writes compounds as one word: "verguning" must find "omgevingsvergunning".
        for word, percent, _ in extract(scorer=fuzz.partial_ratio, score_cutoff=_SIMILAR_PART):
            if len(word) >= len(typed):
                yield word, percent * _TYPING_ERROR**2


def _words_of(entry: DirectoryEntry) -> dict[str, float]:
    """The words of an entry, each with the highest weight of the fields in which it stands."""
    words = dict.fromkeys(_split(entry.code), _CODE)
    for keyword in entry.keywords:
        words |= dict.fromkeys(_split(keyword), _KEYWORD)
    words |= dict.fromkeys(_split(entry.subject), _SUBJECT)
    words |= dict.fromkeys(_split(entry.name), _NAME)
    if entry.extension is not None:
        words[entry.extension] = _NAME
    if entry.pii_number is not None:
        digits = entry.pii_number.removeprefix("+")
        words[digits] = _NAME
        if digits.startswith("31"):
            words[f"0{digits[2:]}"] = _NAME
    return words


def _typed(text: str) -> list[str]:
    """The typed words; a telephone number in any notation counts as one word."""
    stripped = text.strip()
    if _NUMBER.fullmatch(stripped):
        return [re.sub(r"\D", "", stripped).removeprefix("00")]
    return list(dict.fromkeys(_split(stripped)))[:_MOST_WORDS]


def _split(text: str) -> list[str]:
    """Words in lower case, without accents."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(char for char in bare if not unicodedata.combining(char)))
