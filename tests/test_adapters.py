"""The two files that know MkDocs, with an engine that does as it is told."""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ENGINE = """
import json, sys
from pathlib import Path

told = Path("snippets/told").read_text()
draft = "--draft" in sys.argv
if told == "crash":
    raise RuntimeError("the engine broke")
if told == "misuse":
    sys.exit(2)
if told == "problem":
    print("lesson.py:3: statement-false")
if told != "problem" or draft:
    out = Path(sys.argv[sys.argv.index("--out") + 1])
    (out / "docs" / "chapter").mkdir(parents=True, exist_ok=True)
    home = "# Home\\n\\ntold " + told
    if told == "warning":
        home += " [nowhere](nowhere.md)"
    if told == "template":
        home = "---\\ntemplate: missing.html\\n---\\n" + home
    (out / "docs" / "index.md").write_text(home)
    (out / "docs" / "chapter" / "lesson.md").write_text("# Lesson")
    (out / "docs" / "chapter" / "lesson.json").write_text("{}")
    nav = [{"Home": "index.md"}, {"Chapter": [{"Lesson": "chapter/lesson.md"}]}]
    (out / "nav.json").write_text(json.dumps(nav))
    (out / "report.json").write_text("{}")
sys.exit(told == "problem")
"""


class Project:
    """A tree with the real mkdocs.yml and hooks, and an engine that obeys `tell`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.site = root / "site"
        for folder in ("hooks", "snippets", "docs/overrides", "docs/assets", "stub/asrun"):
            (root / folder).mkdir(parents=True)
        for name in ("mkdocs.yml", "hooks/mkdocs_events.py", "hooks/gen_pages.py"):
            shutil.copy(ROOT / name, root / name)
        for name in ("asrun.css", "asrun.js"):
            (root / "docs/assets" / name).touch()
        (root / "docs/assets/logo.svg").write_text("<svg/>")
        (root / "docs/overrides/main.html").write_text('{% extends "base.html" %}')
        (root / "stub/asrun/__init__.py").touch()
        (root / "stub/asrun/__main__.py").write_text(ENGINE)
        self.tell("fine")
        # Not the settings of the machine that runs the tests.
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.environ = {
            **kept,
            "GIT_CEILING_DIRECTORIES": str(root.parent),
            "NO_MKDOCS_2_WARNING": "1",
            "PYTHONPATH": str(root / "stub"),
        }

    def tell(self, word: str) -> None:
        """Tell the engine what to do in its next run."""
        (self.root / "snippets/told").write_text(word)

    def build(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run `mkdocs build`."""
        return subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", *options],
            cwd=self.root, env=self.environ, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    @contextmanager
    def serve(self) -> Iterator[Server]:
        """Run what `make serve` runs; at the end, interrupt it."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, str(ROOT / "tools/serve.py"), str(port)]
        # In a session of its own, there is no terminal that it could take.
        process = subprocess.Popen(
            command, cwd=self.root, env=self.environ, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield Server(f"http://127.0.0.1:{port}/")
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=10)
            assert process.returncode == 0, output
            assert "Traceback" not in output.partition("Shutting down")[2]
        finally:
            process.kill()
            process.communicate()


class Server:
    """The address of a server, asked until it answers as expected."""

    def __init__(self, address: str) -> None:
        self.address = address

    def wait_for(self, text: str) -> str:
        """Return the home page as soon as `text` is on it."""
        page = ""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(self.address, timeout=10) as response:
                    page = response.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    page = f"{error.code}"
            except OSError as error:
                page = str(error)
            if text in page:
                return page
            time.sleep(0.1)
        raise AssertionError(f"never saw {text!r}, but: {page[:2000]}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "a project")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_build_has_the_pages_and_data_that_the_engine_wrote(project: Project) -> None:
    built = project.build("--strict")
    assert built.returncode == 0, built.stdout
    pages = {name for name in contents(project.site) if not name.startswith("assets/")}
    assert {"index.html", "chapter/lesson.html", "chapter/lesson.json", "404.html"} <= pages
    assert not [name for name in pages if "overrides" in name]
    assert 'href="chapter/lesson.html"' in (project.site / "index.html").read_text()


def test_no_page_asks_another_host(project: Project) -> None:
    project.build()
    for name, page in contents(project.site).items():
        if name.endswith(".html"):
            loaded = re.findall(
                rb"<(?:link|script|img|iframe)[^>]*(?:href|src)=\"?(https?:)?//", page
            )
            assert not loaded, name


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("problem", "lesson.py:3: statement-false"),
        ("crash", "the engine broke"),
        ("misuse", "The engine stopped with exit code 2"),
        ("warning", "nowhere.md"),
        ("template", "missing.html"),
    ],
)
def test_a_build_that_fails_leaves_the_old_site(project: Project, told: str, said: str) -> None:
    assert project.build().returncode == 0
    old = contents(project.site)

    project.tell(told)
    failed = project.build()
    assert failed.returncode != 0
    assert said in failed.stdout
    assert contents(project.site) == old
    assert [path.name for path in project.root.glob(".site*")] == []


def test_the_first_build_that_fails_leaves_no_site(project: Project) -> None:
    project.tell("problem")
    assert project.build().returncode != 0
    assert not project.site.exists()


def test_a_new_site_replaces_the_old_but_for_hidden_files(project: Project, tmp_path: Path) -> None:
    site = tmp_path / "elsewhere" / "html"
    (site / ".git").mkdir(parents=True)
    (site / "of-yesterday.html").touch()
    built = project.build("--site-dir", str(site))
    assert built.returncode == 0, built.stdout
    assert (site / "index.html").exists()
    assert (site / ".git").is_dir()
    assert not (site / "of-yesterday.html").exists()
    assert [path.name for path in site.parent.iterdir()] == ["html"]
    assert not project.site.exists()


def test_a_build_mends_what_a_killed_one_left(project: Project) -> None:
    project.build()
    old = contents(project.site)
    project.site.rename(project.root / ".site-old")
    (project.root / ".site-next").mkdir()

    project.tell("problem")
    project.build()
    assert contents(project.site) == old
    assert [path.name for path in project.root.glob(".site*")] == []


def test_two_builds_of_one_commit_are_the_same_bytes(tmp_path: Path) -> None:
    one, other = Project(tmp_path / "one"), Project(tmp_path / "the other")
    for project in (one, other):
        project.environ["SITE_URL"] = "https://example.org/"
        assert project.build().returncode == 0
    assert contents(one.site) == contents(other.site)
    # A date that was written down, where there is no commit to take it from: not today's.
    assert b"<lastmod>2026-09-21</lastmod>" in contents(one.site)["sitemap.xml"]


def test_the_date_of_a_site_is_that_of_its_commit(project: Project) -> None:
    author = {
        f"GIT_{who}_{what}": "a" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    date = {"GIT_COMMITTER_DATE": "2025-01-02T03:04:05Z"}
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run(
            ["git", *command],
            cwd=project.root,
            env={**project.environ, **author, **date},
            check=True,
        )
    project.environ["SITE_URL"] = "https://example.org/"
    project.build()
    assert b"<lastmod>2025-01-02</lastmod>" in contents(project.site)["sitemap.xml"]


def test_serve_outlives_problems_and_a_dead_engine_and_sees_what_is_saved(project: Project) -> None:
    project.tell("crash")
    with project.serve() as server:
        assert "not built yet" in server.wait_for("The engine stopped")
        project.tell("fine")
        server.wait_for("told fine")
        project.tell("problem")
        server.wait_for("told problem")
        project.tell("crash")
        assert "told problem" in server.wait_for("The engine stopped")
        project.tell("again")
        assert "The engine stopped" not in server.wait_for("told again")
    assert not project.site.exists()


def test_only_the_adapters_know_mkdocs() -> None:
    knowing = {}
    for path in [*ROOT.glob("hooks/**/*.py"), *ROOT.glob("tools/*.py")]:
        imported = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
        if known := imported & {"mkdocs", "mkdocs_gen_files", "material"}:
            knowing[path.relative_to(ROOT).as_posix()] = known
    assert knowing == {
        "hooks/gen_pages.py": {"mkdocs_gen_files"},
        "hooks/mkdocs_events.py": {"mkdocs"},
    }
