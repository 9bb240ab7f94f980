"""Scripts: the answers that operators give, with what is theirs alone to read (AV §3, AV §7). Pure.

A script belongs to a municipality, or is shared by all of the group. Its versions never change: each time somebody
saves it there is one more, and one of them is published, by somebody else than its author.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from ari_app.core.ids import EntryCode, MunicipalityCode, ScriptId
from ari_app.core.script_steps import Step
from ari_app.core.script_text import LONGEST_ANSWER, is_link

LONGEST_QUESTION, LONGEST_SUBJECT, LONGEST_KEYWORD, LONGEST_MEMO = 300, 100, 60, 5_000
LONGEST_URI = 500
MOST_KEYWORDS, MOST_LINKS, MOST_RELATED = 40, 20, 20
#: before the end of its time the owner of a script is reminded
REMIND_BEFORE = timedelta(days=30)
LONGEST_CODE = 64


class Source(StrEnum):
    """Where a script came from."""

    OWN = "own"
    VAC = "vac"
    ARTICLE = "kennisartikel"
    CSV = "csv"


class VersionState(StrEnum):
    DRAFT = "draft"
    REVIEW = "review"  # its author is done, and somebody else reads it
    PUBLISHED = "published"  # it is, or was, what operators read


class Place(StrEnum):
    """Whose script it is, seen from the caller."""

    OWN = "own"  # of the caller's municipality
    SHARED = "shared"
    OTHER = "other"  # of another municipality for which the operator works


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class ScriptText:
    """What a version says. `memo` is for operators only, and is never read aloud. `subject` is what a call was about
    when its operator chose this script. `valid_until`: the first day no longer.
    """

    question: str
    answer: str
    subject: str = ""
    subject_uri: str = ""  # of the UPL (Uniforme Productnamenlijst)
    keywords: tuple[str, ...] = ()
    department: EntryCode | None = None
    memo: str = ""
    links: tuple[Link, ...] = ()
    related: tuple[ScriptId, ...] = ()
    steps: tuple[Step, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class ScriptVersion:
    script: ScriptId
    version: int
    state: VersionState
    text: ScriptText
    author: str
    written_at: datetime
    published_by: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """`published`: the version that operators read; None: none yet, or it was withdrawn. `last`: the newest version.
    `differs`: somebody here changed what a source says.
    """

    id: ScriptId
    municipality: MunicipalityCode | None  # None: shared
    question: str
    subject: str
    source: Source
    owner: str
    published: int | None
    last: int
    last_state: VersionState
    valid_until: date | None
    differs: bool = False


#: what steers a terminal, and halves of characters, which no database stores; not the ends of lines and tabs
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def faults_of(text: ScriptText) -> dict[str, str]:
    """What is wrong, by the name of the field, in Dutch sentences for an editor."""
    found: dict[str, str] = {}
    if not text.question.strip() or len(text.question) > LONGEST_QUESTION:
        found["question"] = f"Schrijf een vraag van hooguit {LONGEST_QUESTION} tekens."
    if not text.answer.strip() or len(text.answer) > LONGEST_ANSWER:
        found["answer"] = f"Schrijf een antwoord van hooguit {LONGEST_ANSWER} tekens."
    if len(text.subject) > LONGEST_SUBJECT or (text.subject and not subject_code(text.subject)):
        found["subject"] = f"Een onderwerp heeft letters, en hooguit {LONGEST_SUBJECT} tekens."
    if len(text.keywords) > MOST_KEYWORDS or any(len(one) > LONGEST_KEYWORD for one in text.keywords):
        found["keywords"] = f"Geef hooguit {MOST_KEYWORDS} trefwoorden, elk van hooguit {LONGEST_KEYWORD} tekens."
    if len(text.memo) > LONGEST_MEMO:
        found["memo"] = f"Een memo heeft hooguit {LONGEST_MEMO} tekens."
    if len(text.links) > MOST_LINKS:
        found["links"] = f"Geef hooguit {MOST_LINKS} links."
    for link in text.links:
        if not is_link(link.url) or not link.label.strip():
            found["links"] = f"'{link.url[:60]}' is geen adres dat met https://, http://, mailto: of tel: begint."
    if len(text.related) > MOST_RELATED:
        found["related"] = f"Noem hooguit {MOST_RELATED} andere antwoorden."
    if text.valid_from and text.valid_until and text.valid_until <= text.valid_from:
        found["valid_until"] = "De laatste dag ligt voor de eerste. Kies een latere dag."
    if len(text.subject_uri) > LONGEST_URI:
        found["subject_uri"] = f"Een adres van de UPL heeft hooguit {LONGEST_URI} tekens."
    for name, said in _said(text).items():
        if _HIDDEN.search(said):
            found.setdefault(name, "Hier staat een teken in dat niet te zien is. Typ deze tekst opnieuw.")
    return found


def _said(text: ScriptText) -> Mapping[str, str]:
    """All that somebody wrote, by the name of the field."""
    return {
        "question": text.question,
        "answer": text.answer,
        "subject": text.subject,
        "subject_uri": text.subject_uri,
        "keywords": "".join(text.keywords),
        "memo": text.memo,
        "links": "".join(f"{link.label}{link.url}" for link in text.links),
        "steps": "".join(f"{step.text}{''.join(choice.label for choice in step.choices)}" for step in text.steps),
    }


def subject_code(subject: str) -> str:
    """The code of a subject, as it stands in wrap-ups and figures: small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", subject.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_CODE].rstrip("-")


def counts_on(valid_from: date | None, valid_until: date | None, day: date) -> bool:
    """Whether operators read it on this day."""
    return (valid_from is None or valid_from <= day) and (valid_until is None or day < valid_until)


def expires_soon(script: Script, today: date) -> bool:
    """Whether its owner is to be reminded: it ends within thirty days, or has ended while it stood there."""
    if script.published is None or script.valid_until is None:
        return False
    return script.valid_until <= today + REMIND_BEFORE


def may_publish(version: ScriptVersion, by: str) -> bool:
    """A text is read by somebody else than who wrote it, before any operator reads it to a caller."""
    return version.state is VersionState.REVIEW and version.author != by


@dataclass(frozen=True, slots=True)
class Offered:
    """A script in a list of the desk. `score`: of a search; `uses`: how often it was chosen for the number dialled."""

    id: ScriptId
    version: int
    question: str
    subject: str
    municipality: MunicipalityCode | None
    score: float = 0.0
    uses: float = 0.0
    place: Place = Place.SHARED


def place_of(municipality: MunicipalityCode | None, callers: MunicipalityCode | None) -> Place:
    if municipality is None:
        return Place.SHARED
    return Place.OWN if municipality == callers else Place.OTHER


_NEARNESS: Mapping[Place, int] = {Place.OWN: 0, Place.SHARED: 1, Place.OTHER: 2}
#: a use of so many days ago counts for half
HALF_LIFE_DAYS = 14.0


def weight_of_use(days_ago: int) -> float:
    """A use of today counts as one, and each fortnight halves it: what people ask for moves with the year."""
    return float(0.5 ** (max(0, days_ago) / HALF_LIFE_DAYS))


def found_in_order(found: Iterable[Offered], limit: int) -> tuple[Offered, ...]:
    """The caller's municipality first, then what is shared, then the others; within each the best match first."""
    ordered = sorted(found, key=lambda one: (_NEARNESS[one.place], -one.score, -one.uses, one.question, str(one.id)))
    return tuple(ordered[:limit])


def first_for(found: Iterable[Offered], limit: int) -> tuple[Offered, ...]:
    """Before anything is searched: what callers of this number ask for most, of their municipality or shared."""
    near = [one for one in found if one.place is not Place.OTHER]
    ordered = sorted(near, key=lambda one: (-one.uses, _NEARNESS[one.place], one.question, str(one.id)))
    return tuple(ordered[:limit])


#: what may be wrong with a script, by the code in the form on the desk
REMARKS: Mapping[str, str] = {
    "verouderd": "Het is verouderd",
    "onjuist": "Er staat iets in dat niet klopt",
    "onduidelijk": "Ik kan het niet goed uitleggen",
    "onvolledig": "Er ontbreekt iets",
    "afdeling": "De afdeling klopt niet",
    "link": "Een link werkt niet",
}
LONGEST_REMARK = 200
_MAY_BE_PERSONAL = re.compile(r"\d{5}|\d[\d\s-]{7,}\d|\S@\S")


def remark_fault(text: str) -> str:
    """Why a remark cannot be kept; empty: it can. It is about a text, so nothing of a citizen belongs in it."""
    if len(text) > LONGEST_REMARK:
        return f"Gebruik hooguit {LONGEST_REMARK} tekens."
    if _MAY_BE_PERSONAL.search(text):
        return "Laat nummers en mailadressen weg: dit bericht gaat over de tekst, niet over de beller."
    return ""


@dataclass(frozen=True, slots=True)
class Synonym:
    """A word that people say, and the word that the scripts have. `municipality` None: everywhere."""

    word: str
    means: str
    municipality: MunicipalityCode | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of questions and keywords, sorted, with the synonyms: what a search is expanded with."""

    words: tuple[str, ...] = ()
    synonyms: Mapping[str, tuple[Synonym, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, words: Iterable[str], synonyms: Collection[Synonym]) -> Vocabulary:
        by_word: dict[str, tuple[Synonym, ...]] = {}
        for one in synonyms:
            by_word[one.word] = (*by_word.get(one.word, ()), one)
        return cls(tuple(sorted(set(words))), by_word)
