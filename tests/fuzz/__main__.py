"""Every fuzz with as many inputs as are asked for, and other ones each time: `make fuzz`. See `tests.fuzz`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

COMMANDS = "tests/commands/test_fuzz.py"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make fuzz", description="Damaged files and odd command lines; what else is given goes to pytest."
    )
    parser.add_argument("--count", type=int, default=10_000, help="inputs of each kind (10000)")
    chosen, for_pytest = parser.parse_known_args()
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "--durations", "0", "--durations-min", "1"]
    return subprocess.run(
        [*command, "tests/fuzz", COMMANDS, *for_pytest],
        env={**os.environ, "FUZZ_COUNT": str(chosen.count)},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
