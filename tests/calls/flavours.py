"""What may happen in a random walk, and how often; and the people, numbers and keys in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from ari_app.core.area import CallbackRules, DirectNumber, Norms, Reach
from ari_app.core.ids import Endpoint, OperatorNumber, TeamCode
from ari_app.core.survey import SurveyQuestion, SurveyRules
from tests.calls.transfers import with_directory
from tests.calls.world import ESDAM, World, an_area

CITIZENS = [f"+3161234000{last}" for last in range(4)]
DIRECT, DIRECT_PERSON, NOT_OURS = "+31119555777", "+31119555888", "+31301112222"
PHONES = {"101": "phone01", "102": "phone02", "103": "phone03"}
ORDERS = [
    "answer",
    "play",
    "stop",
    "wait",
    "music",
    "no music",
    "bridge",
    "join",
    "create",
    "dial",
    "hang up",
    "fallback",
]

PEOPLE = {
    "a_citizen_calls": 12,
    "a_citizen_presses": 8,
    "a_citizen_hangs_up": 5,
    "a_citizen_holds_or_is_back": 4,
    "citizens_want_to_be_called": 5,
    "an_operator_dials_in": 6,
    "an_operator_presses": 5,
    "an_operator_hangs_up": 2,
    "a_phone_is_picked_up": 12,
    "a_phone_refuses": 2,
    "a_rung_phone_hangs_up": 3,
    "an_operator_transfers": 9,
    "an_operator_goes_on_with_a_transfer": 10,
    "an_operator_keys_about_callbacks": 5,
    "an_operator_makes_a_callback": 6,
    "an_operator_offers_the_survey": 5,
    "an_operator_puts_down": 5,
    "citizens_answer_questions": 9,
    "a_colleague_presses": 4,
    "time_passes": 20,
    "prompts_change": 4,
}
ASTERISK = {"an_order_fails": 8, "a_phone_registers_or_not": 1}
STORE = {"the_store_goes": 2, "the_store_freezes": 1, "the_store_comes": 6, "an_answer_of_the_store_is_lost": 5}
#: absences in which callers arrive, choose and hang up, and nobody is served
ABSENCES = {"the_store_goes": 3, "the_store_freezes": 2, "the_store_comes": 3, "a_citizen_calls": 30}
PAGES = {"a_page_is_opened": 5, "a_page_goes": 2, "a_page_is_loaded_anew": 6}
PROCESS = {"the_process_dies": 4, "another_process_starts": 12, "the_socket_breaks": 3, "the_socket_is_back": 9}
TRANSFERS = ["*1200#", "*1201#", "*1210#", "*2200#", "*2210#", "*2220#", "*2230#", "*2250#", "*2260#", "*52"]
NOT_TRANSFERS = ["*1999#", "*2112#", "*2102#", "*10900123#", "*57"]
IN_A_TRANSFER = ["*31", "*31", "*32", "*33", "*34", "*4"]
ABOUT_CALLBACKS = ["*7", "*7", "*6#", "*60612345678#", "*60#", "*61#", "*62#"]
FLAVOURS: Mapping[str, Mapping[str, int]] = {
    "calm": PEOPLE,
    "asterisk": {**PEOPLE, **ASTERISK},
    "store": {**PEOPLE, **STORE},
    "absences": {**PEOPLE, **STORE, **ABSENCES, "the_process_dies": 1, "another_process_starts": 12},
    "process": {**PEOPLE, **PROCESS},
    "screens": {**PEOPLE, **STORE, "the_process_dies": 3, "another_process_starts": 12, "somebody_clicks": 30},
    "meddled": {
        **PEOPLE,
        "somebody_takes_a_party_out_of_its_bridge": 4,
        "somebody_brings_a_channel_into_a_bridge": 4,
        "the_sweep_comes_by": 6,
    },
    "pages": {**PEOPLE, **PAGES, **ASTERISK, **STORE, **PROCESS, "the_sweep_comes_by": 3},
    "everything": {**PEOPLE, **ASTERISK, **STORE, **PROCESS, "the_sweep_comes_by": 2},
}


def area_of(dice: Random) -> World:
    """Operator 101 is on a standing line, 102 and 103 are rung; the directory has a colleague of each sort."""
    thrown = dice.random()
    capacity = 3 if thrown * 10 % 1 < 1 / 3 else None  # a third of the walks has more callers than it can carry
    area = an_area(
        callback=CallbackRules(offered=thrown < 0.7, offer_after_seconds=10, abandoned=dice.random() < 0.5),
        survey=SurveyRules(50, (SurveyQuestion.MARK, SurveyQuestion.HELPED)),
        norms=Norms(max_wait_seconds=200, nobody_grace_seconds=60),
        wrap_up_seconds=dice.choice([0, 30]),
        direct_numbers=(
            DirectNumber(DIRECT, ESDAM, endpoint=Endpoint("PJSIP/phone20"), deputy_operator=OperatorNumber("103")),
            DirectNumber(
                DIRECT_PERSON, ESDAM, operator=OperatorNumber("102"), deputy_endpoint=Endpoint("PJSIP/phone20")
            ),
        ),
    )
    both = replace(area.teams[TeamCode("both")], reach=Reach.RING)
    return World(with_directory(replace(area, teams={**area.teams, both.code: both})), capacity=capacity)
