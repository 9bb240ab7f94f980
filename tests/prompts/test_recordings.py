"""A municipality's own recordings: any WAV file with sound and a known name is taken, and can be removed again."""

from __future__ import annotations

import os
import subprocess
import wave
from array import array
from pathlib import Path

import pytest

from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import (
    RecordingRefused,
    build,
    import_recordings,
    own_recordings,
    recordings,
    remove_recordings,
    sound,
)
from ari_app.prompts.errors import BadText
from ari_app.prompts.phrases import caller as to_caller
from ari_app.prompts.phrases.parts import municipality_name
from ari_app.prompts.voice import media_of
from tests.prompts.conftest import MUNICIPALITIES, Built

pytestmark = pytest.mark.pure

LINDENHOVE, WATERDAM = (code for code, _ in MUNICIPALITIES)


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    directory = tmp_path / "studio"
    directory.mkdir()
    return directory


def record(file: Path, *sox: str, kind: tuple[str, ...] = ()) -> None:
    """Make a file with sox: `sox` is the sound, `kind` the format of the file."""
    subprocess.run(["sox", "-V1", "-n", *kind, str(file), *sox], check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize(
    "kind",
    [
        ("-r", "44100", "-c", "2", "-b", "24"),
        ("-r", "48000", "-c", "1", "-e", "floating-point", "-b", "32"),
        ("-r", "8000", "-c", "1", "-e", "u-law"),
        ("-r", "11025", "-c", "1", "-b", "8"),
        ("-r", "96000", "-c", "6", "-b", "16"),
    ],
    ids="".join,
)
def test_any_kind_of_recording_becomes_a_file_for_asterisk(tmp_path: Path, studio: Path, kind: tuple[str, ...]) -> None:
    record(studio / "gesloten.wav", "synth", "2", "sine", "440", "gain", "-25", "pad", "1", "1", kind=kind)
    assert import_recordings(tmp_path, LINDENHOVE, studio).imported == ("gesloten",)
    with wave.open(str(tmp_path / "municipality" / LINDENHOVE / "gesloten.wav")) as made:
        assert (made.getframerate(), made.getnchannels(), made.getsampwidth()) == (8000, 1, 2)
        samples = array("h", made.readframes(made.getnframes()))
    assert 1.9 < len(samples) / sound.RATE < 2.4, "the silence around it is gone"
    assert abs(sound.speech_level_db(samples) - sound.SPEECH_LEVEL_DB) < 1


def test_a_recording_of_any_size_is_not_read_into_memory(tmp_path: Path, studio: Path) -> None:
    with (studio / "gesloten.wav").open("wb") as file:
        file.truncate(recordings.LARGEST_BYTES + 1)  # a hole: it takes no room on the disk
    with pytest.raises(RecordingRefused, match=r"gesloten\.wav: larger than 200,000,000 bytes: save it"):
        import_recordings(tmp_path, LINDENHOVE, studio)


def test_a_recording_wins_from_the_catalogue_for_its_own_municipality_only(built: Built, studio: Path) -> None:
    for name in ("in-gesprek", "menu", "naam"):
        record(studio / f"{name}.wav", "synth", "1", "sine", "440")
    here = built.directory.absolute()
    before = media_of(here, LINDENHOVE, to_caller.ALL_BUSY)
    assert before == (f"sound:{here}/nl/in-gesprek",)
    import_recordings(here, LINDENHOVE, studio)
    try:
        own = f"sound:{here}/municipality/{LINDENHOVE}"
        assert media_of(here, LINDENHOVE, to_caller.ALL_BUSY) == (f"{own}/in-gesprek",)
        assert media_of(here, WATERDAM, to_caller.ALL_BUSY) == before
        assert media_of(here, None, to_caller.ALL_BUSY) == before
        # The menu is shared: each line has the voice of its own municipality.
        lines = media_of(here, None, [f"gemeente/{code}/menu" for code in (LINDENHOVE, WATERDAM)])
        assert lines == (f"{own}/menu", f"sound:{here}/gemeente/{WATERDAM}/menu")
        assert media_of(here, WATERDAM, municipality_name(LINDENHOVE)) == (f"{own}/naam",)
        # A build does not touch recordings.
        assert build(here, MUNICIPALITIES).built == ()
    finally:
        assert remove_recordings(here, LINDENHOVE) == ("in-gesprek", "menu", "naam")
    assert media_of(here, LINDENHOVE, to_caller.ALL_BUSY) == before
    assert remove_recordings(here, LINDENHOVE) == ()


def test_a_name_without_sound_is_left_out(built: Built) -> None:
    names = ("nl/tot-later", "nl/bestaat-niet", f"gemeente/{LINDENHOVE}/naam")
    media = media_of(built.directory, None, names)
    assert [Path(item).name for item in media] == ["tot-later", "naam"]


def test_importing_again_takes_only_changed_files(tmp_path: Path, studio: Path) -> None:
    record(studio / "gesloten.wav", "synth", "1", "sine", "440")
    record(studio / "tot-later.WAV", "synth", "1", "sine", "330", kind=("-t", "wav"))
    assert import_recordings(tmp_path, LINDENHOVE, studio).imported == ("gesloten", "tot-later")
    again = import_recordings(tmp_path, LINDENHOVE, studio)
    assert (again.imported, again.unchanged) == ((), ("gesloten", "tot-later"))
    record(studio / "gesloten.wav", "synth", "2", "sine", "440")
    assert import_recordings(tmp_path, LINDENHOVE, studio).imported == ("gesloten",)
    assert own_recordings(tmp_path, LINDENHOVE) == ("gesloten", "tot-later")
    assert own_recordings(tmp_path, WATERDAM) == ()


def test_given_one_taken_back_then_the_others_stay_and_it_can_come_again(tmp_path: Path, studio: Path) -> None:
    for name in ("gesloten", "tot-later"):
        record(studio / f"{name}.wav", "synth", "1", "sine", "440")
    import_recordings(tmp_path, LINDENHOVE, studio)
    assert remove_recordings(tmp_path, LINDENHOVE, ["gesloten", "welkom"]) == ("gesloten",)
    assert own_recordings(tmp_path, LINDENHOVE) == ("tot-later",)
    assert import_recordings(tmp_path, LINDENHOVE, studio).imported == ("gesloten",)


def test_given_bad_files_then_each_is_named_with_its_remedy_and_nothing_is_imported(
    tmp_path: Path, studio: Path
) -> None:
    record(studio / "gesloten.wav", "synth", "1", "sine", "440")
    record(studio / "mei.wav", "synth", "0.1", "sine", "440")
    record(studio / "juni.wav", "synth", "121", "sine", "440", kind=("-r", "8000"))
    record(studio / "juli.wav", "trim", "0", "2", kind=("-r", "8000"))
    record(studio / "april.wav", "synth", "2", "sine", "440", "gain", "-70", kind=("-r", "8000", "-b", "24"))
    (studio / "maart.wav").write_bytes(b"ID3 this is no sound" * 100)
    (studio / "januari.wav").write_bytes(b"")
    with pytest.raises(RecordingRefused) as refused:
        import_recordings(tmp_path, LINDENHOVE, studio)
    assert refused.value.problems == (
        "april.wav: too soft (-73 dB): record it again, closer to the microphone",
        "januari.wav: no sound can be read from it: record it again, or save it as WAV (PCM)",
        "juli.wav: silent: record it again, closer to the microphone",
        "juni.wav: longer than 120 s: record a shorter text",
        "maart.wav: no sound can be read from it: record it again, or save it as WAV (PCM)",
        "mei.wav: 0.10 s is too short: record at least 0.2 s",
    )
    assert own_recordings(tmp_path, LINDENHOVE) == ()


def test_given_wrong_names_then_the_right_one_is_suggested(tmp_path: Path, studio: Path) -> None:
    record(studio / "Gesloten.wav", "synth", "1", "sine", "440")
    record(studio / "xyzzy.wav", "synth", "1", "sine", "440")
    (studio / "welkom.mp3").write_bytes(b"ID3")
    (studio / "leesmij.txt").write_text("Opgenomen door de burgemeester.")
    (studio / ".DS_Store").write_bytes(b"")
    with pytest.raises(RecordingRefused) as refused:
        import_recordings(tmp_path, LINDENHOVE, studio)
    assert refused.value.problems == (
        "welkom.mp3: not a WAV file: save the recording as WAV",
        "Gesloten.wav: there is no text 'Gesloten': rename it to gesloten.wav",
        "xyzzy.wav: there is no text 'xyzzy': use a name from the catalogue (docs/prompts.md)",
    )


def test_given_one_text_twice_or_nothing_at_all_then_it_is_refused(tmp_path: Path, studio: Path) -> None:
    with pytest.raises(RecordingRefused, match="no WAV file in it"):
        import_recordings(tmp_path, LINDENHOVE, studio)
    with pytest.raises(RecordingRefused, match="name a directory"):
        import_recordings(tmp_path, LINDENHOVE, studio / "none")
    for name in ("welkom.wav", "welkom.WAV"):
        record(studio / name, "synth", "1", "sine", "440", kind=("-t", "wav"))
    with pytest.raises(RecordingRefused, match="remove one of them"):
        import_recordings(tmp_path, LINDENHOVE, studio)


def test_a_code_cannot_lead_out_of_the_sounds_directory(tmp_path: Path, studio: Path) -> None:
    with pytest.raises(BadText, match="municipality code"):
        import_recordings(tmp_path, MunicipalityCode("../../x"), studio)
    with pytest.raises(BadText, match="municipality code"):
        remove_recordings(tmp_path, MunicipalityCode(f"..{os.sep}x"))
