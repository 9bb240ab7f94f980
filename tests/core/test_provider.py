"""Claims of an identity provider, and the roles that they stand for."""

from __future__ import annotations

from typing import Any

import pytest

from ari_app.core.accounts import LONGEST_LOGIN, LONGEST_NAME
from ari_app.core.provider import ProviderGrants, ProviderRules, person_of, read_rules, roles_of

pytestmark = pytest.mark.pure

RULES = read_rules(
    "Klantcontactmedewerker=operator:kcc, Teamleider=supervisor,Teamleider = analyst,Beheerder=administrator"
)
PLAIN = ProviderRules(RULES)
BY_TOWN = ProviderRules(RULES, "role", "gemeente", frozenset({"GM9901", "GM9902"}))


def test_the_rules_are_pairs_of_a_value_and_a_role() -> None:
    assert RULES == {
        "Klantcontactmedewerker": ("operator:kcc",),
        "Teamleider": ("supervisor", "analyst"),
        "Beheerder": ("administrator",),
    }
    assert read_rules("cn=kcc,ou=x=operator".replace(",", ";")) == {"cn=kcc;ou=x": ("operator",)}


@pytest.mark.parametrize("text", ["", "Beheerder", "=administrator", "Beheerder=boss", "A=operator:", "A=operator:a b"])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be pairs"):
        read_rules(text)


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"roles": ["Klantcontactmedewerker"]}, ("operator:kcc",)),
        ({"roles": "Beheerder"}, ("administrator",)),
        ({"roles": ["Teamleider", "Teamleider", "iets anders"]}, ("analyst", "supervisor")),
        (
            {"roles": ["administrator", "beheerder", "Beheerder "]},
            (),
        ),  # values are as they are in the rules, or nothing
        ({"roles": ["operator:GM9902"]}, ()),
        ({"roles": {"Beheerder": True}}, ()),
        ({"roles": [["Beheerder"], 1, None]}, ()),
        ({"role": "Beheerder"}, ()),
        ({}, ()),
    ],
)
def test_a_value_that_the_rules_do_not_know_stands_for_no_role(claims: dict[str, Any], roles: tuple[str, ...]) -> None:
    assert roles_of(claims, PLAIN) == roles


@pytest.mark.parametrize(
    ("said", "roles"),
    [
        (["GM9901"], ("analyst:GM9901", "supervisor:GM9901")),
        ("GM9902", ("analyst:GM9902", "supervisor:GM9902")),
        (["GM9999", "GM9901,administrator", "*"], ()),  # not the provider's to speak of
        (None, ()),
        ([], ()),
    ],
)
def test_roles_are_for_the_municipalities_of_a_claim_and_no_others(said: object, roles: tuple[str, ...]) -> None:
    assert roles_of({"role": "Teamleider", "gemeente": said}, BY_TOWN) == roles
    assert roles_of({"role": "Klantcontactmedewerker", "gemeente": said}, BY_TOWN) == ("operator:kcc",)


@pytest.mark.parametrize("rules", [PLAIN, BY_TOWN])
def test_what_a_provider_may_give_is_what_its_claims_can_stand_for(rules: ProviderRules) -> None:
    claims = {rules.roles_claim: list(RULES), "gemeente": ["GM9901", "GM9902", "GM9999"]}
    assert ProviderGrants.of("https://login.example", rules).roles == set(roles_of(claims, rules))


@pytest.mark.parametrize(
    ("claims", "login", "name"),
    [
        ({"preferred_username": "Dirk.Smit", "name": "Dirk  Smit"}, "dirk.smit", "Dirk Smit"),
        ({"email": "dirk@gemeente.example"}, "dirk@gemeente.example", "dirk@gemeente.example"),
        ({"preferred_username": "D rk", "email": 4}, "4f1", "4f1"),
        ({"preferred_username": "é", "sub": "é f"}, "medewerker", "medewerker"),
        ({"preferred_username": "a" * 100, "name": "n" * 500}, "a" * (LONGEST_LOGIN - 9), "n" * LONGEST_NAME),
        ({"name": "Dirk\u202e"}, "4f1", "4f1"),
    ],
)
def test_a_person_has_a_name_to_log_in_with_that_an_account_can_have(
    claims: dict[str, Any], login: str, name: str
) -> None:
    person = person_of("https://login.example", {"sub": "4f1", **claims}, PLAIN)
    assert person is not None
    assert (person.login, person.name) == (login, name)


@pytest.mark.parametrize("subject", [None, "", 4, "a" * 256, "a\x00", ["4f1"]])
def test_without_a_subject_there_is_nobody(subject: object) -> None:
    assert person_of("https://login.example", {"sub": subject, "name": "Dirk"}, PLAIN) is None
