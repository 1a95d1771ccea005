"""The command `uv`: resolve, install, ask the index.

What it cannot do is told apart:

    UvError        uv could not do it
      Unreachable  since it did not reach the package index
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

_UNREACHABLE = re.compile(
    r"error sending request|dns error|failed to lookup|connection refused|connection reset"
    r"|network connectivity is disabled|network was disabled|network is unreachable"
    r"|operation timed out|request timed out|could not connect|error trying to connect",
    re.IGNORECASE,
)
_TIME_OUT = 300
_YES = {"1", "true", "yes", "y", "on", "t"}


class UvError(RuntimeError):
    """uv could not do it; the text is what it said."""


class Unreachable(UvError):
    """The package index was not reached."""


class Uv:
    """Runs uv with the user's own configuration: the index is the one that uv is set up for.

    Args:
        root: where it runs, so that a project's own configuration counts.
        offline: use only what is in uv's cache; so it is, too, where the user has set uv up so.
    """

    def __init__(self, root: Path, *, offline: bool = False) -> None:
        self.root = root
        self.offline = offline or os.environ.get("UV_OFFLINE", "").lower() in _YES

    def run(self, *args: str, given: str = "") -> str:
        """Run a command of uv.

        Args:
            args: the command and its arguments.
            given: its standard input.

        Returns:
            Its standard output.

        Raises:
            Unreachable: the index was not reached; from then on nothing is asked of it.
            UvError: anything else went wrong.
        """
        command = [_executable(), *args, "--no-progress", "--no-python-downloads"]
        if self.offline:
            command.append("--offline")
        try:
            done = subprocess.run(
                command,
                input=given,
                capture_output=True,
                text=True,
                cwd=self.root,
                env=_environment(),
                timeout=_TIME_OUT,
                start_new_session=True,  # Ctrl-C is for the parent, which lets this end
                check=False,
            )
        except subprocess.TimeoutExpired:
            self.offline = True
            raise Unreachable(f"uv did not end within {_TIME_OUT} seconds") from None
        if done.returncode == 0:
            return done.stdout
        said = _told(done.stderr)
        if _UNREACHABLE.search(done.stderr):
            self.offline = True
            raise Unreachable(said)
        raise UvError(said)

    def newest_below(self, package: str, below: str) -> tuple[str, date] | None:
        """The newest release of a package below a version, and the day on which it was uploaded.

        Args:
            package: its name.
            below: a version; "" for the newest release of all.

        Raises:
            Unreachable: the index was not reached.
            UvError: the index does not say when the release was uploaded.
        """
        requirement = f"{package}<{below}" if below else package
        if self.offline and not below:
            raise Unreachable("the package index is not asked (offline)")
        # Whoever asks for the newest wants to know of this morning's.
        fresh = () if below else ("--refresh-package", package)
        try:
            text = self.run(
                "pip", "compile", "-", "--no-deps", "--no-header", "--no-annotate",
                "--format", "pylock.toml", "--quiet", *fresh, given=requirement,
            )  # fmt: skip
        except Unreachable:
            raise
        except UvError as error:
            if below and "no version" in str(error).lower():
                return None
            raise
        (found,) = tomllib.loads(text)["packages"]
        files = [*found.get("wheels", []), *([found["sdist"]] if "sdist" in found else [])]
        times = [f["upload-time"] for f in files if isinstance(f.get("upload-time"), datetime)]
        if not times:
            version = found["version"]
            raise UvError(f"the index does not say when {package} {version} was uploaded")
        return found["version"], min(times).date()

    def resolve(
        self, requirements: Sequence[str], python: str, until: date | None = None
    ) -> dict[str, str]:
        """What is installed for requirements.

        Args:
            requirements: as in a requirements file.
            python: the interpreter that it is for.
            until: nothing that was uploaded after this day (in UTC); None for no limit.

        Returns:
            Versions by name.

        Raises:
            UvError: there is no solution, or the index was not reached.
        """
        args = ["pip", "compile", "-", "--quiet", "--no-header", "--no-annotate"]
        args += ["--python", python]
        if until is not None:
            # A bare date would be read in the time zone of this machine.
            args += ["--exclude-newer", f"{(until + timedelta(days=1)).isoformat()}T00:00:00Z"]
        text = self.run(*args, given="\n".join(requirements))
        return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, re.MULTILINE))

    def install(self, requirement: str, python: str, folder: Path) -> None:
        """Install one distribution, without its dependencies, into a folder of its own.

        Raises:
            UvError: it cannot be installed, or the index was not reached.
        """
        self.run(
            "pip", "install", "--no-deps", "--compile-bytecode", "--python", python,
            "--target", str(folder), requirement,
        )  # fmt: skip

    def venv(self, python: str, folder: Path) -> None:
        """Make an empty environment."""
        self.run("venv", "--no-project", "--python", python, str(folder))

    def python(self, minimum: tuple[int, int], fallback: str) -> str:
        """The interpreter of the lowest Python from `minimum` on that this machine has."""
        major, minor = minimum
        for candidate in range(minor, minor + 10):
            try:
                wanted = f"{major}.{candidate}"
                found = self.run("python", "find", "--system", "--resolve-links", wanted).strip()
            except UvError:
                continue
            if found:
                return found
        return fallback


def _executable() -> str:
    from uv import find_uv_bin

    try:
        return os.fsdecode(find_uv_bin())
    except FileNotFoundError:
        return shutil.which("uv") or "uv"


def _environment() -> Mapping[str, str]:
    """The user's environment, less what would tie uv to the environment that asrun runs in."""
    left_out = {"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "UV_EXCLUDE_NEWER", "UV_TARGET"}
    return {k: v for k, v in os.environ.items() if k not in left_out}


def _told(stderr: str) -> str:
    """What uv said on one line, without its warnings about interpreters that it passed over."""
    lines = [line.strip() for line in stderr.strip().splitlines()]
    starts = [i for i, line in enumerate(lines) if line.startswith(("error:", "×", "Caused by"))]
    kept = lines[starts[0] :] if starts else lines[-3:]
    return " ".join(" ".join(kept).removeprefix("error:").split())[:400]
