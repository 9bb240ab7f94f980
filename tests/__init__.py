"""The tests. Whatever Python compiles for them is kept: a run starts 160 processes of our own program, and each worker
rewrites every test module. Where the environment wants no bytecode beside the sources, it is kept in the cache.
"""

from __future__ import annotations

import os
import sys

if sys.dont_write_bytecode:
    from ari_app.local.settings import cache_dir

    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(cache_dir() / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
