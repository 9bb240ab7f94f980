"""What somebody types in a hurry, as a query of Postgres's full text: unfinished words, typing errors, synonyms. Pure.

Postgres stems Dutch words and finds the texts; which words are meant is decided here, by the words that scripts have.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable

from rapidfuzz import fuzz, process

from ari_app.core.ids import MunicipalityCode
from ari_app.core.scripts import Vocabulary

LONGEST_SEARCH = 100
_MOST_WORDS = 8
_MOST_ALIKE = 6
_SHORTEST_WITH_ERROR, _SHORTEST_PART = 4, 4
_SIMILAR = 74.0  # percent
_WORD = re.compile(r"[^\W_]+")
#: words that say nothing, which Postgres leaves out as well
_EMPTY = frozenset(
    [
        "aan",
        "als",
        "bij",
        "dan",
        "dat",
        "de",
        "den",
        "der",
        "deze",
        "die",
        "dit",
        "doen",
        "een",
        "en",
        "er",
        "ga",
        "gaat",
        "geen",
        "hebben",
        "heb",
        "heeft",
        "het",
        "hier",
        "hoe",
        "ik",
        "in",
        "is",
        "je",
        "kan",
        "kunnen",
        "maar",
        "mag",
        "me",
        "met",
        "mij",
        "mijn",
        "moet",
        "moeten",
        "na",
        "naar",
        "niet",
        "nog",
        "nu",
        "of",
        "om",
        "ook",
        "op",
        "over",
        "te",
        "tot",
        "u",
        "uit",
        "uw",
        "van",
        "voor",
        "wanneer",
        "want",
        "waar",
        "was",
        "wat",
        "we",
        "wel",
        "werd",
        "wie",
        "wil",
        "willen",
        "worden",
        "wordt",
        "zal",
        "ze",
        "zich",
        "zij",
        "zijn",
        "zo",
        "zou",
    ]
)


def words_of(text: str) -> list[str]:
    """Words in lower case, without accents."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(char for char in bare if not unicodedata.combining(char)))


def typed_words(text: str) -> list[str]:
    """The words that count, each once; of only empty words, those."""
    typed = list(dict.fromkeys(words_of(text[:LONGEST_SEARCH])))
    return [word for word in typed if word not in _EMPTY][:_MOST_WORDS] or typed[:_MOST_WORDS]


def meant_by(word: str, vocabulary: Vocabulary, municipality: MunicipalityCode | None) -> list[str]:
    """Other words that may be meant: what a synonym says, what has the word within it, and what it nearly is.

    A word that scripts have, or that begins one, has no error in it.
    """
    found = [
        one.means
        for one in vocabulary.synonyms.get(word, ())
        if one.municipality is None or one.municipality == municipality
    ]
    if len(word) >= _SHORTEST_PART:
        # Dutch writes compounds as one word: "vergunning" must find "parkeervergunning".
        longer = [one for one in vocabulary.words if word in one and not one.startswith(word)]
        found += sorted(longer, key=len)[:_MOST_ALIKE]
    if not found and len(word) >= _SHORTEST_WITH_ERROR and not word.isdigit() and not _begins(word, vocabulary.words):
        alike = process.extract(word, vocabulary.words, scorer=fuzz.ratio, score_cutoff=_SIMILAR, limit=_MOST_ALIKE)
        found += [one for one, _, _ in alike]
    return list(dict.fromkeys(found))


def _begins(word: str, words: tuple[str, ...]) -> bool:
    at = bisect_left(words, word)
    return at < len(words) and words[at].startswith(word)


def queries_of(text: str, vocabulary: Vocabulary, municipality: MunicipalityCode | None) -> tuple[str, str]:
    """For `to_tsquery('dutch', …)`: of all words, and of any of them; empty when nothing was typed.

    Of eight words with errors and the words of twenty thousand scripts a tenth of a second of CPU.
    """
    parts = [_either([word, *meant_by(word, vocabulary, municipality)], word) for word in typed_words(text)]
    return " & ".join(parts), " | ".join(parts)


def _either(words: Iterable[str], typed: str) -> str:
    parts = []
    for one in words:
        own = words_of(one)
        if own:
            parts.append(f"({' & '.join(own)})" if len(own) > 1 else f"{own[0]}:*" if one == typed else own[0])
    return f"({' | '.join(parts)})"


def is_worth_noting(text: str) -> str:
    """What was searched and not found, as it may be kept: a few words of letters only; empty: nothing of it.

    Numbers belong to somebody, and long texts are what a caller said.
    """
    words = typed_words(text)
    fits = 1 <= len(words) <= 4 and all(word.isalpha() and 3 <= len(word) <= 40 for word in words)
    return " ".join(sorted(words)) if fits else ""
