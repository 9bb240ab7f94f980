"""House styles: a file of design tokens and nothing else; served, and linked to on every page."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.web.site import SiteOptions
from ari_app.web.theme import LARGEST_FILE, Theme, ThemeRefused, read_theme
from tests.roles import as_role
from tests.web.people import Browser, Place, served

pytestmark = pytest.mark.postgres

SAMPLE = Path("ari_app/sample/thema.css")


def written(directory: Path, text: str) -> Path:
    file = directory / "thema.css"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return file


def test_the_sample_is_a_theme() -> None:
    assert read_theme(SAMPLE).name == "voorbeeldgemeente-theme"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/* niets */",
        "body { color: red; }",
        ".stad { --basis-a: red; }",
        ".stad-theme { color: red; }",
        ".stad-theme { --basis-a: red; } body { display: none }",
        ".stad-theme { --basis-a: url(https://evil.example/x.png); }",
        ".stad-theme { --basis-a: URL('x'); }",
        ".stad-theme { --basis-a: u\\72l(x); }",
        "@import 'x'; .stad-theme { --basis-a: red; }",
        ".stad-theme { --basis-a: @x; }",
        ".stad-theme { --basis-a: </style>; }",
        ".stad-theme { --basis-a: red; /* open",
        ".stad-theme { --basis-a: red; } /*" + " " * LARGEST_FILE + "*/",
        ".stad-theme { --basis-a: '\udcff'; }",
        '.stad-theme { --a: "/*"; } body { display: none } .x { --b: "*/"; }',
        ".stad-theme { --a: '/*'; } body { display: none } .x { --b: '*/'; }",
        ".stad-theme { --basis-a: '/* no comment */'; }",
        ".stad-theme { --basis-a: '//evil.example/x'; }",
        ".stad-theme { --basis-a: image-set('x.png' 1x); }",
        ".stad-theme { --basis-a: -webkit-image-set('x.png' 1x); }",
        ".stad-theme { --basis-a: red /* open }",
    ],
)
def test_a_file_that_could_do_more_than_colour_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ThemeRefused, match="ARI_APP_DESK_THEME"):
        read_theme(written(tmp_path, text))


def test_comments_and_all_kinds_of_values_are_read(tmp_path: Path) -> None:
    text = (
        "/* a } */ .stad-theme {\n --basis-a: #fff; --b-2: rgb(0 0 0 / 50%); --c: var(--d, 1.5rem); --e: 'Noto Sans'\n}"
    )
    served = text.removeprefix("/* a } */ ")
    assert read_theme(written(tmp_path, text)) == Theme("stad-theme", served.encode()), "what was checked"


async def test_every_page_links_to_the_style_and_a_browser_keeps_it(place: Place) -> None:
    theme = read_theme(SAMPLE)
    options = SiteOptions("http://127.0.0.1", theme=theme, contact="kcc@gemeente.example")
    browser = await place.browser()
    async with (
        Database(as_role(place.serve.url, WEB)) as database,
        served(database, options, place.clock) as (_, server),
    ):
        styled = Browser(browser.session, str(server.make_url("")).rstrip("/"), place.clock)
        for path in ("/inloggen", "/nergens", "/toegankelijkheid"):
            html = await (await styled.get(path)).text()
            assert f'href="{theme.path}"' in html and "voorbeeld-theme voorbeeldgemeente-theme" in html, path
            assert 'href="/toegankelijkheid"' in html, path
        assert "mailto:kcc@gemeente.example" in html
        style = await styled.get(theme.path)
        assert (style.status, style.content_type, await style.read()) == (200, "text/css", theme.css)
        assert "immutable" in style.headers["Cache-Control"]
        assert (await styled.get("/thema-0123456789abcdef.css")).status == 404
        described = await (await styled.get("/api/v1/openapi.json")).json()
        assert described["info"]["contact"]["email"] == "kcc@gemeente.example"
    assert (await browser.get(theme.path)).status == 404
    assert "uw beheerder" in await (await browser.get("/toegankelijkheid")).text()
