"""Measures of helping: talks, transfers, callbacks, the time of operators, and how sure the record is. Pure."""

from __future__ import annotations

from collections.abc import Callable

from ari_app.core.operators import OperatorState
from ari_app.reports.counting import Count, transfers_key
from ari_app.reports.measures.shape import Figure, Group, Measure, Unit, mean, plain, share
from ari_app.reports.tally import Tally

_WORK = (OperatorState.OFFERED, OperatorState.TALKING, OperatorState.WRAP_UP)
_STATES = {
    OperatorState.READY: "klaar voor gesprekken",
    OperatorState.OFFERED: "terwijl een gesprek binnenkwam",
    OperatorState.TALKING: "in gesprek",
    OperatorState.WRAP_UP: "in nawerk",
    OperatorState.PAUSED: "in pauze",
}


def _handling(tally: Tally) -> Figure:
    talked = tally.counts[Count.TALKED]
    spent = tally.sum(Count.TALK_MS, Count.WRAP_UP_MS)
    return Figure(spent / talked / 1000 if talked else None, talked)


def _seconds_in(state: OperatorState) -> Callable[[Tally], Figure]:
    def figure(tally: Tally) -> Figure:
        found = sum(ms for key, ms in tally.team_ms.items() if key.partition(":")[0] == state)
        return Figure(found / 1000, found // 1000)

    return figure


def _logged_in(tally: Tally) -> Figure:
    found = tally.team_ms.total()
    return Figure(found / 1000, found // 1000)


def _occupied(tally: Tally) -> Figure:
    busy = sum(tally.team_ms[state] for state in _WORK)
    whole = busy + tally.team_ms[OperatorState.READY]
    return Figure(100 * busy / whole if whole else None, whole // 1000)


def _share_of(part: str, whole: str) -> Callable[[Tally], Figure]:
    return share(lambda tally: tally.counts[part], lambda tally: tally.counts[whole])


HANDLING = (
    Measure(
        "gesprekstijd",
        "Gesprekstijd, gemiddeld",
        Group.HANDLING,
        Unit.SECONDS,
        "Gemiddelde tijd waarin een medewerker of collega de burger aan de lijn had, met de tijd in de wacht en na"
        " doorverbinden erbij; ook van gesprekken waarin wij zelf belden.",
        "talk_ms / talked",
        mean(Count.TALK_MS, Count.TALKED),
    ),
    Measure(
        "in_de_wacht",
        "In de wacht, gemiddeld",
        Group.HANDLING,
        Unit.SECONDS,
        "Gemiddelde tijd in de wacht, van gesprekken waarin iemand de burger in de wacht zette.",
        "hold_ms / held",
        mean(Count.HOLD_MS, Count.HELD),
    ),
    Measure(
        "nawerktijd",
        "Nawerktijd, gemiddeld",
        Group.HANDLING,
        Unit.SECONDS,
        "Gemiddelde nawerktijd, van gesprekken van medewerkers waarop nawerk volgde.",
        "wrap_up_ms / wrapped_up",
        mean(Count.WRAP_UP_MS, Count.WRAPPED_UP),
    ),
    Measure(
        "afhandeltijd",
        "Afhandeltijd, gemiddeld",
        Group.HANDLING,
        Unit.SECONDS,
        "Gesprekstijd en nawerktijd samen, gedeeld door het aantal gesprekken waarin iemand met de burger sprak.",
        "(talk_ms + wrap_up_ms) / talked",
        _handling,
    ),
    *(
        plain(
            f"doorverbonden_{code}",
            f"Doorverbonden: {shown}",
            Group.HANDLING,
            f"Beantwoorde gesprekken die mensen {shown} doorverbonden; keuzemenu's en pogingen die niet lukten, tellen"
            " niet (AV §2).",
            transfers_key(times),
        )
        for code, shown, times in (
            ("niet", "niet", 0),
            ("een_keer", "één keer", 1),
            ("twee_keer", "twee keer", 2),
            ("vaker", "vaker dan twee keer", 3),
        )
    ),
    plain(
        "doorverbinden_geweigerd",
        "Doorverbinden geweigerd",
        Group.HANDLING,
        "Keren dat een regel het doorverbinden tegenhield, zoals een derde keer (AV §2).",
        Count.TRANSFERS_REFUSED,
    ),
    Measure(
        "zelf_afgehandeld",
        "Zonder doorverbinden afgehandeld",
        Group.HANDLING,
        Unit.SHARE,
        "Deel van de beantwoorde gesprekken dat niemand doorverbond.",
        "transfers:0 / answered",
        _share_of(transfers_key(0), Count.ANSWERED),
    ),
)
CALLBACKS = (
    plain(
        "terugbellen_beloofd",
        "Terugbellen beloofd",
        Group.CALLBACKS,
        "Verzoeken om teruggebeld te worden, op de dag van het eerste contact.",
        Count.PROMISED,
    ),
    plain(
        "terugbellen_deadline",
        "Terugbellen: uiterste moment voorbij",
        Group.CALLBACKS,
        "Verzoeken waarvan het uiterste moment in deze periode lag, en voorbij is.",
        Count.DUE,
    ),
    Measure(
        "terugbellen_geprobeerd",
        "Op tijd teruggebeld",
        Group.CALLBACKS,
        Unit.SHARE,
        "Deel van de verzoeken waarvan het uiterste moment voorbij is, dat op tijd voor het eerst gebeld was.",
        "due_tried / due",
        _share_of(Count.DUE_TRIED, Count.DUE),
    ),
    Measure(
        "terugbellen_gesproken",
        "Op tijd gesproken",
        Group.CALLBACKS,
        Unit.SHARE,
        "Deel van de verzoeken waarvan het uiterste moment voorbij is, waarin de burger op tijd iemand sprak.",
        "due_reached / due",
        _share_of(Count.DUE_REACHED, Count.DUE),
    ),
)
TEAM = (
    Measure(
        "tijd_aangemeld",
        "Tijd aangemeld",
        Group.TEAM,
        Unit.SECONDS,
        "Tijd van aanmelden tot afmelden, van alle medewerkers samen; een toestand telt zodra die voorbij is.",
        "sum of the milliseconds of all states",
        _logged_in,
    ),
    *(
        Measure(
            f"tijd_{state}",
            f"Tijd {shown}",
            Group.TEAM,
            Unit.SECONDS,
            f"Tijd {shown}, van alle medewerkers samen; een toestand telt zodra die voorbij is.",
            f"milliseconds of {state}",
            _seconds_in(state),
        )
        for state, shown in _STATES.items()
    ),
    Measure(
        "bezettingsgraad",
        "Bezettingsgraad",
        Group.TEAM,
        Unit.SHARE,
        "Deel van de tijd zonder pauzes waarin medewerkers met een gesprek bezig waren: het kwam binnen, liep, of had"
        " nawerk.",
        "(offered + talking + wrap_up) / (the same + ready)",
        _occupied,
    ),
)
QUALITY = (
    Measure(
        "keuze_geen",
        "Geen keuze gemaakt",
        Group.QUALITY,
        Unit.SHARE,
        "Deel van de bellers die naar hun gemeente werden gevraagd, dat geen toets van het menu koos.",
        "no_choice / asked",
        _share_of(Count.NO_CHOICE, Count.ASKED),
    ),
    Measure(
        "keuze_verkeerd",
        "Verkeerde toets",
        Group.QUALITY,
        Unit.SHARE,
        "Deel van de bellers die naar hun gemeente werden gevraagd, dat minstens één keer een toets koos die niet"
        " bestaat, of te lang wachtte.",
        "wrong_key / asked",
        _share_of(Count.WRONG_KEY, Count.ASKED),
    ),
    Measure(
        "einde_geschat",
        "Einde geschat",
        Group.QUALITY,
        Unit.SHARE,
        "Deel van de gesprekken waarvan niemand zag hoe of wanneer zij eindigden.",
        "estimated / in",
        _share_of(Count.ESTIMATED, Count.ARRIVED),
    ),
)
