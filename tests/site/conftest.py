"""The built site, and a real browser to look at it with."""

from __future__ import annotations

import fcntl
import functools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

from asrun.render import nav, paths, render_site
from asrun.render.script import render_script
from tests import pages
from tests.conftest import ROOT

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}


# ------------------------------------------------------------------ sites


@contextmanager
def once(folder: Path) -> Iterator[bool]:
    """Let one of several test processes make a folder; yields whether it is this one."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder.with_suffix(".made")
        yield not made.exists()
        made.touch()


def shared(factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that all test processes of this session have in common."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def mkdocs(*args: str, cwd: Path) -> None:
    """Build, and fail with what was said."""
    command = [sys.executable, "-m", "mkdocs", "build", *args]
    env = {**os.environ, **QUIET}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"mkdocs build: exit code {done.returncode}\n{done.stdout}{done.stderr}")


@pytest.fixture(scope="session")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the whole site, built by MkDocs from this tree; ASRUN_SITE names a built one."""
    if named := os.environ.get("ASRUN_SITE"):
        return Path(named).resolve()
    folder = shared(tmp_path_factory) / "built-site"
    with once(folder) as mine:
        if mine:
            mkdocs("--strict", "--site-dir", str(folder), cwd=ROOT)
    return folder


HOOK = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("events", {str(ROOT / "hooks/mkdocs_events.py")!r})
module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
on_page_content = module.on_page_content
"""


def build_story(folder: Path, site_url: str = "", **variant: Any) -> Path:
    """Build a site from `tests.pages` with the real configuration, and return its folder."""
    told = pages.site(**variant)
    docs = folder / "docs"
    files = render_site(told, draft=bool(variant.get("problems")))
    files |= dict.fromkeys(
        [paths.SCHEMA, *(paths.trace(pages.LESSON, r.scenario) for r in pages.page().runs)], "{}"
    )
    files |= render_script(ROOT / "docs")
    for name, text in files.items():
        target = docs / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "docs", docs, dirs_exist_ok=True)
    (folder / "hook.py").write_text(HOOK, encoding="utf-8")
    config = {
        "INHERIT": str(ROOT / "mkdocs.yml"),
        "docs_dir": str(docs),
        "site_dir": str(folder / "site"),
        "site_url": site_url,
        "theme": {"custom_dir": str(ROOT / "docs/overrides")},
        "hooks": [str(folder / "hook.py")],
        "plugins": ["search"],
        "watch": [],
        "nav": nav(told),
    }
    (folder / "mkdocs.yml").write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
    mkdocs("--strict", cwd=folder)
    return folder / "site"


SITE_URL = "http://asrun.test/"
"""Of the site that knows its address: nothing answers there but what a test routes."""
VARIANTS: dict[str, dict[str, Any]] = {
    "hostile": {"hostile": True},
    "problem": {"problems": (pages.false_statement(),)},
    "instant": {"site_url": SITE_URL},
    "long": {"repeated": 18},
}


@pytest.fixture(scope="session")
def story_site(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Returns the folder of a site of one lesson that no real build has: a key of `VARIANTS`."""

    @functools.cache
    def build(name: str) -> Path:
        folder = shared(tmp_path_factory) / f"story-{name}"
        with once(folder) as mine:
            return build_story(folder, **VARIANTS[name]) if mine else folder / "site"

    return build


# ------------------------------------------------------------------ a server


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder, and yield its address."""
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder))
    ) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def served_site(built_site: Path) -> Iterator[str]:
    """The address of the built site."""
    with serving(built_site) as address:
        yield address


# ------------------------------------------------------------------ a browser


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without a browser, skip what needs one, or fail where ASRUN_REQUIRE_BROWSER or CI says so.

    Here and not in a fixture: all that is skipped in one place is told in one line.
    """
    if item.get_closest_marker("browser") is None or any(map(shutil.which, BROWSERS)):
        return
    missing = "NO BROWSER, SO NOBODY LOOKS AT THE SITE: apt-get install chromium"
    if os.environ.get("ASRUN_REQUIRE_BROWSER") == "1" or os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser, for tests with the marker `browser`."""
    path = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        # Chromium's own sandbox needs what a container seldom gives; only this site is opened.
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@dataclass
class Visit:
    """An open page, what it asked for, and what it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note all that happens from here on."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", self._failed)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._answered)
        self.page.on("console", self._said)

    def _failed(self, request: Request) -> None:
        # What still loads while a page is left is given up, and that is no fault.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def others(self) -> list[str]:
        """Return the requests to other hosts than the page's own."""
        own = urlsplit(self.page.url).netloc
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme != "data" and urlsplit(url).netloc != own
        ]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Returns a function that opens an address; further arguments are those of a browser context."""
    contexts = []

    def open_page(
        address: str | Path, width: int = 1440, height: int = 900, **options: Any
    ) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        opened = Visit(context.new_page())
        opened.listen()
        opened.page.goto(address if isinstance(address, str) else address.as_uri())
        return opened

    yield open_page
    for context in contexts:
        context.close()
