"""The steps of a script: what an operator asks while talking, with a branch for each answer. Pure.

Editors write them as lines, and the database has them as JSON:

    1. Is het paspoort gestolen?
    - Ja: 2
    - Nee: einde
    2. Vraag de beller om eerst aangifte te doen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

MOST_STEPS = 40
#: as they are written in lines
HIGHEST_NUMBER = 999
#: each choice has a key of its own, 1 to 9
MOST_CHOICES = 9
LONGEST_STEP, LONGEST_CHOICE = 500, 80
THE_END = "einde"

_STEP = re.compile(r"(\d{1,3})[.)]\s+(.+)")
_CHOICE = re.compile(r"[-*]\s*(.+?)\s*(?::|->|→)\s*(?:stap\s+)?(\d{1,3}|einde)\.?", re.IGNORECASE)


class StepsRefused(ValueError):
    """Steps that lead nowhere; the text is a Dutch sentence for an editor."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer of the caller. `to`: the number of the step that follows; None: it is the last."""

    label: str
    to: int | None


@dataclass(frozen=True, slots=True)
class Step:
    number: int
    text: str
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Walk:
    """How far somebody came: the steps that were answered, and the one that is to be said now; None: it is done."""

    past: tuple[tuple[Step, Choice], ...]
    now: Step | None


def checked(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The same steps. Raises StepsRefused: a walk must come to an end, and reach each step by some way."""
    if len(steps) > MOST_STEPS:
        raise StepsRefused(f"Een antwoord heeft hooguit {MOST_STEPS} stappen. Verdeel het over twee antwoorden.")
    numbers = [step.number for step in steps]
    for number in numbers:
        if numbers.count(number) > 1:
            raise StepsRefused(f"Stap {number} staat er twee keer. Geef elke stap een eigen nummer.")
    for step in steps:
        if not 0 <= step.number <= HIGHEST_NUMBER:
            raise StepsRefused(
                f"Een stap heeft een nummer van hooguit {HIGHEST_NUMBER}. Geef elke stap een ander nummer."
            )
        if not step.text.strip() or len(step.text) > LONGEST_STEP:
            raise StepsRefused(f"Stap {step.number} heeft een tekst nodig van hooguit {LONGEST_STEP} tekens.")
        if len(step.choices) > MOST_CHOICES:
            raise StepsRefused(
                f"Stap {step.number} heeft meer dan {MOST_CHOICES} keuzes. Verdeel ze over twee stappen."
            )
        for choice in step.choices:
            if not choice.label.strip() or len(choice.label) > LONGEST_CHOICE:
                raise StepsRefused(f"Een keuze bij stap {step.number} is leeg of langer dan {LONGEST_CHOICE} tekens.")
            if choice.to is not None and choice.to not in numbers:
                raise StepsRefused(
                    f"Stap {step.number} verwijst naar stap {choice.to}, en die is er niet. Voeg die stap toe."
                )
    by_number = {step.number: step for step in steps}
    reached = set[int]()
    if steps:
        _visit(by_number, steps[0].number, reached, ())
    for number in numbers:
        if number not in reached:
            raise StepsRefused(f"Geen keuze leidt naar stap {number}. Verwijs ernaar, of haal de stap weg.")
    return tuple(steps)


def _visit(steps: Mapping[int, Step], at: int, reached: set[int], on_the_way: tuple[int, ...]) -> None:
    if at in on_the_way:
        raise StepsRefused(f"Via de keuzes kom je terug bij stap {at}: dan is er geen einde. Verander een keuze.")
    if at in reached:
        return
    for choice in steps[at].choices:
        if choice.to is not None:
            _visit(steps, choice.to, reached, (*on_the_way, at))
    reached.add(at)


def walk(steps: Sequence[Step], chosen: Sequence[int]) -> Walk:
    """By the places of the choices, from 0; one that is not there ends the walk where it was."""
    by_number = {step.number: step for step in steps}
    past: list[tuple[Step, Choice]] = []
    now = steps[0] if steps else None
    for place in chosen:
        if now is None or not 0 <= place < len(now.choices):
            break
        choice = now.choices[place]
        past.append((now, choice))
        now = None if choice.to is None else by_number[choice.to]
    return Walk(tuple(past), now)


def read_lines(text: str) -> tuple[Step, ...]:
    """Of the lines of an editor. Raises StepsRefused, which names the line."""
    steps: list[Step] = []
    for line, content in enumerate(text.splitlines(), 1):
        said = content.strip()
        if not said:
            continue
        if found := _STEP.fullmatch(said):
            steps.append(Step(int(found[1]), found[2].strip()))
        elif not steps:
            raise StepsRefused(f"Regel {line}: begin met een stap, zoals '1. Is het paspoort gestolen?'.")
        elif found := _CHOICE.fullmatch(said):
            to = None if found[2].casefold() == THE_END else int(found[2])
            last = steps[-1]
            steps[-1] = Step(last.number, last.text, (*last.choices, Choice(found[1], to)))
        elif said.startswith(("-", "*")):
            raise StepsRefused(f"Regel {line}: zeg waar de keuze heen gaat, zoals '- Ja: 2' of '- Nee: einde'.")
        else:
            last = steps[-1]
            steps[-1] = Step(last.number, f"{last.text} {said}", last.choices)
    return checked(steps)


def lines_of(steps: Sequence[Step]) -> str:
    """As an editor writes them: `read_lines` reads the same steps of it."""
    return "\n".join(_lines(steps))


def _lines(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        yield f"{step.number}. {step.text}"
        for choice in step.choices:
            yield f"- {choice.label}: {THE_END if choice.to is None else choice.to}"


def plain(steps: Sequence[Step]) -> list[dict[str, object]]:
    """As the column `steps` has them, in JSON."""
    return [
        {
            "number": step.number,
            "text": step.text,
            "choices": [{"label": choice.label, "to": choice.to} for choice in step.choices],
        }
        for step in steps
    ]


def read_plain(value: object) -> tuple[Step, ...]:
    """Of what `plain` made. Raises StepsRefused for anything else."""
    try:
        return checked([_step(one) for one in _each(value)])
    except (KeyError, TypeError):
        raise StepsRefused("De stappen hebben een andere vorm dan 'number', 'text' en 'choices'.") from None


def _each(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise TypeError
    return value


def _step(one: Mapping[str, object]) -> Step:
    number, text = one["number"], one["text"]
    if type(number) is not int or not isinstance(text, str):
        raise TypeError
    return Step(number, text, tuple(_choice(choice) for choice in _each(one.get("choices", []))))


def _choice(one: Mapping[str, object]) -> Choice:
    label, to = one["label"], one["to"]
    if not isinstance(label, str) or not (to is None or type(to) is int):
        raise TypeError
    return Choice(label, to)
