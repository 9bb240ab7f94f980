"""`python -m ari_app.web.ready`: an exit code that says whether the application on this machine is ready.

`python -m ari_app.web.ready pages`: the same of `ari-app web`.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Sequence
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

TIMEOUT_SECONDS = 4.0


def main(words: Sequence[str] = ()) -> int:
    """0 when /health/ready says so; 1 and a line with the reason otherwise."""
    of_pages = list(words) == ["pages"]
    port = os.environ.get("ARI_APP_DESK_PORT" if of_pages else "ARI_APP_WEB_PORT") or ("8081" if of_pages else "8080")
    scheme = "https" if of_pages and os.environ.get("ARI_APP_DESK_TLS_CERT") else "http"
    # The certificate is for another name than that of this very machine; the authorities are not even read.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # A proxy of the environment knows another 127.0.0.1.
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
    try:
        opener.open(f"{scheme}://127.0.0.1:{port}/health/ready", timeout=TIMEOUT_SECONDS).close()
    except OSError as error:
        sys.stdout.write(f"not ready: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
