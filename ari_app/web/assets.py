"""Scripts, styles and fonts as the build left them (`static/dist`); the pages also work without, and look plain.

Names carry a hash of what is in them, so a browser keeps them for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

DIST = Path(__file__).parent / "static" / "dist"
MANIFEST = "manifest.json"
TEMPLATES = Path(__file__).parent / "templates"


class Assets:
    """Read once, when the process starts. `build` is another one after each change of pages, scripts or styles."""

    def __init__(self, directory: Path = DIST) -> None:
        self.directory = directory
        self._names = _manifest(directory / MANIFEST)
        self.build = self._build()

    @property
    def are_there(self) -> bool:
        return bool(self._names)

    def url(self, name: str) -> str | None:
        """The address of `style.css` or `live.js`; None when there was no build."""
        found = self._names.get(name)
        return None if found is None else f"/static/{found}"

    def _build(self) -> str:
        digest = hashlib.sha256(json.dumps(self._names, sort_keys=True).encode())
        for template in sorted(TEMPLATES.glob("**/*.html")):
            digest.update(template.read_bytes())
        return digest.hexdigest()[:16]


def _manifest(file: Path) -> Mapping[str, str]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(made) for name, made in read.items()}
