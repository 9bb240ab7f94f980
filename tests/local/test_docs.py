"""The documents hold what they promise: every setting, command and log event is described, and no link is dead."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from ari_app import settings as application_settings
from ari_app.area_file.reader import read_area
from ari_app.core.call import EndReason
from ari_app.core.keypad import KeyCommand
from ari_app.core.limits import BUSY, RULES, Limit, LimitRule
from ari_app.core.operators import PAUSE_KEYS
from ari_app.local.settings import LocalSettings
from tests.commands.tree import every_command

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
OPERATIONS = ROOT / "docs" / "operations.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

#: every setting of `ari-app`, those of `migrate` among them
READ_BY_THE_PROGRAM = {
    name
    for kind in (
        application_settings.Settings,
        application_settings.MigrateSettings,
        application_settings.WebSettings,
    )
    for name in application_settings.variables(kind)
}
#: global variables of Asterisk, and a word in the text of a script
NO_SETTINGS = {"ARI_APP_HEARTBEAT", "ARI_APP_DIALPLAN", "ARI_APP_NAME", "ARI_APP_BUSY", "ARI_APP_SOUND_PAIRS"}
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LOG_CALL = re.compile(r"\blog\.(?:debug|info|warning|error|exception|log)\(\s*(?:level,\s*)?\"([^\"]+)\"")
#: directories that exist on the machine of whoever wrote it and nowhere else
SOMEBODYS_MACHINE = re.compile(r"(?<![\w.@])/(?:work|root|home|Users|tmp/[\w.]+)/")


@cache
def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def commands() -> set[str]:
    return {path for path, _ in every_command()}


def variables(*files: Path) -> set[str]:
    found: set[str] = set()
    for file in files:
        found.update(re.findall(r"\bARI_APP_[A-Z][A-Z_]*[A-Z]\b", file.read_text(encoding="utf-8")))
    return found - NO_SETTINGS


@pytest.mark.parametrize("variable", sorted(READ_BY_THE_PROGRAM))
def test_a_setting_of_the_application_is_in_the_readme(variable: str) -> None:
    assert f"`{variable}`" in text(README)


@pytest.mark.parametrize("field", [field.name for field in fields(LocalSettings)])
def test_a_setting_of_the_system_on_one_machine_is_in_the_readme(field: str) -> None:
    other = {"database_url": "DATABASE_URL", "http_port": "ARI_APP_ASTERISK_HTTP_PORT"}
    assert f"`{other.get(field, f'ARI_APP_{field.upper()}')}`" in text(README)


def test_a_variable_that_any_file_reads_is_in_the_readme() -> None:
    files = [
        *ROOT.glob("ari_app/**/*.py"),
        *ROOT.glob("ari_app/local/*.sh"),
        *(file for file in ROOT.glob("asterisk-conf/*") if file.is_file()),
        ROOT / ".env.example",
        ROOT / "docker-compose.yml",
        ROOT / "Dockerfile",
    ]
    assert {name for name in variables(*files) if f"`{name}`" not in text(README)} == set()


def test_a_variable_of_the_documents_is_read_by_some_file() -> None:
    read = set(READ_BY_THE_PROGRAM)
    read |= variables(*ROOT.glob("ari_app/**/*.py"), *ROOT.glob("ari_app/local/*.sh"), ROOT / ".env.example")
    read |= variables(*(file for file in ROOT.glob("asterisk-conf/*") if file.is_file()), ROOT / "docker-compose.yml")
    assert variables(*DOCUMENTS) - read == set()


@pytest.mark.parametrize("command", sorted(commands()))
def test_a_command_is_in_the_readme(command: str) -> None:
    first, _, rest = command.partition(" ")
    rows = (line for line in text(README).splitlines() if line.startswith("| `ari-app "))
    row = next((row for row in rows if re.search(rf"`ari-app {first}\b", row)), None)
    assert row is not None, f"the table of commands has no row for {first}"
    assert not rest or re.search(rf"`(?:ari-app {first} )?{rest}\b", row), f"{command} is not in its row"


def test_the_commands_of_the_documents_exist() -> None:
    existing = commands()
    named = set(re.findall(r"`ari-app ([a-z]+)", "".join(map(text, DOCUMENTS))))
    assert named <= existing


def test_every_pause_key_is_in_the_table_of_keys() -> None:
    row = next(line for line in text(README).splitlines() if line.startswith("| `*9`"))
    for key, reason in PAUSE_KEYS.items():
        assert f"{key} {reason.value}" in row
    assert len(KeyCommand.__args__) == 10, "a new kind of command: is it in the README's table of keys?"


@pytest.mark.parametrize("reason", list(EndReason))
def test_an_end_reason_is_explained(reason: EndReason) -> None:
    assert f"| `{reason.value}` | {reason.side.value} |" in text(OPERATIONS)


def test_every_log_event_is_explained() -> None:
    logged = {event for file in ROOT.glob("ari_app/**/*.py") for event in LOG_CALL.findall(text(file))}
    assert len(logged) > 30
    assert {event for event in logged if f"`{event}`" not in text(OPERATIONS)} == set()


def test_the_table_of_limits_is_that_of_the_register() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (.*) \| `(\w[\w-]*)`(?: \(busy\))? \| (.*) \|$", _section(OPERATIONS, "Limits"), re.MULTILINE
    )
    assert rows == [(limit, rule.on, rule.reason, _counted(rule)) for limit, rule in RULES.items()]


def _counted(rule: LimitRule) -> str:
    fact = f"fact `{rule.fact}` with this `{rule.field}`" if rule.fact else ""
    line = f"log `{rule.event}`" if rule.event else ""
    return ", ".join(filter(None, (fact, line)))


def test_the_dialplan_refuses_with_the_limits_of_the_register() -> None:
    dialplan = text(ROOT / "asterisk-conf" / "extensions.conf")
    refuses = re.findall(r"Set\(REFUSED=(\w+)\)", dialplan)
    assert refuses == [limit for limit, rule in RULES.items() if rule.reason == BUSY]
    assert dialplan.count("CELGenUserEvent(REFUSED") == 1, "each is counted"
    assert "Hangup(17)" in dialplan, "busy, as SIP says it"


def test_every_limit_is_used_where_it_refuses() -> None:
    by_enum = {Limit.TRANSFERS: "RefusalReason.TRANSFER_LIMIT"}
    code = {file: text(file) for file in ROOT.glob("ari_app/**/*.py") if file.name != "limits.py"}
    for limit, rule in RULES.items():
        used = [file for file, source in code.items() if by_enum.get(limit, f"Limit.{limit.name}") in source]
        assert used or rule.reason == BUSY, limit


def test_the_area_file_of_the_readme_is_one() -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```", text(README), re.MULTILINE | re.DOTALL)
    assert tomllib.loads(example)["shared_number"][0]["number"] == "14 0119"
    read_area(example)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_a_document_has_no_dead_link(document: Path) -> None:
    for target in LINK.findall(CODE.sub("", text(document))):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        goal = document if not path else (document.parent / path)
        assert goal.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in {_anchor(heading) for heading in HEADING.findall(CODE.sub("", text(goal)))}


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "publiccode.yml"], ids=lambda document: document.name)
def test_a_document_holds_no_path_of_somebodys_machine(document: Path) -> None:
    assert SOMEBODYS_MACHINE.findall(text(document)) == []


def test_every_document_can_be_found_from_the_readme() -> None:
    found = {README}
    todo = [README]
    while todo:
        document = todo.pop()
        for target in LINK.findall(text(document)):
            goal = (document.parent / target.partition("#")[0]).resolve()
            if goal.suffix == ".md" and goal.exists() and goal not in found:
                found.add(goal)
                todo.append(goal)
    assert {str(document.relative_to(ROOT)) for document in DOCUMENTS if document not in found} == set()


def _section(document: Path, heading: str) -> str:
    """The text below a heading, until the next one."""
    found = re.search(rf"^#+ {heading}\n(.*?)(?=^#|\Z)", text(document), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def _anchor(heading: str) -> str:
    """The name that a heading gets on the usual code hosting sites."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
