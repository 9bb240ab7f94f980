"""Pages as they are written, looked over by html-validate: nothing that browsers have to guess at."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

from ari_app.local import assets
from tests import machine

CONFIGURATION = machine.TOOLS / "html-validate.json"
#: what a browser writes in a way of its own when it is asked for a page that has changed since
WRITTEN_BY_BROWSER = ("attribute-boolean-style", "attribute-empty-style", "doctype-style", "no-trailing-whitespace")


class WrittenPages:
    """Pages that were collected, to be looked over together: Node takes a second to begin."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._where: dict[str, str] = {}

    def add(self, html: str, where: str, *, by_browser: bool = False) -> None:
        """`where`: said of what is wrong. `by_browser`: as a browser writes what it shows."""
        name = f"{hashlib.sha256(html.encode()).hexdigest()[:16]}.html"
        if name not in self._where:
            self._where[name] = where
            head = f"<!-- [html-validate-disable {', '.join(WRITTEN_BY_BROWSER)}] -->\n" if by_browser else ""
            (self._directory / name).write_text(head + html, encoding="utf-8")

    async def findings(self) -> list[str]:
        """Everything that is wrong, with where it was seen."""
        if not self._where:
            return []
        program = machine.npm_tools() / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
        command = [*assets.node(), str(program), "--config", str(CONFIGURATION), "--formatter", "json"]
        process = await asyncio.create_subprocess_exec(
            *command,
            *sorted(self._where),
            cwd=self._directory,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, wrong = await process.communicate()
        try:
            files = json.loads(said)
        except ValueError:
            raise AssertionError(f"html-validate said nothing: {wrong.decode()}") from None
        return [
            f"{self._where[Path(file['filePath']).name]}: {one['ruleId']}: {one['message']} ({one.get('selector')})"
            for file in files
            for one in file["messages"]
        ]
