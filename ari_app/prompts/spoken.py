"""Somebody's own words, spoken when they are needed and forgotten after a day: they may be about a person.

Apart from the prompts of `build`, in a directory of their own. The name of a file tells nothing: it is made with a
key that exists in this process only.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from ari_app.prompts import sound
from ari_app.prompts.catalogue import SPOKEN_PLACE, load, speakable
from ari_app.prompts.errors import CannotWrite, cannot_write

KEPT = timedelta(hours=24)  # after its last use
MOST_CHARACTERS = 300  # some twenty seconds; nobody remembers more
_KEY = secrets.token_bytes(16)


def speak_for_now(sounds_dir: Path, text: str) -> str:
    """The prompt name of this text, made if it is not there yet; of a long text, its beginning.

    Blocks some 50 ms. Raises PromptError, whose text may hold the text itself.
    """
    spoken = speakable(_beginning(text))
    name = f"{SPOKEN_PLACE}/{hashlib.blake2b(spoken.encode(), key=_KEY, digest_size=12).hexdigest()}"
    file = sounds_dir / f"{name}.wav"
    try:
        os.utime(file)  # in use: kept from now on
    except FileNotFoundError:
        sound.write(file, sound.speak(spoken, load().voice))
    except OSError as error:
        raise cannot_write(file, error) from error
    return name


def _beginning(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    words, _, _ = text[: MOST_CHARACTERS + 1].rpartition(" ")
    return words or text[:MOST_CHARACTERS]


def forget(sounds_dir: Path, now: datetime) -> int:
    """Remove what was not used for a day; how many files that were. Blocks. Raises CannotWrite."""
    removed = 0
    directory = sounds_dir / SPOKEN_PLACE
    try:
        for file in directory.iterdir():
            with suppress(FileNotFoundError):  # another one swept it
                if now.timestamp() - file.stat().st_mtime > KEPT.total_seconds():
                    file.unlink()
                    removed += 1
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise CannotWrite(f"cannot clear {directory}: {error.strerror or error}") from error
    return removed
