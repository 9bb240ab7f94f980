"""Texts become sound for Asterisk; only changed texts are made again."""

from __future__ import annotations

import math
import shutil
import stat
import threading
import wave
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from ari_app.core.area import Member, SharedNumber
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import __main__ as command
from ari_app.prompts import build, build_music, expected, missing, require_speakable, sound
from ari_app.prompts.build import MUSIC_FILE
from ari_app.prompts.catalogue import Catalogue, load, said_prompt
from ari_app.prompts.errors import BadText, CannotWrite, ToolFailed, ToolMissing
from ari_app.prompts.phrases import caller as to_caller
from ari_app.prompts.phrases.parts import Phrase
from ari_app.prompts.voice import PromptVoice, media_of
from tests.prompts.conftest import CALAMITY, MUNICIPALITIES, Built

pytestmark = pytest.mark.pure

LINDENHOVE = MunicipalityCode("GM9901")
SMALL = Catalogue(load().voice, {"welkom": "Welkom.", "mei": "mei,"}, {"naam": "{name},"})


def seconds_of(file: Path) -> float:
    """The length of a sound in the one format that everything has."""
    with wave.open(str(file)) as sounds:
        assert (sounds.getframerate(), sounds.getnchannels(), sounds.getsampwidth()) == (8000, 1, 2)
        return float(sounds.getnframes() / sound.RATE)


def samples_of(file: Path) -> sound.Samples[int]:
    with wave.open(str(file)) as sounds:
        return array("h", sounds.readframes(sounds.getnframes()))


def test_every_prompt_is_made_in_the_right_format_at_one_level(built: Built) -> None:
    names = expected(MUNICIPALITIES, [CALAMITY])
    assert set(built.report.built) == set(names)
    assert built.report.unchanged == 0
    assert missing(built.directory, names) == ()
    for name in names:
        file = built.directory / f"{name}.wav"
        assert 0.15 < seconds_of(file) < 15, name
        level_db = sound.speech_level_db(samples_of(file))
        assert -27 < level_db < -19, name
        assert file.stat().st_mode & stat.S_IROTH, "Asterisk is another user"


def test_speech_starts_at_once_and_a_fragment_ends_soon(built: Built) -> None:
    for name in ("nl/getal-1", "nl/weer-morgen", f"gemeente/{LINDENHOVE}/naam"):
        samples = samples_of(built.directory / f"{name}.wav")
        loud = [i for i, sample in enumerate(samples) if abs(sample) > 300]
        assert loud[0] / sound.RATE < 0.1
        assert (len(samples) - loud[-1]) / sound.RATE < 0.2


def test_the_full_build_reports_its_progress(built: Built) -> None:
    total = len(built.report.built)
    assert built.told == [(done, total) for done in range(1, total + 1)]


def test_given_nothing_changed_then_nothing_is_made_and_no_tool_is_needed(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    report = build(built.directory, MUNICIPALITIES, [CALAMITY])
    assert report.built == ()
    assert report.unchanged == len(built.report.built)


def test_given_a_changed_text_then_that_one_is_made(tmp_path: Path) -> None:
    build(tmp_path, MUNICIPALITIES, catalogue=SMALL)
    before = seconds_of(tmp_path / "nl" / "welkom.wav")
    changed = replace(SMALL, texts={**SMALL.texts, "welkom": "Goedemorgen, en hartelijk welkom."})
    assert build(tmp_path, MUNICIPALITIES, catalogue=changed).built == ("nl/welkom",)
    assert seconds_of(tmp_path / "nl" / "welkom.wav") > before
    renamed = [(LINDENHOVE, "Lindenhoven"), *MUNICIPALITIES[1:]]
    assert build(tmp_path, renamed, catalogue=changed).built == ("gemeente/GM9901/naam",)


def test_given_another_voice_then_all_speech_is_made_again(tmp_path: Path) -> None:
    build(tmp_path, catalogue=SMALL)
    slower = replace(SMALL, voice=replace(SMALL.voice, words_per_minute=100))
    assert set(build(tmp_path, catalogue=slower).built) == {"nl/welkom", "nl/mei"}


def test_given_a_lost_file_or_a_broken_list_then_it_is_mended(tmp_path: Path) -> None:
    first = build(tmp_path, catalogue=SMALL)
    (tmp_path / "nl" / "mei.wav").unlink()
    assert missing(tmp_path, ["nl/mei", "nl/welkom"]) == ("nl/mei",)
    assert build(tmp_path, catalogue=SMALL).built == ("nl/mei",)
    (tmp_path / ".made.json").write_text("{")
    assert set(build(tmp_path, catalogue=SMALL).built) == set(first.built)


def test_files_of_others_stay(tmp_path: Path) -> None:
    """The image is built without municipalities; the program adds its own later, and neither undoes the other."""
    build(tmp_path, MUNICIPALITIES, [CALAMITY], catalogue=SMALL)
    everything = set(tmp_path.rglob("*.wav"))
    assert build(tmp_path, catalogue=SMALL).built == ()
    assert set(tmp_path.rglob("*.wav")) == everything
    assert build(tmp_path, MUNICIPALITIES, [CALAMITY], catalogue=SMALL).built == ()


def test_builders_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    reports = []
    threads = [
        threading.Thread(target=lambda: reports.append(build(tmp_path, MUNICIPALITIES, catalogue=SMALL)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(report.built) for report in reports) == [0, 0, 6]
    assert not list(tmp_path.rglob("*.part"))


def test_a_free_text_is_made_once_and_can_be_played(tmp_path: Path) -> None:
    build(tmp_path, catalogue=SMALL)
    (name,) = build(tmp_path, texts=[CALAMITY], catalogue=SMALL).built
    assert name == said_prompt(CALAMITY) == to_caller.calamity(CALAMITY)[-1]
    assert seconds_of(tmp_path / f"{name}.wav") > 1
    assert build(tmp_path, texts=[f" {CALAMITY}\n"], catalogue=SMALL).built == ()
    assert media_of(tmp_path, LINDENHOVE, [name]) == (f"sound:{tmp_path}/{name}",)


def test_the_menu_of_the_sample_is_asked_twice_within_its_time(tmp_path: Path) -> None:
    """With the voice that ships: four municipalities, as on 14 0119."""
    towns = ("Oosterwende", "Zandermeer", "Lindekerk", "Wierdam")
    names = [(MunicipalityCode(f"GM990{n}"), town) for n, town in enumerate(towns, 1)]
    number = SharedNumber("140119", tuple(Member(code, key) for key, (code, _) in enumerate(names, 1)))
    whole = load()
    wanted = {"welkom", "welke-gemeente", "kies-nu", *(f"toets-{key}" for key in range(1, 5))}
    texts = {name: text for name, text in whole.texts.items() if name in wanted}
    build(tmp_path, names, catalogue=replace(whole, texts=texts))

    def seconds(phrase: Phrase) -> float:
        return PromptVoice(tmp_path).seconds(phrase, None) if set(phrase) <= made else 99.0

    made = {f"nl/{name}" for name in texts} | {
        f"gemeente/{code}/{name}" for code, _ in names for name in ("naam", "menu")
    }
    menu = to_caller.menu(number, calls_back=True, within_seconds=number.choose_within_seconds, seconds=seconds)
    assert menu.again is not None
    assert 8 < seconds(menu.first) + seconds(menu.again) < 12


def test_a_text_that_looks_like_an_option_is_only_spoken(tmp_path: Path) -> None:
    build(tmp_path, texts=["--version"], catalogue=SMALL)
    assert seconds_of(tmp_path / f"{said_prompt('--version')}.wav") > 0.3


@pytest.mark.parametrize("bad", ["#", " ... ", "\N{ZERO WIDTH SPACE}"])
def test_given_one_text_without_sound_then_all_others_are_made_and_it_is_reported(tmp_path: Path, bad: str) -> None:
    municipalities = [(LINDENHOVE, bad), (MunicipalityCode("../x"), "Zandermeer"), *MUNICIPALITIES[1:]]
    report = build(tmp_path, municipalities, [bad, CALAMITY], catalogue=SMALL)
    assert set(report.failed) == {said_prompt(bad), "gemeente/GM9901/naam", "gemeente/../x/naam"}
    assert {"nl/welkom", "gemeente/GM9902/naam", said_prompt(CALAMITY)} <= set(report.built)
    assert {*expected([(LINDENHOVE, bad)], [bad])} > {said_prompt(bad), "gemeente/GM9901/naam"}


def test_a_text_without_sound_is_refused_before_it_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    require_speakable(CALAMITY)
    with pytest.raises(BadText, match="nothing to say"):
        require_speakable("#")
    monkeypatch.setattr(sound, "_run", lambda command, purpose, data=b"": b"")
    with pytest.raises(ToolFailed, match="made no sound"):
        require_speakable(CALAMITY)
    monkeypatch.undo()
    monkeypatch.setenv("PATH", "")
    require_speakable(CALAMITY)  # the programs are on another machine


def test_given_no_tools_then_the_error_names_them_and_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="espeak-ng and sox not found: .*apt-get install espeak-ng sox"):
        build(tmp_path / "sounds", catalogue=SMALL)


def test_given_a_failing_tool_then_the_error_quotes_it(tmp_path: Path) -> None:
    mute = replace(SMALL, voice=replace(SMALL.voice, language="zz"))
    failed = build(tmp_path, catalogue=mute).failed
    assert set(failed) == {"nl/welkom", "nl/mei"}
    assert "espeak-ng could not say 'Welkom.'" in failed["nl/welkom"]
    assert "voice does not exist" in failed["nl/welkom"]
    # A prompt that failed is tried again.
    assert "nl/welkom" in build(tmp_path, catalogue=SMALL).built


def test_given_a_place_where_nothing_can_be_written_then_the_error_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match=r"file/sounds.*ARI_APP_SOUNDS_DIR"):
        build(tmp_path / "file" / "sounds", catalogue=SMALL)


def test_music_loops_without_a_seam_and_is_softer_than_speech(tmp_path: Path) -> None:
    assert build_music(tmp_path)
    assert not build_music(tmp_path)
    file = tmp_path / MUSIC_FILE
    assert 25 < seconds_of(file) < 40
    samples = samples_of(file)
    assert -33 < sound.speech_level_db(samples) < -27
    steps = [abs(b - a) for a, b in zip(samples, samples[1:], strict=False)]
    assert abs(samples[0] - samples[-1]) <= max(steps)
    # No hole either: it sounds at every moment, the seam included.
    quarter = sound.RATE // 4
    around = [samples[start : start + quarter] for start in range(0, len(samples), quarter)]
    assert min(math.sqrt(sum(s * s for s in part) / len(part)) for part in around) > 100


def test_the_command_makes_what_is_missing_and_says_how_much(
    built: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sounds, names = tmp_path / "sounds", expected([(LINDENHOVE, "Lindenhove")])
    shutil.copytree(built.directory, sounds)
    lost = [name for name in names if name.startswith("gemeente/")]
    for name in lost:
        (sounds / f"{name}.wav").unlink()
    arguments = [str(sounds), "--municipality", "GM9901=Lindenhove", "--music-dir", str(tmp_path / "music")]
    assert command.main(arguments) == 0
    assert capsys.readouterr().out.startswith(f"{len(lost)} prompts made, {len(names) - len(lost)} unchanged")
    assert lost
    assert missing(sounds, names) == ()
    assert (tmp_path / "music" / MUSIC_FILE).is_file()
    assert command.main(arguments) == 0
    assert capsys.readouterr().out.startswith(f"0 prompts made, {len(names)} unchanged")


def test_the_command_reports_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert command.main([str(tmp_path / "file")]) == 1
    assert "cannot write" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main([str(tmp_path), "--municipality", "GM9901"])
    assert "CODE=NAME" in capsys.readouterr().err
