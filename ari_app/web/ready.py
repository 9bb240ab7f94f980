"""`python -m ari_app.web.ready`: an exit code that says whether the application on this machine is ready."""

from __future__ import annotations

import os
import sys
from urllib.request import ProxyHandler, build_opener

TIMEOUT_SECONDS = 4.0


def main() -> int:
    """0 when /health/ready says so; 1 and a line with the reason otherwise."""
    port = os.environ.get("ARI_APP_WEB_PORT") or "8080"
    # A proxy of the environment knows another 127.0.0.1.
    opener = build_opener(ProxyHandler({}))
    try:
        opener.open(f"http://127.0.0.1:{port}/health/ready", timeout=TIMEOUT_SECONDS).close()
    except OSError as error:
        sys.stdout.write(f"not ready: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
