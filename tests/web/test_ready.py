from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ari_app.web import ready

pytestmark = pytest.mark.pure


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A web server on a free port that gives this answer to /health/ready, and 404 to everything else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_given_a_ready_application_then_the_code_is_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with answering(200) as port:
        monkeypatch.setenv("ARI_APP_WEB_PORT", str(port))
        assert ready.main() == 0


def test_the_authorities_of_the_machine_are_not_read_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some hundreds of certificates, for each look at the health."""
    read: list[object] = []
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *given: read.append(given))
    with answering(200) as port:
        monkeypatch.setenv("ARI_APP_WEB_PORT", str(port))
        assert ready.main() == 0
    assert read == []


def test_given_one_that_is_not_ready_then_the_code_is_1_and_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(503) as port:
        monkeypatch.setenv("ARI_APP_WEB_PORT", str(port))
        assert ready.main() == 1
    assert "503" in capsys.readouterr().out


def test_given_pages_that_are_ready_then_the_code_is_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARI_APP_DESK_TLS_CERT", raising=False)
    with answering(200) as port:
        monkeypatch.setenv("ARI_APP_DESK_PORT", str(port))
        monkeypatch.setenv("ARI_APP_WEB_PORT", "1")
        assert ready.main(["pages"]) == 0


def test_given_nobody_who_listens_then_the_code_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(200) as port:
        pass
    monkeypatch.setenv("ARI_APP_WEB_PORT", str(port))
    assert ready.main() == 1
    assert "refused" in capsys.readouterr().out
