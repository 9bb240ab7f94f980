"""What is to be measured: the options of the bench, and the plan that they make."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.capacity import Capacity
from tests.bench.clicking import Clicks
from tests.bench.importing import Country
from tests.bench.restart import Crowded
from tests.bench.start import ROUNDS
from tests.bench.storm import Storm
from tests.bench.throughput import Load
from tests.bench.watching import Watch

#: free operators are always there: twenty calls a second of two seconds keep forty busy
AGENTS = 80


@dataclass(frozen=True, slots=True)
class Plan:
    """The measurements."""

    load: Load
    rounds: int
    agents: int
    crowded: Crowded | None
    command_rounds: int  # 0: no command is measured
    country: Country | None = None  # None: no import of it is measured
    clicks: Clicks | None = None  # None: no commands of screens are measured
    capacity: Capacity | None = None  # only when asked for, and so is a storm
    storm: Storm | None = None
    watch: Watch | None = None


def plan_of(options: argparse.Namespace) -> Plan:
    if options.quick:
        load = Load(per_second=options.rate or 4.0, seconds=options.seconds or 5.0, hold_seconds=0.5, warm_up_seconds=1)
        crowded = Crowded(waiting=12, talking=8, times=1)
        return Plan(
            load,
            _turns(options, 1),
            agents=8,
            crowded=crowded,
            command_rounds=3,
            country=Country(12, 20),
            clicks=Clicks(5, 2, 4),
        )
    if options.what == "capacity":
        usual = Capacity()
        capacity = replace(usual, seconds=options.seconds or usual.seconds)
        load = capacity.load
        return Plan(load, 0, capacity.talking, crowded=None, command_rounds=0, capacity=capacity)
    if options.what == "storm":
        usually = Storm()
        carried = options.capacity or usually.capacity
        seconds = options.seconds or usually.seconds
        storm = replace(
            usually,
            capacity=carried,
            operators=max(1, carried // 3),
            seconds=seconds,
            calm_seconds=usually.calm_seconds * seconds / usually.seconds,
        )
        return Plan(Load(), 0, storm.operators, crowded=None, command_rounds=0, storm=storm)
    if options.what == "web":
        return _plan_of_web(options)
    load = Load(per_second=options.rate or 20.0, seconds=options.seconds or 60.0)
    agents = max(AGENTS, round(load.per_second * load.hold_seconds * 2))
    if options.no_restart or options.trace:
        return Plan(load, _turns(options, 3), agents, crowded=None, command_rounds=0)
    if options.what == "clicks":
        clicks = Clicks(options.rate or Clicks.per_second, options.seconds or Clicks.seconds)
        return Plan(load, 0, clicks.operators, crowded=None, command_rounds=0, clicks=clicks)
    return Plan(load, _turns(options, 3), agents, Crowded(), ROUNDS, Country(), Clicks())


def _plan_of_web(options: argparse.Namespace) -> Plan:
    usual = Watch()
    load = replace(
        usual.load, per_second=options.rate or usual.load.per_second, seconds=options.seconds or usual.load.seconds
    )
    desks = options.desks or usual.desks
    watch = replace(
        usual,
        desks=desks,
        boards=usual.boards if options.boards is None else options.boards,
        operators=min(desks, round(load.per_second * load.hold_seconds * 2)),
        load=load,
        rounds=options.rounds or usual.rounds,
    )
    return Plan(load, 0, watch.operators, crowded=None, command_rounds=0, watch=watch)


def _turns(options: argparse.Namespace, usual: int) -> int:
    """How often every contender of the throughput has its turn."""
    return 0 if options.what == "start" else options.rounds or usual


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="See docs/bench.md.")
    parser.add_argument(
        "what",
        nargs="?",
        choices=["all", "start", "clicks", "capacity", "storm", "web"],
        default="all",
        help="start: no throughput, only restarts and commands; clicks: only commands of screens; "
        "capacity: what this machine carries; storm: three times as much; web: thousands of screens beside the calls",
    )
    parser.add_argument("--capacity", type=int, help="storm: the live calls that this machine carries (600)")
    parser.add_argument("--desks", type=int, help="web: so many desks are open (2000)")
    parser.add_argument("--boards", type=int, help="web: so many wallboards (50)")
    parser.add_argument("--seconds", type=float, help="how long each contender is called (60)")
    parser.add_argument("--rate", type=float, help="calls per second (20)")
    parser.add_argument("--rounds", type=int, help="how often all contenders have their turn (3)")
    parser.add_argument(
        "--no-restart", action="store_true", help="throughput only: no restart with 500 live calls, no commands"
    )
    parser.add_argument("--quick", action="store_true", help="5 seconds, 4 calls per second, 20 live calls")
    parser.add_argument(
        "--trace", action="store_true", help="only this: where the time of a call goes, step by step (60 s of calls)"
    )
    parser.add_argument("--strict", action="store_true", help="exit code 1 when an aim is missed")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="keep what SIPp and the servers wrote there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there as well")
    return parser.parse_args()
