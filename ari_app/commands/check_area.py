"""The part of `ari-app check` that looks at the area alone."""

from __future__ import annotations

from datetime import UTC, datetime

from ari_app.commands.findings import Finding
from ari_app.core.area import Area
from ari_app.core.calendar import local_date, special_days_known_until, special_days_run_out
from ari_app.core.contact import without_same_access
from ari_app.core.trial import number_outside_sample


def designated_days(area: Area) -> Finding:
    """The law's working days are known for as long as the decrees are."""
    until = special_days_known_until(area.special_days)
    if special_days_run_out(area.special_days, local_date(datetime.now(UTC))):
        remedy = "import the days of the next royal decree as [[special_day]] (docs/area-file.md)"
        return Finding("designated days", False, f"known until {until}: callback deadlines need them", remedy)
    return Finding("designated days", True, f"known until {until}")


def numbers_from_abroad(area: Area) -> Finding:
    """Whether callers from abroad have the same access as those of the 14-numbers (AV §4)."""
    what = "numbers from abroad"
    wrong = [f"{code} {why}" for code, why in without_same_access(area, datetime.now(UTC))]
    if not wrong:
        return Finding(what, True, "lead to the same queues as the 14-numbers")
    more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    remedy = "give the municipality a geographic number of its own in the area file (docs/area-file.md)"
    return Finding(what, False, f"{wrong[0]}{more}", remedy)


def trial_page(is_wanted: bool, area: Area) -> Finding:
    """Whether the citizen's phone of the demonstration is there, and only where it belongs."""
    what = "trial page"
    if not is_wanted:
        return Finding(what, True, "off, as everywhere but in the demonstration")
    outside = number_outside_sample(area)
    if outside is not None:
        detail = f"{outside} is no number of the sample: /probeer is not served"
        return Finding(what, False, detail, "leave ARI_APP_TRIAL_PASSWORD out, for Asterisk and `ari-app web` too")
    return Finding(what, True, "/probeer, from this machine only, to numbers of the sample")
