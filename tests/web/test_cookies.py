"""Every cookie of the pages is put and dropped in one place, with the same attributes."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Literal, cast

import pytest
from aiohttp import web

import ari_app.web
from ari_app.web.cookies import drop_cookie, put_cookie
from ari_app.web.site import Site, SiteOptions

pytestmark = pytest.mark.pure

PAGES = Path(ari_app.web.__file__).parent


class Pages:
    """As much of the site as a cookie asks for."""

    cookie_named = Site.cookie_named

    def __init__(self, url: str) -> None:
        self.options = SiteOptions(url)


@pytest.mark.parametrize(("url", "name"), [("https://kcc.example", "__Host-word"), ("http://127.0.0.1:8081", "word")])
@pytest.mark.parametrize("same_site", ["Lax", "Strict"])
def test_a_cookie_is_for_our_server_alone_and_dropped_as_it_was_put(
    url: str, name: str, same_site: Literal["Lax", "Strict"]
) -> None:
    site, response, gone = cast(Site, Pages(url)), web.Response(), web.Response()
    put_cookie(site, response, "word", "value", timedelta(minutes=5), same_site)
    drop_cookie(site, gone, "word", same_site)
    put, dropped = response.cookies[name], gone.cookies[name]
    assert (put.value, put["max-age"], put["path"], put["domain"]) == ("value", "300", "/", "")
    assert put["httponly"] is True and bool(put["secure"]) is url.startswith("https") and put["samesite"] == same_site
    assert dropped.value == "" and int(dropped["max-age"]) == 0
    for attribute in ("path", "httponly", "secure", "samesite", "domain"):
        assert dropped[attribute] == put[attribute], attribute


def test_nobody_else_puts_or_drops_one() -> None:
    found = {
        path.name
        for path in PAGES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in ("set_cookie", "del_cookie")
        and isinstance(node.value, ast.Name)
    }
    # That of the demonstration goes along to its own page only, and never over HTTPS.
    assert found - {"trial.py"} == {"cookies.py"}
