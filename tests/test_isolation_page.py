"""What a lesson's values hold is shown as text: on the page, in a terminal, in a report."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from mkdocs.utils import meta

from tests.conftest import APP, Project
from tests.dom import parse

MARKUP = (
    "</script><script>pwned()</script><img src=x onerror=pwned()> **bold** [link](x) {{ jinja }}"
)
CODES = "\\x1b[2J\\x1b]0;owned\\x07\\u202e"

HOSTILE = APP.replace(
    'names = ["apple", "pear"]',
    f'names = ["""{MARKUP}""", "{CODES}"]\n    print(names[0], names[1])\n    raise LookupError(names)',
)


@pytest.fixture
def hostile(project: Project) -> Project:
    """A project whose lesson's values are full of markup."""
    project.write(f"snippets/{project.id}/app.py", HOSTILE)
    return project


def test_the_page(hostile: Project) -> None:
    hostile.asrun("build", "--draft")
    pages = hostile.root / ".asrun/pages/docs"
    text, front = meta.get_data((pages / f"{hostile.id}.md").read_text(encoding="utf-8"))
    page = parse(text)
    assert "<script>pwned()" in page.text
    for element in page.walk():
        assert element.tag != "img" or element.attrs.get("src") != "x"
        assert not any(name.startswith("on") for name in element.attrs)
        assert (
            "pwned" not in element.text
            or element.tag != "script"
            or element.attrs.get("type") == "application/json"
        )
    assert "\x1b" not in text
    assert "pwned" not in json.dumps(front)


@pytest.mark.parametrize("form", ["text", "json", "junit", "github"])
def test_reports(form: str, hostile: Project) -> None:
    hostile.edit(
        hostile.app,
        "app = FastAPI()",
        f'app = FastAPI()\nraise ValueError("""{MARKUP}\\n::error::{CODES}""")',
    )
    result = hostile.asrun("check", "--no-cache", "--format", form)
    assert result.code == 1
    assert "\\x1b[2J" in result.out.replace("\\\\", "\\")
    assert all(c.isprintable() or c == "\n" for c in result.out)
    if form == "junit":
        ET.fromstring(result.out)
    if form == "github":
        assert all(line.startswith("::error file=") for line in result.out.splitlines())


def test_a_trace_in_a_terminal(hostile: Project) -> None:
    result = hostile.asrun("record", hostile.id)
    assert "\\x1b[2J" in result.out
    assert all(c.isprintable() or c == "\n" for c in result.out)
