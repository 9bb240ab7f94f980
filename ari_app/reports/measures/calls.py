"""Measures of calls: how many came, who was answered, who hung up and where. Pure."""

from __future__ import annotations

from ari_app.core.call import EndReason
from ari_app.reports.counting import Count, end_key
from ari_app.reports.measures.shape import Group, Measure, Unit, plain, share
from ari_app.reports.tally import Tally

_HUNG_UP = {
    "begin": EndReason.CALLER_HUNG_UP_EARLY,
    "keuzemenu": EndReason.ABANDONED_IN_MENU,
    "melding": EndReason.ABANDONED_IN_ANNOUNCEMENT,
    "wachtrij": EndReason.ABANDONED_WAITING,
}
_ABANDONED = tuple(end_key(reason) for reason in _HUNG_UP.values())
_REFUSED = (end_key(EndReason.TURNED_AWAY), end_key(EndReason.HEARD_BUSY))
_NOT_REACHABLE = (end_key(EndReason.CLOSED), end_key(EndReason.CALAMITY), end_key(EndReason.NOT_SERVED))


def _abandoned(tally: Tally) -> int:
    return max(0, tally.sum(*_ABANDONED) - tally.short_abandons)


def _reachable_of(tally: Tally) -> int:
    return tally.counts[Count.ARRIVED] - tally.counts[Count.OPEN] - tally.sum(*_NOT_REACHABLE)


_WHERE = {
    "begin": "voordat er een vraag of wachtrij was",
    "keuzemenu": "tijdens de vraag naar de gemeente",
    "melding": "tijdens een melding",
    "wachtrij": "in de wachtrij",
}

CALLS = (
    plain("aangeboden", "Aangeboden", Group.CALLS, "Alle gesprekken waarmee burgers ons belden.", Count.ARRIVED),
    plain(
        "beantwoord",
        "Beantwoord",
        Group.CALLS,
        "Gesprekken die door een mens zijn opgenomen; een bandje is geen antwoord.",
        Count.ANSWERED,
    ),
    plain(
        "opgehangen",
        "Opgehangen voor een antwoord",
        Group.CALLS,
        "Bellers die ophingen voordat een mens opnam.",
        *_ABANDONED,
    ),
    *(
        plain(
            f"opgehangen_{where}",
            f"Opgehangen: {_WHERE[where]}",
            Group.CALLS,
            f"Bellers die ophingen {_WHERE[where]}.",
            end_key(reason),
        )
        for where, reason in _HUNG_UP.items()
    ),
    Measure(
        "uitval",
        "Uitval",
        Group.CALLS,
        Unit.SHARE,
        "Deel van de bellers die ophingen voordat een mens opnam, van hen en de bellers die wel iemand spraken; wie in"
        " de wachtrij heel kort wachtte, telt niet mee als de gemeente dat zo koos.",
        "(end:… abandoned - short abandons) / (the same + answered)",
        share(_abandoned, lambda tally: _abandoned(tally) + tally.counts[Count.ANSWERED]),
    ),
    Measure(
        "bereikbaarheid",
        "Bereikbaarheid",
        Group.CALLS,
        Unit.SHARE,
        "Deel van de bellers dat een mens sprak, van alle afgelopen gesprekken behalve die eindigden met onze"
        " sluitingsmelding of calamiteitstekst, of naar een nummer dat niet van ons is.",
        "answered / (in - open - end:closed - end:calamity - end:not_served)",
        share(lambda tally: tally.counts[Count.ANSWERED], _reachable_of),
    ),
    plain(
        "tijdens_sluiting",
        "Gebeld terwijl wij gesloten waren",
        Group.CALLS,
        "Gesprekken van bellers die hoorden dat wij gesloten zijn.",
        Count.CLOSED,
    ),
    plain(
        "tijdens_calamiteit",
        "Gebeld tijdens een calamiteit",
        Group.CALLS,
        "Gesprekken van bellers die een calamiteitstekst hoorden.",
        Count.CALAMITY,
    ),
    plain(
        "geen_plaats",
        "Geen plaats",
        Group.CALLS,
        "Bellers die hoorden dat alle lijnen bezet zijn, of alleen een bezettoon.",
        *_REFUSED,
    ),
    plain(
        "noodroute",
        "Via de noodroute",
        Group.CALLS,
        "Gesprekken die de telefooncentrale zelf afhandelde, omdat dit programma er niet was.",
        Count.FALLBACK,
    ),
    plain(
        "herhaald",
        "Opnieuw gebeld",
        Group.CALLS,
        "Gesprekken van bellers die in de zeven dagen daarvoor dezelfde gemeente al belden, voor zover zij hun nummer"
        " lieten zien; geteld in de nacht erna.",
        Count.REPEATED,
    ),
)
