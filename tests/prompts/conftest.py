from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import BuildReport, build

MUNICIPALITIES = ((MunicipalityCode("GM9901"), "Lindenhove"), (MunicipalityCode("GM9902"), "Oud-Waterdam"))
CALAMITY = "De brug bij de Dorpsstraat is dicht."


@dataclass(frozen=True, slots=True)
class Built:
    directory: Path
    report: BuildReport
    told: list[tuple[int, int]]


@pytest.fixture(scope="session", autouse=True)
def speech(tools: None) -> None:
    """Prompts are spoken by programs of the distribution."""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Everything, made once; tests only read it."""
    directory = tmp_path_factory.mktemp("sounds")
    told: list[tuple[int, int]] = []
    report = build(directory, MUNICIPALITIES, [CALAMITY], progress=lambda done, total: told.append((done, total)))
    return Built(directory, report, told)
