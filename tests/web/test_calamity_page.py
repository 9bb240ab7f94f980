"""Calamities: heard before they are on, set for many municipalities in one action, on every screen, and ended."""

from __future__ import annotations

import wave
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.area_commands import CloseEarly, EndCalamity, OpenAgain, SetCalamity
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.ids import MunicipalityCode, new_command_id
from ari_app.prompts.errors import ToolMissing
from ari_app.storage.area.calamities import list_calamities, set_calamity
from ari_app.storage.area.early_closings import list_early_closings
from ari_app.web.pages import calamities
from tests.web.controllers import rows_are_changed
from tests.web.frames import frame_with, next_frames
from tests.web.people import Browser, Place, hidden_fields

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
FIRE = "Er is brand bij het gemeentehuis. Kom vandaag niet langs."
BOTH = {"g-GM9901": "1", "g-GM9902": "1", "tekst": FIRE, "daarna": "queue"}


async def supervisor(place: Place, login: str, *roles: RoleRow) -> Browser:
    place.trusts_all_roles()
    await place.account(login, *roles)
    await place.area_has(lambda area: WIERDAM in area.municipalities)
    return await place.logged_in(login)


@pytest.fixture
async def bea(place: Place) -> Browser:
    return await supervisor(place, "bea", RoleRow(Role.SUPERVISOR, WIERDAM))


@pytest.fixture
async def group(place: Place) -> Browser:
    return await supervisor(place, "groep", RoleRow(Role.SUPERVISOR))


def in_hours(hours: float) -> str:
    """As a browser sends a moment: by the clock of the Netherlands, in whole minutes."""
    return (datetime.now(AMSTERDAM) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


async def running(place: Place) -> list[Calamity]:
    return list(await list_calamities(place.serve.background, None, datetime.now(UTC)))


async def test_one_action_sets_it_for_all_that_were_chosen_and_every_screen_says_so(
    place: Place, group: Browser
) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    await place.account("cor", RoleRow(Role.ANALYST, ELDERLO))
    anna, cor = await place.logged_in("anna"), await place.logged_in("cor")
    async with rows_are_changed(place) as asked, await anna.live() as socket:
        assert "Calamiteit" not in await next_frames(socket, "calamities")
        form = {**BOTH, "id": str(new_command_id()), "tot": in_hours(2)}
        for _ in range(2):  # sent twice, it is one
            answer = await group.post("/calamiteiten", form)
            assert answer.headers["Location"].startswith("/calamiteiten?antwoord=gedaan"), await answer.text()
        shown = await frame_with(socket, "Er is brand")
        assert "Calamiteit Wierdam" in shown and "Elderlo" not in shown
    assert len(asked) == 2 and {type(one) for one in asked} == {SetCalamity}
    found = await running(place)
    assert {(one.municipality, one.author, one.then) for one in found} == {
        (code, "account:groep", AfterCalamity.QUEUE) for code in (WIERDAM, ELDERLO)
    }
    assert "Calamiteit Elderlo" in await (await cor.get("/account")).text()
    html = await (await group.get(answer.headers["Location"])).text()
    assert "De calamiteit is bewaard." in html and "Calamiteit Elderlo, Wierdam" in html
    assert await place.deeds("calamity.set") == ["account:groep"] * 2


async def test_it_is_heard_as_callers_will_hear_it_and_nothing_is_stored(place: Place, bea: Browser) -> None:
    answer = await bea.post("/calamiteiten/luister", {"tekst": FIRE})
    assert (answer.status, answer.content_type) == (200, "audio/wav")
    with wave.open(BytesIO(await answer.read())) as sound:
        seconds = sound.getnframes() / sound.getframerate()
    assert 4 < seconds < 20
    assert await running(place) == []
    assert (await bea.post("/calamiteiten/luister", {"tekst": "..."})).status == 400
    assert (await bea.post("/calamiteiten/luister", {"tekst": "a" * 601})).status == 400


async def test_without_the_programs_that_speak_it_can_be_set_all_the_same(
    bea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(text: str, pronounce: object) -> bytes:
        raise ToolMissing("espeak-ng is not installed")

    monkeypatch.setattr(calamities, "calamity_preview", missing)
    answer = await bea.post("/calamiteiten/luister", {"tekst": FIRE})
    assert answer.status == 503 and "Aanzetten kan wel" in await answer.text()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"tekst": " "}, "Schrijf een tekst"),
        ({"tekst": "!!!"}, "Schrijf een tekst"),
        ({"tekst": "a" * 601}, "Schrijf een tekst"),
        ({"tot": in_hours(-1)}, "tijdstip klopt niet"),
        ({"tot": "morgen"}, "tijdstip klopt niet"),
        ({"vanaf": in_hours(3), "tot": in_hours(2)}, "tijdstip klopt niet"),
        ({"vanaf": "2026-13-45T99:99"}, "tijdstip klopt niet"),
    ],
    ids=("no_text", "no_words", "too_long", "over_already", "no_moment", "ends_before_it_begins", "no_day"),
)
async def test_what_makes_no_sense_is_said_and_what_was_typed_stays(
    place: Place, bea: Browser, changed: dict[str, str], says: str
) -> None:
    answer = await bea.post("/calamiteiten", {"g-GM9901": "1", "tekst": FIRE, "daarna": "end", **changed})
    html = await answer.text()
    assert answer.status == 400 and says in html
    assert changed.get("tekst", FIRE).strip() in html and 'name="g-GM9901" value="1" checked' in html
    assert 'value="end" checked' in html
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0


async def test_another_municipality_is_neither_shown_nor_touched(place: Place, bea: Browser) -> None:
    now = datetime.now(UTC)
    theirs = Calamity(ELDERLO, now, None, "Alleen daar.", AfterCalamity.QUEUE, "test")
    await set_calamity(place.serve.background, theirs, now)
    html = await (await bea.get("/calamiteiten")).text()
    assert "Alleen daar" not in html and "Elderlo" not in html and "GM9902" not in html
    async with rows_are_changed(place) as asked:
        await bea.post("/calamiteiten", {**BOTH, "id": str(new_command_id())})
        answer = await bea.post("/calamiteiten/einde", {"gemeente": "GM9902", "begin": now.isoformat()})
        assert answer.headers["Location"].startswith("/calamiteiten?antwoord=no_such_municipality")
        alone = await bea.post("/calamiteiten", {"g-GM9902": "1", "tekst": FIRE})
        assert alone.status == 400 and "Kies een of meer gemeenten" in await alone.text()
    assert [type(one) for one in asked] == [SetCalamity]
    assert {one.municipality for one in await running(place)} == {WIERDAM, ELDERLO}
    for form in ({"gemeente": "GM9901"}, {"gemeente": "GM9901", "begin": "gisteren"}, {"begin": "2026-01-01T10:00"}):
        assert (await bea.post("/calamiteiten/einde", form)).status == 400
    assert (await bea.post("/calamiteiten", {**BOTH, "daarna": "niets"})).status == 400


async def test_a_planned_one_is_listed_and_taken_away_and_its_text_can_be_used_again(
    place: Place, bea: Browser
) -> None:
    async with rows_are_changed(place) as asked:
        form = {"g-GM9901": "1", "tekst": FIRE, "daarna": "end", "vanaf": in_hours(2), "tot": in_hours(4)}
        await bea.post("/calamiteiten", form)
        html = await (await bea.get("/calamiteiten")).text()
        assert "Er is geen calamiteit." in html and "Haal weg" in html and "daarna eindigt het gesprek" in html
        (planned,) = await running(place)
        assert planned.then is AfterCalamity.END
        ended = {"gemeente": "GM9901", "begin": planned.from_at.isoformat()}
        answer = await bea.post("/calamiteiten/einde", ended)
        assert "is beëindigd" in await (await bea.get(answer.headers["Location"])).text()
        again = await bea.post("/calamiteiten/einde", {**ended, "id": str(new_command_id())})
        assert "al voorbij" in await (await bea.get(again.headers["Location"])).text()
    assert EndCalamity(planned.from_at) in asked
    number = await place.serve.pool.fetchval("SELECT id FROM calamity")
    assert FIRE in await (await bea.get(f"/calamiteiten?eerder={number}")).text()
    for odd in ("0", "-1", "x", "9" * 30):
        assert (await bea.get(f"/calamiteiten?eerder={odd}")).status == 200


async def test_a_form_that_is_sent_again_after_its_moment_is_the_same_calamity(place: Place, bea: Browser) -> None:
    form = {**BOTH, "id": str(new_command_id()), "vanaf": in_hours(0.5)}
    async with rows_are_changed(place) as asked:
        await bea.post("/calamiteiten", form)
        place.clock.pass_by(timedelta(minutes=40))
        answer = await bea.post("/calamiteiten", form)
    assert len(asked) == 1
    assert answer.headers["Location"].startswith("/calamiteiten?antwoord=gedaan")


async def test_today_is_closed_early_and_opened_again(place: Place, bea: Browser) -> None:
    async with rows_are_changed(place) as asked:
        answer = await bea.post("/calamiteiten/sluiten", {"g-GM9901": "1", "waarom": "storm"})
        html = await (await bea.get(answer.headers["Location"])).text()
        assert "vandaag eerder gesloten" in html and "storm" in html and "Toch open" in html
        (closing,) = await list_early_closings(place.serve.background, None, datetime.now(UTC))
        assert closing.author == "account:bea" and closing.ends_at.astimezone(AMSTERDAM).strftime("%H.%M") == "00.00"
        answer = await bea.post("/calamiteiten/open", {"gemeente": "GM9901"})
        assert "niet meer eerder" in await (await bea.get(answer.headers["Location"])).text()
    assert [type(one) for one in asked] == [CloseEarly, OpenAgain]
    assert await list_early_closings(place.serve.background, None, datetime.now(UTC)) == []


async def test_a_form_that_is_sent_again_after_its_moment_is_the_same_closing(place: Place, bea: Browser) -> None:
    place.clock.now = datetime(2026, 3, 3, 13, tzinfo=AMSTERDAM)
    page = hidden_fields(await (await bea.get("/calamiteiten")).text())
    form = {**page, "g-GM9901": "1", "waarom": "storm", "van": "14:00"}
    assert form["dag"] == "2026-03-03"
    async with rows_are_changed(place) as asked:
        for minutes in (0, 90):
            place.clock.pass_by(timedelta(minutes=minutes))
            answer = await bea.post("/calamiteiten/sluiten", form)
            assert answer.headers["Location"].startswith("/calamiteiten?antwoord=gedaan")
        place.clock.pass_by(timedelta(hours=12))
        late = await bea.post("/calamiteiten/sluiten", form)
    assert late.status == 400 and "tijdstip klopt niet" in await late.text(), "its day is over"
    midnight = datetime(2026, 3, 4, tzinfo=AMSTERDAM)
    assert asked == [CloseEarly(midnight, "storm", datetime(2026, 3, 3, 14, tzinfo=AMSTERDAM))]
    assert await place.deeds("municipality.close_early") == ["account:bea"]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"waarom": "storm"}, "Kies een of meer gemeenten"),
        ({"g-GM9901": "1", "waarom": ""}, "waarom"),
        ({"g-GM9901": "1", "waarom": "storm", "van": "00:00", "einde": "00:01"}, "tijdstip klopt niet"),
        ({"g-GM9901": "1", "waarom": "storm", "van": "25:00"}, "tijdstip klopt niet"),
        ({"g-GM9902": "1", "waarom": "storm"}, "Kies een of meer gemeenten"),
    ],
    ids=str,
)
async def test_closing_without_a_reason_or_a_time_is_refused(
    place: Place, bea: Browser, form: dict[str, str], says: str
) -> None:
    answer = await bea.post("/calamiteiten/sluiten", form)
    assert answer.status == 400 and says in await answer.text()
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0


@pytest.mark.parametrize("day", ["9999-12-31", "morgen", "2026-13-45"])
async def test_only_the_day_itself_is_closed_early(place: Place, bea: Browser, day: str) -> None:
    answer = await bea.post("/calamiteiten/sluiten", {"g-GM9901": "1", "waarom": "storm", "dag": day})
    assert answer.status == 400
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0


async def test_the_end_of_an_early_closing_is_kept_when_something_else_is_wrong(bea: Browser) -> None:
    """Sent again without it, the town would be closed for the rest of the day."""
    answer = await bea.post("/calamiteiten/sluiten", {"waarom": "storm", "einde": "23:59"})
    assert answer.status == 400
    assert 'name="einde" type="time" value="23:59"' in " ".join((await answer.text()).split())
