"""A form with a file in it: read piece by piece, since no other form may be as long."""

from __future__ import annotations

from aiohttp import BodyPartReader, web

MOST_FIELDS = 20
MEGABYTE = 1_000_000
#: what Excel writes before the text of a file that it saves as such
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


async def read_upload(request: web.Request, most_bytes: int) -> dict[str, bytes]:
    """The fields and files of a form, by name, all together at most so long.

    Raises HTTPBadRequest for what is no such form, HTTPRequestEntityTooLarge.
    """
    if request.content_type != "multipart/form-data":
        raise web.HTTPBadRequest
    found: dict[str, bytes] = {}
    left = most_bytes
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None or len(found) >= MOST_FIELDS:
                raise web.HTTPBadRequest
            content = bytearray()
            while chunk := await part.read_chunk():
                left -= len(chunk)
                if left < 0:
                    raise web.HTTPRequestEntityTooLarge(most_bytes, most_bytes - left)
                content += chunk
            found[part.name] = bytes(content)
    except (ValueError, AssertionError, KeyError):  # of aiohttp, for a body that is no such form
        raise web.HTTPBadRequest from None
    return found


def text_of_file(content: bytes) -> str | None:
    """UTF-8, or what Excel saves: UTF-8 and UTF-16 with a mark, and else Windows-1252. None for what is no text.

    Lines end as on Unix, so that their numbers are those of every editor.
    """
    coding = next((coding for mark, coding in _MARKS if content.startswith(mark)), "utf-8")
    for tried in (coding, "cp1252"):
        try:
            text = content.decode(tried)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text.replace("\r\n", "\n").replace("\r", "\n")
    return None
