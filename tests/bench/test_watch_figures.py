"""Screens beside calls: which frame shows a caller, or counts one, and which aims are missed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.desk_page import PageFigures
from tests.bench.shown import Shown, first_counted, moments_of
from tests.bench.watch_figures import Round, WatchFigures
from tests.bench.watchers import Heard

pytestmark = pytest.mark.pure

SHOWN = Shown((100.0, 200.0), (120.0, 190.0), (900.0,), 0, 1000.0, 1e6)
ROUND = Round(20.0, 22.0, 0, 20.0, 22.0, 0.05, 0.2, 0.1, 100_000_000, SHOWN)
FIGURES = WatchFigures(2000, 50, 30.0, (ROUND,), PageFigures(70_000, 400.0))


def missed(one: Round, page: PageFigures | None = None) -> list[str]:
    found = replace(FIGURES, rounds=(one,), page=page or FIGURES.page)
    return [verdict.aim for verdict in found.verdicts() if not verdict.is_met]


def test_each_aim_can_be_missed() -> None:
    assert missed(ROUND) == [] and len(FIGURES.verdicts()) == 8
    for worse, words in (
        (replace(ROUND, failed=1), "no failed call"),
        (replace(ROUND, shown=replace(SHOWN, missed=1)), "every caller was shown"),
        (replace(ROUND, pages_cores=0.31), "CPU of the pages"),
        (replace(ROUND, shown=replace(SHOWN, desk_ms=(100.0, 251.0))), "from commit to desk"),
        (replace(ROUND, shown=replace(SHOWN, event_ms=(201.0,))), "from Asterisk's event"),
        (replace(ROUND, p99_beside_ms=25.0), "p99 of bridged after"),
    ):
        (aim,) = missed(worse)
        assert words in aim
    for page, words in ((PageFigures(150_001, 400.0), "page of a desk"), (PageFigures(70_000, 1001.0), "first paint")):
        (aim,) = missed(ROUND, page)
        assert words in aim
    assert len(replace(FIGURES, page=None).verdicts()) == 6


def test_a_desk_shows_a_caller_from_the_first_frame_with_the_call_to_the_first_without() -> None:
    frames = [(1.0, ""), (2.0, "a"), (3.0, "a"), (4.0, ""), (5.0, "b"), (6.0, "a")]
    assert moments_of(frames, "a") == (2.0, 4.0)
    assert moments_of(frames, "b") == (5.0, 6.0)
    assert moments_of([*frames, (7.0, "c")], "c") == (7.0, None)
    assert moments_of(frames, "d") == (None, None)


def test_a_board_counts_a_caller_in_the_first_frame_with_so_many() -> None:
    assert list(first_counted([(1.0, 4), (2.0, 4), (3.0, 6), (4.0, 7)])) == [(4, 3.0), (5, 3.0), (6, 4.0)]
    assert list(first_counted([])) == []


def test_what_a_frame_says_is_read_from_the_card_alone_and_from_the_figures_of_a_board() -> None:
    heard = Heard()
    heard.frame(7, b'<section id="card" class="x" data-call="c1" data-town="T"><p data-call="other"></p></section>')
    heard.frame(7, b'<section id="queue"></section><section id="card" data-call="" data-say=""></section>')
    heard.frame(7, b'<section id="queue" data-call="c2"></section>')
    heard.frame(8, b'<div id="board"><p class="tile__words">90 van 100 bellers</p></div>')
    assert [(screen, call) for screen, _, call in heard.cards] == [(7, "c1"), (7, "")]
    assert [(screen, counted) for screen, _, counted in heard.boards] == [(8, 100)]
    assert heard.frames.total() == 4
