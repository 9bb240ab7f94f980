"""Mistakes of a form or a file of the directory, in Dutch (B1). Nothing of another municipality is named. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ari_app.area_file.errors import Mistake
from ari_app.web.number_plan import LABELS

#: what is wrong, as the judge says it, and in Dutch; the first that fits
_SAID: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"is missing: the first line", "Deze kolom ontbreekt. Op de eerste regel staan de namen van de kolommen."),
        (r"is missing", "Dit moet u invullen."),
        (r"unknown column; (\w+) is meant\?", "Deze kolom kennen wij niet. Bedoelt u {0}?"),
        (r"unknown (?:column|key)", "Deze kolom kennen wij niet."),
        (r"is a column twice", "Deze kolom staat er twee keer."),
        (r"has (\d+) cells, and there are (\d+)", "Deze regel heeft {0} vakken, en er zijn {1} kolommen."),
        (r"not CSV", "Dit is geen CSV-bestand. Kijk of elk aanhalingsteken ook weer gesloten wordt."),
        (r"the file is larger", "Het bestand is te groot. Verdeel het over meer bestanden."),
        (r"is not GM\d+, whose file", "Dit is niet de gemeente waarvoor u het bestand invoert."),
        (
            r"is the code of another municipality",
            "Deze code is al van een andere gemeente. Kies een andere.",
        ),
        (r"is here twice", "Deze code staat twee keer in het bestand."),
        (
            r"must have exactly one of .*; it has none",
            "Vul precies één bestemming in: toestel, telefoonnummer, medewerker, team of wachtrij.",
        ),
        (
            r"must have exactly one of",
            "Er zijn meer bestemmingen ingevuld. Kies er één: toestel, telefoonnummer, medewerker, team of wachtrij.",
        ),
        (
            r'a "(\w+)" has .*, and not (\w+)',
            "Deze bestemming past niet bij de soort. Een persoon heeft een toestel, telefoonnummer of medewerker; "
            "een groep een toestel, telefoonnummer of team; een wachtrij een gemeente of team; "
            "een andere organisatie een telefoonnummer.",
        ),
        (r"is its own deputy", "Niemand vervangt zichzelf. Kies een ander."),
        (r"valid_until, the first day", "De einddatum moet na de begindatum liggen."),
        (r"is a date in the year", "Dit jaar kan niet kloppen."),
        (r"must be a date", "Schrijf een datum als 24-12-2026."),
        (r"must be yes or no", "Vul ja of nee in."),
        (
            r'must be like "mon-fri',
            'Schrijf de tijden als "ma-vr 08:30-12:00 13:00-17:00, za 10:00-12:00".',
        ),
        (r"must be written as", "Schrijf een tijd als 08:30-17:00."),
        (r"closes before it opens", "Dit sluit voordat het opengaat. Schrijf een nacht als twee dagen."),
        (r"has hours that overlap", "Deze tijden overlappen elkaar."),
        (r"contains a character", "Er staat een teken in dat niemand kan zien, zoals een nieuwe regel."),
        (r"names (.*) twice", "Hier staat twee keer hetzelfde."),
        (r"must be a CBS code", "Schrijf een gemeentecode als GM9901."),
        (r"must be at most (\d+) small letters", "Gebruik hooguit {0} kleine letters, cijfers en streepjes."),
        (r"must be a phone of this", 'Schrijf een toestel als "PJSIP/toestel30".'),
        (r"must be 2 to 8 digits", "Vul het nummer van een medewerker in: 2 tot 8 cijfers."),
        (r"must be 2 to 6 digits", "Gebruik 2 tot 6 cijfers. Het eerste cijfer is geen 0."),
        (r"is a public number", "Dit is een openbaar nummer, zoals 112. Kies een ander."),
        (r"is the number of an operator", "Dit is het nummer van een medewerker die hier niet achter zit."),
        (r"belongs to .* already", "Dit verkorte nummer is al in gebruik. Kies een ander."),
        (r"is a paid-service number", "Dit nummer kost bellers extra geld. Dat mag niet."),
        (r"is a satellite", "Dit is een duur internationaal net. Daar bellen wij niet naartoe."),
        (r"is a number abroad", "Dit nummer is van een land waar wij niet naartoe bellen."),
        (r"is not a telephone number|cannot be an existing", "Dit is geen telefoonnummer dat kan bestaan."),
        (r"is a short number|is a 14-number", "Een kort nummer of een 14-nummer kan hier niet."),
        (r"there is no municipality", "Deze gemeente is er niet."),
        (r"there is no team", "Dit team is er niet."),
        (r"there is no operator", "Deze medewerker is er niet."),
        (r"there is no phone", "Dit toestel is er niet voor deze gemeente. Vraag het de beheerder."),
        (r"there is no directory entry", "Dit staat niet in het nummerplan."),
        (
            r"not everybody who may use this",
            "Niet iedereen die dit nummer mag gebruiken, ziet deze vervanger. Kies een ander.",
        ),
        (
            r"is not in the file and would be removed",
            "Staat niet in het bestand, maar is nog nodig als vervanger.",
        ),
        (r"is the deputy of", "Dit is de vervanger van een ander nummer. Kies daar eerst een andere vervanger."),
        (r"must have at most (\d+) char", "Gebruik hooguit {0} tekens."),
        (r"must have at least", "Dit moet u invullen."),
        (r"must be '", "Kies iets uit de lijst: person, department, group, queue of outside."),
    )
)
_CODE = re.compile(r"^([a-z0-9-]+) is (?:not in the file|the deputy)")


def mistake_words(mistake: Mistake) -> str:
    """What is wrong, and how to mend it."""
    for pattern, words in _SAID:
        found = pattern.search(mistake.says)
        if found is not None:
            said = words.format(*found.groups())
            named = _CODE.match(mistake.says)
            return said if named is None else f"{named[1]}: {said}"
    return f"Dit klopt niet: {LABELS.get(mistake.path, 'deze regel').lower()}. Kijk in de uitleg van het nummerplan."


def by_column(mistakes: tuple[Mistake, ...]) -> Mapping[str, str]:
    """Of a form: the first mistake of each field; what is of no field stands under ''."""
    found: dict[str, str] = {}
    for mistake in mistakes:
        found.setdefault(mistake.path if mistake.path in LABELS else "", mistake_words(mistake))
    return found
