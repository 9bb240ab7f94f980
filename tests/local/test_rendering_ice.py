"""Behind an external address: what phones in pages are offered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local.test_rendering import _render as rendered
from tests.local.test_rendering import _settings as settings

pytestmark = pytest.mark.pure


def test_behind_an_external_address_phones_in_pages_are_offered_it_beside_each_own_one(tmp_path: Path) -> None:
    outside = {"ARI_APP_EXTERNAL_ADDRESS": "203.0.113.5"}
    inside = {"ARI_APP_ICE_ADDRESSES": "172.18.0.3 fd00::3 203.0.113.5 172.19.0.2"}
    assert rendered(tmp_path / "conf", **outside, **inside).returncode == 0
    lines = settings(tmp_path / "conf/rtp.conf")
    assert lines[lines.index("[ice_host_candidates]") + 1 :] == [
        "172.18.0.3 => 203.0.113.5,include_local_address",
        "172.19.0.2 => 203.0.113.5,include_local_address",
    ]
    rendered(tmp_path / "plain", **inside)
    assert "[ice_host_candidates]" not in settings(tmp_path / "plain/rtp.conf")
    refused = rendered(tmp_path / "wrong", **outside, ARI_APP_ICE_ADDRESSES="172.18.0.3 => 192.0.2.1")
    assert refused.returncode == 1 and "ARI_APP_ICE_ADDRESSES" in refused.stderr
