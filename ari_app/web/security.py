"""What keeps a page from being used against its reader: headers, where a request comes from, where it may lead."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qsl, urlsplit

from aiohttp import hdrs, web

from ari_app.core.accounts import Address, Network, is_in

SERVER = "ari_app"
LARGEST_BODY = 64 * 1024
MOST_FIELDS = 1000
LONGEST_NEXT = 2000
FORM_TYPE = "application/x-www-form-urlencoded"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "microphone=(self), speaker-selection=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Server": SERVER,
}
HSTS = "max-age=31536000"


def set_headers(response: web.StreamResponse, *, is_https: bool) -> None:
    """On every answer; what a handler chose itself stays."""
    for name, value in HEADERS.items():
        if name == hdrs.SERVER or name not in response.headers:  # aiohttp has put its own name and version there
            response.headers[name] = value
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    if is_https:
        response.headers["Strict-Transport-Security"] = HSTS


def is_storable(request: web.Request) -> bool:
    """Whether Postgres can compare what the address names with anything: it stores no NUL."""
    return "\x00" not in request.path and not any("\x00" in text for pair in request.query.items() for text in pair)


def comes_from_us(request: web.Request, own_url: str) -> bool:
    """Whether a page of ours sent this: asked of everything that changes something, and of each socket.

    All browsers we serve say so themselves; where they do not (no HTTPS), the origin says it.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and request.headers.get(hdrs.UPGRADE) is None:
        return site == "same-origin"
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return False
    return origin in (own_url, f"{urlsplit(own_url).scheme}://{request.headers.get(hdrs.HOST, '')}")


def is_safe(method: str) -> bool:
    return method in _SAFE_METHODS


def address_of(request: web.Request, proxies: Collection[Network]) -> Address | None:
    """The address of the browser: that of the socket, or what proxies of ours say. None: nobody can tell."""
    found = _address(request.remote or "")
    hops = [hop.strip() for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
    while found is not None and hops and is_in(found, proxies):
        found = _address(hops.pop())
    return found


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def safe_next(text: str) -> str:
    """The address of a page of ours to go to after the login; the start page for everything else."""
    if len(text) > LONGEST_NEXT or not text.startswith("/") or text.startswith(("//", "/\\")):
        return "/"
    if any(character <= " " or character in "\\\x7f" for character in text):
        return "/"
    parts = urlsplit(text)
    return "/" if parts.scheme or parts.netloc else text


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields of a form; of one that comes twice the last.

    Raises HTTPUnsupportedMediaType, HTTPRequestEntityTooLarge, HTTPBadRequest.
    """
    if request.content_type != FORM_TYPE:
        raise web.HTTPUnsupportedMediaType
    return fields_of(await request.read())


def fields_of(body: bytes) -> dict[str, str]:
    """The fields of a form's body. Raises HTTPBadRequest."""
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"), keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise web.HTTPBadRequest from None
    fields = dict(pairs)
    if any("\x00" in text for pair in fields.items() for text in pair):
        raise web.HTTPBadRequest  # Postgres stores no such text
    return fields


def agent_of(request: web.Request) -> str:
    """The browser and the system in two words, so that people know their logins; what it says itself is not kept."""
    said = request.headers.get(hdrs.USER_AGENT, "")
    browsers = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = (
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    browser = next((name for mark, name in browsers if mark in said), "Onbekende browser")
    system = next((name for mark, name in systems if mark in said), "")
    return f"{browser} op {system}" if system else browser
