"""No two runs of SIPp are given the same port."""

from __future__ import annotations

import pytest

from tests.acceptance.sipp_ports import media_port, signalling_port
from tests.place import address

pytestmark = pytest.mark.pure


def test_ports_are_given_away_once() -> None:
    given = [signalling_port(address(21)) for _ in range(20)] + [
        port + above for port in (media_port(address(21)) for _ in range(20)) for above in (0, 2)
    ]
    assert len(set(given)) == len(given)
