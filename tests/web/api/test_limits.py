"""How much one sender may ask: a bucket that fills as time goes, and a few streams."""

from __future__ import annotations

import pytest

from ari_app.web.api.limits import STRANGERS_PER_MINUTE, Rates, Streams

pytestmark = pytest.mark.pure


def test_a_bucket_fills_as_time_goes_and_each_sender_has_their_own() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    assert [rates.take("a", 60) for _ in range(61)] == [None] * 60 + [1]
    assert rates.take("b", 60) is None
    now[0] = 1.0
    assert rates.take("a", 60) is None and rates.take("a", 60) == 1
    now[0] = 1000.0
    assert [rates.take("a", 60) for _ in range(61)] == [None] * 60 + [1]
    assert STRANGERS_PER_MINUTE < 600


def test_one_sender_has_only_so_many_streams() -> None:
    streams = Streams()
    with streams.one("a") as first, streams.one("a") as second, streams.one("a") as third, streams.one("a") as fourth:
        assert first and second and third and fourth
        with streams.one("a") as fifth, streams.one("b") as other:
            assert not fifth and other
    with streams.one("a") as again:
        assert again
