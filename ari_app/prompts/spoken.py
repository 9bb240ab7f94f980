"""Free texts spoken on demand (a subject, a note) and removed after a day, because they may be about a person.

They are kept in a directory of their own, apart from the prompts of `build`. The name of a file reveals nothing of its
text: it is derived with a key that exists only in this process.
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
    """Make the sound of this text, unless it exists, and return its prompt name. A long text is cut after a word.

    Blocks some 50 ms. Raises PromptError, whose message may contain the text.
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
    """Remove the files that were not used for a day, and return how many. Blocks. Raises CannotWrite."""
    removed = 0
    directory = sounds_dir / SPOKEN_PLACE
    try:
        for file in directory.iterdir():
            with suppress(FileNotFoundError):  # another process removed it
                if now.timestamp() - file.stat().st_mtime > KEPT.total_seconds():
                    file.unlink()
                    removed += 1
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise CannotWrite(f"cannot clear {directory}: {error.strerror or error}") from error
    return removed
