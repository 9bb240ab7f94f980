"""Where a request comes from, where a login may lead, and what a browser is told to refuse."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from ari_app.web import security
from ari_app.web.assets import Assets
from ari_app.web.rendering import duration

pytestmark = pytest.mark.pure

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


class _Transport:
    """A socket as far as aiohttp asks who is at the other end."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self._peer, 1234) if name == "peername" else default


def request(headers: dict[str, str], *, peer: str = "192.0.2.7", method: str = "POST") -> web.Request:
    return make_mocked_request(method, "/", headers=headers, transport=_Transport(peer))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.7", None, "192.0.2.7"),
        ("192.0.2.7", "203.0.113.1", "192.0.2.7"),  # not from a proxy of ours: anybody can write that
        ("10.0.0.5", "203.0.113.1", "203.0.113.1"),
        ("10.0.0.5", "198.51.100.9, 203.0.113.1", "203.0.113.1"),
        ("10.0.0.5", "203.0.113.1, 10.0.0.6", "203.0.113.1"),
        ("fd00::5", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.5", "203.0.113.1", "203.0.113.1"),
        ("10.0.0.5", "nonsense", None),
        ("10.0.0.5", None, "10.0.0.5"),
    ],
)
def test_the_address_of_a_browser_is_believed_from_our_own_proxies_only(
    peer: str, forwarded: str | None, address: str | None
) -> None:
    asked = request({} if forwarded is None else {"X-Forwarded-For": forwarded}, peer=peer)
    found = security.address_of(asked, PROXIES)
    assert (None if found is None else str(found)) == address


OWN = "https://kcc.example"


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": OWN}, False),
        ({"Origin": OWN}, True),
        ({"Origin": "https://other.example", "Host": "other.example"}, True),  # another name of this very site
        ({"Origin": "http://other.example", "Host": "other.example"}, False),  # the same without HTTPS
        ({"Origin": "https://evil.example", "Host": "kcc.example"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
        # Sockets say their origin always.
        ({"Upgrade": "websocket", "Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, False),
        ({"Upgrade": "websocket", "Origin": OWN}, True),
    ],
)
def test_a_page_of_ours_is_known_by_what_the_browser_says(headers: dict[str, str], ours: bool) -> None:
    assert security.comes_from_us(request({"Host": "kcc.example", **headers}), OWN) is ours


@pytest.mark.parametrize("path", ["/", "/account", "/accounts/a?b=c#d", "/a%2F%2Fb", "/é"])
def test_a_login_leads_to_pages_of_ours(path: str) -> None:
    assert security.safe_next(path) == path


def test_scripts_and_styles_come_from_us_only_and_nothing_is_inline() -> None:
    rules = dict(rule.split(" ", 1) for rule in security.CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in security.CONTENT_SECURITY_POLICY


def test_only_over_https_a_browser_is_told_to_insist_on_it() -> None:
    for is_https in (True, False):
        response = web.Response()
        security.set_headers(response, is_https=is_https)
        assert ("Strict-Transport-Security" in response.headers) is is_https
        assert response.headers["Server"] == "ari_app"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140", "Edge op Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox op Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18 Safari/605", "Safari op macOS"),
        ("<script>alert(1)</script>", "Onbekende browser"),
        ("", "Onbekende browser"),
    ],
)
def test_a_login_is_known_by_its_browser_and_nothing_that_it_says_is_kept(said: str, shown: str) -> None:
    assert security.agent_of(request({"User-Agent": said})) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(-3, "0.00"), (0, "0.00"), (72.9, "1.12"), (3723, "1.02.03")])
def test_durations_are_those_of_the_clocks_in_the_browser(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_pages_work_without_a_build(tmp_path: Path) -> None:
    assets = Assets(tmp_path)
    assert not assets.are_there
    assert assets.url("style.css") is None
    assert len(assets.build) == 16
