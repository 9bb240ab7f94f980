"""`python -m ari_app.prompts SOUNDS_DIR`: make the catalogue's sound, for an image or a package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.build import build, build_music
from ari_app.prompts.errors import PromptError


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ari_app.prompts",
        description="Make the sound of every prompt. Only changed prompts are made again.",
    )
    parser.add_argument("sounds_dir", type=Path, metavar="SOUNDS_DIR")
    parser.add_argument(
        "--municipality",
        action="append",
        default=[],
        metavar="CODE=NAME",
        help="also the texts with this municipality's name, e.g. GM9901=Lindenhove; may be repeated",
    )
    parser.add_argument("--music-dir", type=Path, metavar="DIR", help="also put music on hold here")
    options = parser.parse_args(arguments)
    municipalities: list[tuple[MunicipalityCode, str]] = []
    for pair in options.municipality:
        code, equals, name = pair.partition("=")
        if not equals:
            parser.error(f"--municipality {pair}: write CODE=NAME")
        municipalities.append((MunicipalityCode(code), name))
    try:
        report = build(options.sounds_dir, municipalities)
        if options.music_dir is not None:
            build_music(options.music_dir)
    except PromptError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{len(report.built)} prompts made, {report.unchanged} unchanged, {report.seconds:.1f} s\n")
    for name, why in report.failed.items():
        sys.stderr.write(f"{name}: {why}\n")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
