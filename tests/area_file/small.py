"""A small area file without mistakes, and the mistakes that are found in another one."""

from __future__ import annotations

import pytest

from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.reader import read_area
from tests.area_file.full import HASH

GOOD = f"""
[[municipality]]
code = "GM9901"
name = "Oosterwende"
hours = {{ mon = ["08:30-12:00", "13:00-17:00"] }}
geographic = ["0119 990 100"]
[[municipality.direct]]
number = "0119 990 105"
operator = "101"

[[municipality]]
code = "GM9902"
name = "Zandermeer"

[[shared_number]]
number = "14 0119"
default = "GM9901"
[[shared_number.member]]
municipality = "GM9901"
key = 1
[[shared_number.member]]
municipality = "GM9902"
key = 2

[[team]]
code = "kcc"
name = "KCC"
serves = ["GM9901"]
helps = ["GM9902"]

[[operator]]
number = "101"
name = "Anna"
teams = ["kcc"]
pin = "4821"

[[operator]]
number = "102"
name = "Bram"
teams = ["kcc"]
pin_hash = "{HASH}"
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(AreaRefused) as refused:
        read_area(text)
    return [str(mistake) for mistake in refused.value.mistakes]
