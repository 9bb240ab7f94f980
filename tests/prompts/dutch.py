"""A measure of plain Dutch (B1), for texts that are heard and for mails."""

from __future__ import annotations

import re

MOST_WORDS_IN_A_SENTENCE = 12
MOST_WORDS_IN_A_TEXT = 25  # nobody remembers more after hearing it once
LONGEST_WORD = 20
ENGLISH = re.compile(
    r"\b(the|you|your|we're|are|please|press|welcome|call|caller|queue|hold|wait|operator|agent|hash|star|key|again|"
    r"number|closed|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|may|june|july|logged|goodbye|sorry|"
    r"moment|and|or|for|to|not|busy|available)\b",
    re.IGNORECASE,
)
OFFICIAL = re.compile(
    r"\b(teneinde|middels|inzake|derhalve|thans|dient|dienen|gelieve|betreffende|alsmede|omtrent)\b", re.I
)
INFORMAL = re.compile(r"\b(je|jij|jou|jouw|jullie|hoi|doei)\b", re.IGNORECASE)
#: "Probeert u het later", beside "Probeer het later": a request has one form; in a question it is no request
OTHER_REQUEST = re.compile(r"(?:^|(?<=[.?!] ))(?:Probeert|Blijft|Toetst|Kijkt|Belt|Wacht|Kiest) u\b[^.?!]*[.!]")
#: literal translations, and compounds written apart
NOT_IDIOMATIC = re.compile(r"\b(betaald nummer|om terug te bellen|hebt lunch|hebt overleg|hebt training)\b")


def problems_of(text: str) -> list[str]:
    """The problems of a text that is heard."""
    words = [word.strip(".?,") for word in text.split()]
    return [
        *wording_problems(text),
        *(f"write in words: {digits}" for digits in re.findall(r"\d+", text)),
        *(f"long word: {word}" for word in words if len(word) > LONGEST_WORD),
        *(f"long sentence: {it}" for it in re.split(r"[.?!]", text) if len(it.split()) > MOST_WORDS_IN_A_SENTENCE),
        *(["long text"] if len(words) > MOST_WORDS_IN_A_TEXT else []),
        *(["the last sign tells the voice to go down, up or on"] if text[-1] not in ".?," else []),
    ]


def wording_problems(text: str) -> list[str]:
    """The problems of a text that is heard or read."""
    return [
        *(f"English: {word}" for word in ENGLISH.findall(text)),
        *(f"officialese: {word}" for word in OFFICIAL.findall(text)),
        *(f"too familiar: {word}" for word in INFORMAL.findall(text)),
        *(f"another form of request: {it}" for it in OTHER_REQUEST.findall(text)),
        *(f"not idiomatic: {it}" for it in NOT_IDIOMATIC.findall(text)),
    ]
