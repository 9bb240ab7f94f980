"""Random walks by the thousand, for a night: `make walks ARGS="--count 100000"`. See `tests.calls.walks`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import traceback
from random import randrange

import structlog

from tests.calls.flavours import FLAVOURS
from tests.calls.walks import walk

SHOWN_EVERY_SECONDS = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make walks", description="Random walks; each failure names its seed.")
    parser.add_argument("--count", type=int, default=2000, help="how many walks (2000)")
    parser.add_argument("--flavour", choices=sorted(FLAVOURS), help="only these; all in turn without it")
    parser.add_argument("--seed", type=int, help="the first seed; with it and no --count, that one walk")
    parser.add_argument("--steps", type=int, default=150, help="of each walk (150)")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    if chosen.seed is not None and "--count" not in sys.argv:
        chosen.count = 1 if chosen.flavour else len(FLAVOURS)
    first = randrange(10**6, 10**9) if chosen.seed is None else chosen.seed
    flavours = [chosen.flavour] if chosen.flavour else list(FLAVOURS)
    return asyncio.run(_walks(flavours, first, chosen.count, chosen.steps))


async def _walks(flavours: list[str], first: int, count: int, steps: int) -> int:
    """Prints every failure with its seed; 1 when there was one."""
    failures, shown_at = 0, time.monotonic()
    print(f"{count} walks of {steps} steps, from seed {first}", flush=True)  # noqa: T201
    for number in range(count):
        flavour, seed = flavours[number % len(flavours)], first + number // len(flavours)
        try:
            await walk(flavour, seed, steps)
        except Exception:  # noqa: BLE001  every failure is reported, and the walks go on
            failures += 1
            traceback.print_exc()
            print(f'again: make walks ARGS="--flavour {flavour} --seed {seed} --steps {steps}"', flush=True)  # noqa: T201
        if time.monotonic() - shown_at > SHOWN_EVERY_SECONDS:
            shown_at = time.monotonic()
            print(f"{number + 1} walked, {failures} failed", flush=True)  # noqa: T201
    print(f"{count} walked, {failures} failed", flush=True)  # noqa: T201
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
