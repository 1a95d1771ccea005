"""Run the engine for MkDocs: the only file that imports mkdocs.

`mkdocs build` ends with the engine's problems before anything of the old site is touched. It
builds the new one beside the old and swaps it in whole. `mkdocs serve` never stops for a problem.

All it knows of the engine: a child process writes `.asrun/pages`, and its exit code is 0 if all
was proved. A child, because `serve` never reloads what it has imported.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc
from mkdocs.utils import CountHandler
from mkdocs.utils.templates import TemplateContext

log = get_plugin_logger("asrun")

EPOCH = 1_790_000_000
"""The site's date where git knows none: any will do, if it is always the same."""

DIED = """
<div class="admonition failure" role="alert"><p class="admonition-title">The engine stopped</p>
<p>It ended before it had written the pages, so what is shown is older than the files, or nothing.
The terminal that runs the server says why; saving any file tries again.</p></div>
"""


@dataclass
class Build:
    """What is known between the events of a build."""

    serving: bool = False
    dirty: bool = False
    died: bool = False
    """Under `serve`, the engine ended without having written its report."""
    site: Path | None = None
    """Where the site belongs, while it is built beside it."""
    lock: IO[str] | None = None
    lesson: Page | None = None
    """What the navigation shows as the current page, where that is a page of other releases."""
    warnings: CountHandler = field(default_factory=lambda: CountHandler(level=logging.WARNING))


now = Build()


def on_startup(*, command: str, dirty: bool) -> None:
    """Note which command runs: problems end `build`, and never `serve`."""
    now.serving = command == "serve"
    now.dirty = dirty


def on_config(config: MkDocsConfig) -> None:
    """Send what is built to a folder beside the old site."""
    root = root_of(config)
    os.environ.setdefault("SOURCE_DATE_EPOCH", str(last_commit(root)))
    lock(root)
    if now.serving:
        return
    # Before `--strict`'s own count is read, the new site would already be in place.
    now.warnings = CountHandler(level=logging.WARNING)
    if not now.dirty:  # which is in itself a warning
        logging.getLogger("mkdocs").addHandler(now.warnings)

    now.site = Path(config.site_dir).resolve()
    recover(now.site)
    config.site_dir = str(beside(now.site, "next"))


def on_pre_build(config: MkDocsConfig) -> None:
    """Run the engine, and take the navigation from it."""
    root = root_of(config)
    pages = root / ".asrun" / "pages"
    report = pages / "report.json"
    command = [sys.executable, "-m", "asrun", "build", "--out", str(pages.relative_to(root))]
    if now.serving:
        command.append("--draft")
        report.unlink(missing_ok=True)

    code = run(command, root)

    if not now.serving and code == 1:
        raise PluginError(f"Not everything is proved: see above. Nothing was built.{as_it_was()}")
    if not now.serving and code:
        raise PluginError(
            f"The engine stopped with exit code {code}. Nothing was built.{as_it_was()}"
        )
    now.died = now.serving and not report.is_file()
    try:
        config.nav = json.loads((pages / "nav.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if not now.serving:
            raise PluginError(f"The engine left no navigation: {error}.{as_it_was()}") from error
        now.died = True


def on_files(files: Files, *, config: MkDocsConfig) -> None:
    """Where there are no pages at all, have one that says why."""
    if now.died and files.get_file_from_path("index.md") is None:
        files.append(File.generated(config, "index.md", content="# The site is not built yet\n"))


def on_page_content(html: str, *, page: Page, **_: Any) -> str:
    """Take the contents from the page's front matter, and say if the page is old."""
    if contents := page.meta.get("contents"):
        page.toc = get_toc(contents)
    return DIED + html if now.died else html


def on_page_context(
    context: TemplateContext, *, page: Page, nav: Navigation, **_: Any
) -> TemplateContext:
    """Let the lesson stand for its page of other releases, in the navigation and to search engines."""
    if canonical := page.meta.get("canonical"):
        # Here and not before: the sitemap, which lists each page by its own address, is written.
        page.canonical_url = urljoin(page.canonical_url or "", canonical)
        now.lesson = next((x for x in nav.pages if x.url == urljoin(page.url, canonical)), None)
        if now.lesson is not None:
            now.lesson.active = True
    return context


def on_post_page(output: str, **_: Any) -> str:
    """Leave the navigation as MkDocs has it."""
    if now.lesson is not None:
        now.lesson.active = False
        now.lesson = None
    return output


def on_serve(server: LiveReloadServer, **_: Any) -> None:
    """Watch files but for those that Python itself writes: each run would start the next."""
    schedule = server.observer.schedule

    def schedule_quietly(handler: Any, path: str, **options: Any) -> Any:
        tell = handler.on_any_event
        handler.on_any_event = lambda event: "__pycache__" in event.src_path or tell(event)
        return schedule(handler, path, **options)

    server.observer.schedule = schedule_quietly  # type: ignore[method-assign, assignment]


# Last of all: search writes its index, and gen-files has its warnings, in this same event.
@event_priority(-1000)
def on_post_build(config: MkDocsConfig) -> None:
    """Swap the new site in, if nothing warned."""
    if now.site is not None:
        if count := sum(count for _, count in now.warnings.get_counts()):
            found = "A warning makes" if count == 1 else f"{count} warnings make"
            raise PluginError(f"{found} the new site unfit to publish: see above.{as_it_was()}")
        try:
            swap(Path(config.site_dir), now.site)
        except OSError as error:
            raise PluginError(
                f"The new site can't be put in place: {error}.{as_it_was()}"
            ) from error
        config.site_dir = str(now.site)
        log.info("The site is in place: %s", config.site_dir)
    finish()


def on_build_error(**_: Any) -> None:
    """Leave the old site, and nothing half-built beside it."""
    finish()


def finish() -> None:
    """End a build, however it went."""
    logging.getLogger("mkdocs").removeHandler(now.warnings)
    if now.site is not None:
        shutil.rmtree(beside(now.site, "next"), ignore_errors=True)
    now.site = None
    if now.lock is not None:
        now.lock.close()
    now.lock = None


def root_of(config: MkDocsConfig) -> Path:
    """Return the folder of mkdocs.yml."""
    return Path(config.config_file_path).parent


def as_it_was() -> str:
    """Return the sentence that says what has become of the old site."""
    return f" {now.site} is as it was." if now.site is not None and now.site.exists() else ""


def run(command: list[str], root: Path) -> int:
    """Run the engine with its output where ours goes, and return its exit code."""
    sys.stdout.flush()
    with subprocess.Popen(command, cwd=root) as engine:
        try:
            return engine.wait()
        except BaseException:
            # Ctrl-C reaches the engine, too: let it end its own children.
            try:
                engine.wait(timeout=3)
            except subprocess.TimeoutExpired:
                engine.terminate()
            raise


def last_commit(root: Path) -> int:
    """Return the time of the last commit: the same in every copy of it, on every day."""
    git = ["git", "log", "-1", "--format=%ct"]
    try:
        done = subprocess.run(git, cwd=root, capture_output=True, text=True, check=True)
        return int(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return EPOCH


def lock(root: Path) -> None:
    """Wait for another build of this tree: they would write the same pages."""
    if now.lock is not None:
        return
    (root / ".asrun").mkdir(exist_ok=True)
    now.lock = (root / ".asrun" / "build.lock").open("w")
    try:
        fcntl.flock(now.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.info("Another build is running here; waiting for it to end")
        fcntl.flock(now.lock, fcntl.LOCK_EX)


def beside(site: Path, name: str) -> Path:
    """Return a sibling of the site's folder: a rename never crosses file systems."""
    return site.with_name(f".{site.name}-{name}")


def recover(site: Path) -> None:
    """Clear what a build that was killed has left."""
    shutil.rmtree(beside(site, "next"), ignore_errors=True)
    old = beside(site, "old")
    if old.exists() and not site.exists():
        old.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def swap(new: Path, site: Path) -> None:
    """Put the new site where the old one was."""
    old = beside(site, "old")
    if site.exists():
        site.rename(old)
    try:
        new.rename(site)
    except OSError:
        if old.exists():
            old.rename(site)
        raise
    if old.exists():
        # MkDocs never cleans hidden files away: a host's settings, the .git of a worktree.
        for kept in old.glob(".*"):
            if not (site / kept.name).exists():
                kept.rename(site / kept.name)
        shutil.rmtree(old, ignore_errors=True)
