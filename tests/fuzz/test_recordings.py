"""A municipality's recordings: a damaged WAV file is taken as sound, or refused by its name with a remedy."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import RecordingRefused, import_recordings, own_recordings, remove_recordings, sound
from ari_app.prompts.recordings import LONGEST_SECONDS
from tests.fuzz import NO_LIMIT, fuzz, in_bounded_time

pytestmark = [pytest.mark.pure, NO_LIMIT]

TOWN = MunicipalityCode("GM9901")
EARLIER = "gesloten"  # the text of a recording that is there already
SECOND = bytes(byte for n in range(8000) for byte in struct.pack("<h", (n * 997) % 20001 - 10000))
HUGE = (0, 1, 2, 3, 7, 8, 16, 24, 32, 64, 255, 8000, 44100, 65535, 2**31 - 1, 2**31, 2**32 - 1)
NAMES = ("gesloten", "in-gesprek", "naam", "GESLOTEN", "gesloten.wav", "gesl\u00f6ten", "onbekend", "x" * 200, " ")


def _chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(content) if size is None else size) + content


@st.composite
def wav_files(draw: st.DrawFn) -> bytes:
    """RIFF from its grammar: mostly right, with fields, sizes and whole chunks that are not."""
    odd = st.sampled_from(HUGE)
    form = [1, 1, 8000, 16000, 2, 16]  # PCM, channels, rate, bytes a second, bytes a frame, bits
    for _ in range(draw(st.integers(0, 2))):
        form[draw(st.integers(0, 5))] = draw(odd)
    kinds = (form[0] & 0xFFFF, form[1] & 0xFFFF, form[2], form[3], form[4] & 0xFFFF, form[5] & 0xFFFF)
    fmt = struct.pack("<HHIIHH", *kinds)
    fmt = draw(st.sampled_from([fmt, fmt, fmt, fmt[:8], fmt + bytes(2), fmt + bytes(24), b""]))
    data = SECOND[: draw(st.sampled_from([len(SECOND), len(SECOND), 8001, 1000, 1, 0]))]
    data = draw(st.sampled_from([data, data, data, bytes(len(data)), b"\xff" * len(data)]))
    size = st.none() | st.none() | st.none() | odd
    chunks = [_chunk(b"fmt ", fmt, draw(size)), _chunk(b"data", data, draw(size))]
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        extra = draw(st.sampled_from([b"LIST", b"fact", b"fmt ", b"data", b"bext", b"\0\0\0\0"]))
        chunks.insert(draw(st.integers(0, len(chunks))), _chunk(extra, draw(st.binary(max_size=20)), draw(size)))
    if not draw(st.integers(0, 19)):
        chunks.reverse()
    body = b"WAVE" + b"".join(chunks)
    head = draw(st.sampled_from([b"RIFF"] * 6 + [b"RIFX", b"RF64", b"OggS", b"fLaC", b"FORM", b"ID3\x03"]))
    content = _chunk(head, body, draw(size))
    match draw(st.sampled_from(["whole"] * 7 + ["cut", "bytes", "noise"])):
        case "cut":
            return content[: draw(st.integers(0, 64))]
        case "bytes":
            at = draw(st.integers(0, 64))
            return content[:at] + draw(st.binary(min_size=1, max_size=8)) + content[at:]
        case "noise":
            return draw(st.binary(max_size=200))
    return content


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory, studio: Path) -> Path:
    directory = tmp_path_factory.mktemp("sounds")
    _put(studio, {EARLIER: sound.as_wav(sound.Samples("h", SECOND))})
    import_recordings(directory, TOWN, studio)
    return directory


def _put(studio: Path, files: dict[str, bytes]) -> None:
    for file in studio.iterdir():
        file.unlink()
    for name, content in files.items():
        (studio / f"{name}.wav").write_bytes(content)


def test_a_damaged_recording_is_sound_for_asterisk_or_refused_by_name(studio: Path, sounds: Path) -> None:
    home = sounds / "municipality" / TOWN

    @fuzz(250)
    @given(st.dictionaries(st.sampled_from(NAMES[:2] * 6 + NAMES), wav_files(), min_size=1, max_size=2))
    def imports(files: dict[str, bytes]) -> None:
        _put(studio, files)
        before = {name: (home / f"{name}.wav").read_bytes() for name in own_recordings(sounds, TOWN)}
        assert EARLIER in before
        try:
            with in_bounded_time():
                report = import_recordings(sounds, TOWN, studio)
        except RecordingRefused as refused:
            for line in str(refused).splitlines():
                assert any(f"{name}.wav: " in line for name in files), line
                assert line.count(": ") >= 2, f"no remedy: {line}"
                assert line.isprintable(), repr(line)
            assert {name: (home / f"{name}.wav").read_bytes() for name in own_recordings(sounds, TOWN)} == before
            return
        assert {*report.imported, *report.unchanged} == {*files}
        for name in files:
            with wave.open(str(home / f"{name}.wav")) as made:
                assert (made.getframerate(), made.getnchannels(), made.getsampwidth()) == (8000, 1, 2)
                assert 0 < made.getnframes() <= (LONGEST_SECONDS + 1) * 8000
        assert import_recordings(sounds, TOWN, studio).imported == ()
        assert not [file for file in home.iterdir() if file.suffix == ".part"]
        remove_recordings(sounds, TOWN, {*report.imported} - {EARLIER})

    imports()
