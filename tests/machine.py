"""Needs of the tests that the machine fulfils, made once per run for all its workers.

On a machine that has it already, each of these takes no time. One worker at a time is at it; the others wait, and then
find it made.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from xml.etree import ElementTree

from ari_app.core.ids import MunicipalityCode
from ari_app.local import assets, asterisk_root, toolbox
from ari_app.local.asterisk import LocalAsterisk
from ari_app.local.settings import cache_dir
from tests.sharing import asterisk_in_real_time

Say = Callable[[str], None]
TOOLS = Path(__file__).parent / "web" / "tools"
INSTALLED = ".installed"  # made when all of it is there


@contextmanager
def _alone() -> Iterator[None]:
    directory = cache_dir()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "tests.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def tools(say: Say) -> None:
    """The distribution's programs; as root on Debian and Ubuntu they are installed. Raises LocalError."""
    with _alone():
        toolbox.require(toolbox.FOR_TESTS, say)


def program(say: Say) -> asterisk_root.AsteriskProgram:
    """Asterisk; as root on Debian and Ubuntu it is unpacked. Raises LocalError."""
    with _alone():
        found = asterisk_root.find(cache_dir(), say)
        return replace(found, data_dir=with_short_documents(found.data_dir, cache_dir()))


def with_short_documents(data_dir: Path, into: Path) -> Path:
    """Asterisk's data, with no more than names in its documents but of the configuration: a directory in `into`.

    It copies what they say of every application as it boots, for the help of its command line: half of a boot's
    computing, a hundred times in a run. It does not load a module of whose configuration they say nothing.
    """
    whole = sorted((data_dir / "documentation").glob("core-*.xml"))
    if not whole:
        return data_dir
    states = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in whole]
    directory = into / f"test-asterisk-data-{hashlib.sha256(json.dumps(states).encode()).hexdigest()[:8]}"
    if not directory.is_dir():
        with tempfile.TemporaryDirectory(dir=into) as name:
            new = Path(name) / "data"
            (new / "documentation").mkdir(parents=True)
            for entry in data_dir.iterdir():
                if entry.name != "documentation":
                    (new / entry.name).symlink_to(entry)
            for file in whole:
                documents = ElementTree.parse(file)
                for element in documents.getroot():
                    if element.tag != "configInfo":
                        del element[:]
                documents.write(new / "documentation" / file.name, encoding="utf-8", xml_declaration=True)
            new.rename(directory)
    return directory


def sounds(say: Say) -> Path:
    """The directory with every prompt of the catalogue, and music in `music/`; to be copied, never written to.

    Kept between runs. Another catalogue has another directory: checkouts beside each other do not undo each other's
    work. Needs the tools.
    """
    from ari_app.prompts.build import build, build_music  # the pure tests need none of it
    from ari_app.prompts.catalogue import load

    ingredients = json.dumps([load().prompts(), asdict(load().voice)], sort_keys=True)
    directory = cache_dir() / f"test-sounds-{hashlib.sha256(ingredients.encode()).hexdigest()[:8]}"

    def progress(made: int, due: int) -> None:
        if made == 1:
            say(f"Making {due} prompts …")

    with _alone():
        build(directory, progress=progress)
        build_music(directory / "music")
    return directory


def hurried_sounds(say: Say, towns: Sequence[tuple[str, str]], hurry: int) -> Path:
    """The directory with all of `sounds` and the prompts of these municipalities (code, name), `hurry` times as fast.

    Tests wait for them. No voice is recognised: a prompt is recognised by its wave. To be copied, as `sounds`.
    """
    from ari_app.prompts.build import build
    from tests.acceptance import audio

    slow = sounds(say)
    key = hashlib.sha256(json.dumps([list(towns), hurry]).encode()).hexdigest()[:8]
    directory = slow.with_name(f"{slow.name}-{key}")
    before = hurried_sounds(say, (), hurry) if towns else slow
    with _alone():
        if not directory.is_dir():
            with tempfile.TemporaryDirectory(dir=directory.parent) as name:
                new = shutil.copytree(before, Path(name) / "sounds")
                build(new, [(MunicipalityCode(code), name) for code, name in towns])
                for file in (new / "gemeente").glob("*/*.wav") if towns else (new / "nl").glob("*.wav"):
                    audio.write_wav(file, audio.read_wav(file)[::hurry])
                new.rename(directory)
    return directory


def npm_tools() -> Path:
    """The directory with what `tests/web/tools` needs of npm, in `node_modules`. Raises LocalError."""
    described = [TOOLS / name for name in ("package.json", "package-lock.json", ".npmrc")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in described)).hexdigest()[:8]
    directory = cache_dir() / f"test-tools-{digest}"
    with _alone():
        if not (directory / INSTALLED).exists():
            directory.mkdir(parents=True, exist_ok=True)
            for file in described:
                shutil.copy(file, directory)
            assets.install(directory)
            (directory / INSTALLED).touch()
    return directory


def axe() -> Path:
    """The script of axe-core, which looks at a page as somebody would who cannot see it well. Raises LocalError."""
    return npm_tools() / "node_modules" / "axe-core" / "axe.min.js"


def pages(say: Say) -> None:
    """Scripts and styles of the pages. Raises LocalError."""
    with _alone():
        assets.build(say)


def prepare(say: Say) -> None:
    """All of it. Raises LocalError."""
    tools(say)
    program(say)
    sounds(say)
    pages(say)
    axe()


class RealTimeAsterisk(LocalAsterisk):
    """Asterisk, in real time where that is allowed."""

    @property
    def command(self) -> list[str]:
        return [*super().command, *asterisk_in_real_time()]
