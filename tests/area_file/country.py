"""An area of the size of the Netherlands, as a file: 342 municipalities, and as many operators as they might have."""

from __future__ import annotations

from collections.abc import Iterator

from ari_app.core.numbers import AREA_CODES

MUNICIPALITIES = 342
OPERATORS = 2_000
DAYS = ("mon", "tue", "wed", "thu", "fri")
_PER_NUMBER = 3


def country(*, municipalities: int = MUNICIPALITIES, operators: int = OPERATORS, entries: int = 10) -> str:
    """`entries` directory entries for each municipality; every operator has a PIN that is typed."""
    parts = [_municipality(n) for n in range(municipalities)]
    codes = sorted(AREA_CODES)
    for at, first in enumerate(range(0, municipalities, _PER_NUMBER)):
        parts.append(_shared_number(codes[at], range(first, min(first + _PER_NUMBER, municipalities))))
    parts += [_team(n, municipalities) for n in range(municipalities)]
    parts += [_operator(n, municipalities) for n in range(operators)]
    parts += [entry for n in range(municipalities) for entry in _entries(n, entries)]
    return "\n".join(parts)


def _code(n: int) -> str:
    return f"GM{1000 + n}"


def _municipality(n: int) -> str:
    hours = ", ".join(f'{day} = ["08:30-12:30", "13:00-17:00"]' for day in DAYS)
    return f"""
[[municipality]]
code = "{_code(n)}"
name = "Gemeente {n}"
aliases = ["Dorp {n}", "Buurtschap {n}"]
geographic = ["0119 {100_000 + 2 * n}"]
hours = {{ {hours} }}
[[municipality.closing]]
starts = 2026-12-24T15:00:00
ends = 2026-12-24T17:00:00
reason = "Kerstavond"
[[municipality.direct]]
number = "0119 {100_001 + 2 * n}"
team = "team-{n}"
"""


def _shared_number(area_code: str, members: range) -> str:
    lines = [f'[[shared_number]]\nnumber = "14 {area_code}"']
    for key, n in enumerate(members, start=1):
        lines.append(f"""
[[shared_number.member]]
municipality = "{_code(n)}"
key = {key}
technical_since = 2025-03-01
consultation = [{{ neighbour = "Gemeente {n + 1}", on = 2025-11-03, kind = "consulted", by = "KCC" }}]
""")
    return "\n".join(lines)


def _team(n: int, municipalities: int) -> str:
    return f"""
[[team]]
code = "team-{n}"
name = "Klantcontact {n}"
serves = ["{_code(n)}"]
helps = ["{_code((n + 1) % municipalities)}"]
email = "kcc{n}@gemeente.example"
"""


def _operator(n: int, municipalities: int) -> str:
    return f"""
[[operator]]
number = "{10_000 + n}"
name = "Medewerker {n}"
teams = ["team-{n % municipalities}"]
pin = "{(n * 7919 + 482_100) % 1_000_000:06}"
"""


def _entries(n: int, entries: int) -> Iterator[str]:
    for at in range(entries):
        yield f"""
[[directory_entry]]
code = "gemeente-{n}-{at}"
kind = "department"
name = "Afdeling {at} van {n}"
municipality = "{_code(n)}"
subject = "onderwerp {at}"
extension = "{200_000 + n * entries + at}"
endpoint = "PJSIP/phone{n}-{at}"
keywords = ["woord", "ander woord"]
"""
