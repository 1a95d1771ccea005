"""The site's pages: which there are, what is in their front matter, and their navigation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from jinja2 import Environment
from packaging.version import Version

from asrun.model import Problem
from asrun.page import Chapter, Counts, LessonPage, Site
from asrun.render import paths, versions, view
from asrun.render.markup import environment, one_line, plain
from asrun.render.picture import STEP_Y
from asrun.story import Origin


def render_site(site: Site, *, draft: bool) -> dict[str, str]:
    """Return the content of each generated file by its path below the docs folder.

    Args:
        site: everything that is to be shown.
        draft: for a local preview, where problems stand beside what they are about.

    Raises:
        ValueError: there are problems, and it is not a draft: that must not be published.
    """
    pages = view.pages(site)
    counts = sum(map(Counts.of, pages), Counts())
    files = render_gathered(site, counts, draft=draft)
    for page in pages:
        origins = {run.scenario: run.origin for run in page.runs}
        rendered = render_lesson(page, draft=draft).items()
        files |= {path: with_origins(text, origins) for path, text in rendered}
    return files


def render_lesson(page: LessonPage, *, draft: bool) -> dict[str, str]:
    """Return a lesson's files by their paths below the docs folder.

    Where its runs come from is left open, since it depends on the build that shows the page and on
    nothing else of it: `with_origins` says it.

    Args:
        page: all that the page shows.
        draft: see `render_site`.

    Raises:
        ValueError: there are problems, and it is not a draft.
    """
    _publishable(page.problems, draft)
    lesson = page.lesson
    return {
        paths.lesson(lesson.id): _Pages(draft=draft).lesson(page),
        paths.copy(lesson.id, "app.py"): lesson.app,
        paths.copy(lesson.id, "lesson.py"): lesson.source,
    }


def render_elsewhere(page: LessonPage, own: LessonPage, *, draft: bool) -> dict[str, str]:
    """Return the files of a lesson's page of other releases, by their paths below the docs folder.

    Args:
        page: all that the page shows; its runs are accepted recordings.
        own: the lesson's own page.
        draft: see `render_site`.

    Raises:
        ValueError: there are problems, and it is not a draft.
    """
    _publishable(own.problems, draft)
    path = paths.era(page.lesson.id, page.era)
    return {path: _Pages(draft=draft).lesson(page)}


def with_origins(text: str, origins: Mapping[str, Origin]) -> str:
    """Say in a lesson's file where its runs come from.

    Args:
        text: what `render_lesson` gave.
        origins: for each scenario that has a run, where that comes from.
    """
    if view.LATER not in text:
        return text
    text = text.replace(view.origin_mark(), view.origins(list(origins.values())))
    for scenario, origin in origins.items():
        text = text.replace(view.origin_mark(scenario), view.origins([origin]))
    return text


def render_gathered(site: Site, counts: Counts, *, draft: bool) -> dict[str, str]:
    """Return the files that gather what lessons say, by their paths below the docs folder.

    Args:
        site: the lessons' gists are enough, but for the one of the finding.
        counts: how much the lessons hold.
        draft: see `render_site`.

    Raises:
        ValueError: there are problems, and it is not a draft.
    """
    _publishable([*site.problems, *(p for x in view.pages(site) for p in x.problems)], draft)
    pages = _Pages(draft=draft, site=site, counts=counts)
    files = {
        paths.HOME: pages.home(),
        paths.CONCEPTS: pages.concepts(),
        paths.REVIEW: pages.review(),
        paths.CHANGES: pages.changes(),
    }
    for chapter in site.chapters:
        for lesson_id in view.unread(site, chapter):
            files[paths.lesson(lesson_id)] = pages.unread(lesson_id, site)
        files[paths.snapshots(chapter.name)] = pages.snapshots(chapter)
    return files


def _publishable(problems: Sequence[Problem], draft: bool) -> None:
    if problems and not draft:
        raise ValueError(f"{len(problems)} problems: the site can be rendered as a draft only")


def nav(site: Site) -> list[dict[str, Any]]:
    """Return the navigation in MkDocs' form: pages and chapters by their titles, in order."""
    entries: list[dict[str, Any]] = [
        {"Home": paths.HOME},
        {"All concepts": paths.CONCEPTS},
        {"What changed when": paths.CHANGES},
        {"Review": paths.REVIEW},
    ]
    for chapter in site.chapters:
        lessons = [
            {plain(page.lesson.title): paths.lesson(page.lesson.id)} for page in chapter.pages
        ]
        lessons += [{i.split("/")[1]: paths.lesson(i)} for i in view.unread(site, chapter)]
        entries.append(
            {plain(chapter.title): [*lessons, {"Snapshots": paths.snapshots(chapter.name)}]}
        )
    return [*entries, *({title: path} for title, path in paths.HAND_WRITTEN.items())]


_GATHERS: dict[str, Any] = {"search": {"exclude": True}}
"""Front matter of a page that only repeats what lessons say: search finds it there."""


@cache
def _environment() -> Environment:
    """The templates, and what all of them know: made once."""
    env = environment()
    env.globals.update(
        paths=paths,
        step_y=STEP_Y,
        words=view.words,
        options_of=view.options_of,
        digest_of=view.digest_of,
        digests_of=view.digests_of,
        root_of=paths.root,
        origin_mark=view.origin_mark,
        run_numbers=view.run_numbers,
        run_of=view.run_of,
        span=versions.span,
        spans=versions.spans,
        by=versions.by,
        title_of=versions.title_of,
        address=versions.address,
        eras_of=versions.eras_of,
        brief_data=versions.brief_data,
        eras_data=versions.eras_data,
        timeline_of=versions.timeline,
        truth_of=versions.truth,
        untrue_of=versions.untrue,
        unrecorded_of=versions.unrecorded,
        tracker_spans=view.spans,
        modes_of=view.modes,
    )
    return env


class _Pages:
    """Renders pages; `known` is what their templates are given beside what they are about."""

    def __init__(self, **known: Any) -> None:
        self._known = known

    def home(self) -> str:
        site = self._known["site"]
        found = view.finding(site)
        pair = view.pair(*found) if found else []
        changed = versions.changing(site)
        body = self._body("home.html", paths.HOME, found=found, pair=pair, changed=changed)
        contents = [("how", "What “as run” means"), ("all", "All concepts")]
        return _page(plain(site.title), body, contents, **_GATHERS, hide=["navigation"])

    def concepts(self) -> str:
        body = self._body("concepts.html", paths.CONCEPTS)
        contents = [
            (f"chapter-{chapter.name}", plain(chapter.title))
            for chapter in self._known["site"].chapters
        ]
        return _page("All concepts", body, contents, **_GATHERS)

    def review(self) -> str:
        body = self._body("review.html", paths.REVIEW)
        contents = [("back", "What has come back"), ("progress", "Your progress")]
        return _page("Review", body, contents, **_GATHERS)

    def changes(self) -> str:
        site = self._known["site"]
        found = versions.releases(site, paths.CHANGES)
        known = [page.history for page in view.pages(site) if page.history]
        apart = [(p, one) for p in view.pages(site) if p.history for one in p.history.apart]
        ends = sorted({v for one in known for v in (one.first, one.last)}, key=Version)
        body = self._body(
            "changes.html",
            paths.CHANGES,
            releases=found,
            looked=len(known),
            apart=apart,
            newest=bool(known) and all(one.newest for one in known),
            first=ends[0] if ends else "",
            last=ends[-1] if ends else "",
        )
        contents = [(one.release, one.release) for one in found]
        return _page("What changed when", body, contents, **_GATHERS)

    def snapshots(self, chapter: Chapter) -> str:
        body = self._body("snapshots.html", paths.snapshots(chapter.name), chapter=chapter)
        contents = [
            (f"lesson-{page.lesson.name}", plain(page.lesson.title)) for page in chapter.pages
        ]
        return _page(f"Snapshots: {plain(chapter.title)}", body, contents, **_GATHERS)

    def lesson(self, page: LessonPage) -> str:
        problems = view.Problems(page)
        runs = view.runs(page, problems)
        path = paths.era(page.lesson.id, page.era)
        elsewhere = {"origin_mark": partial(versions.origin, page)} if page.era else {}
        body = self._body(
            "lesson.html",
            path,
            page=page,
            lesson=page.lesson,
            problems=problems,
            runs=runs,
            sample=view.listings(page),
            **elsewhere,
        )
        title, meta = plain(page.lesson.title), {"description": plain(page.lesson.about)}
        if page.era:
            title = f"{title}, FastAPI {versions.spans(versions.eras_of(page))}"
            meta |= {**_GATHERS, "canonical": paths.link(path, paths.lesson(page.lesson.id))}
        return _page(title, body, _contents(page, runs), **meta)

    def unread(self, lesson_id: str, site: Site) -> str:
        body = self._body(
            "unread.html",
            paths.lesson(lesson_id),
            lesson_id=lesson_id,
            problems=[p for p in site.problems if p.lesson == lesson_id],
        )
        return _page(plain(lesson_id), body, [], **_GATHERS)

    def _body(self, template: str, path: str, **values: Any) -> str:
        html = _environment().get_template(template).render(path=path, **self._known, **values)
        return one_line(html)


_Entry = tuple[str, str] | tuple[str, str, list[tuple[str, str]]]


def _contents(page: LessonPage, runs: list[view.RunView]) -> list[_Entry]:
    """Return a lesson's headings in order: id, title, and those below it."""
    entries: list[_Entry] = []
    for one in runs:
        name = one.scenario.name
        parts = [
            (f"flow-of-{name}", "Concept flow"),
            (f"table-of-{name}", "Execution table"),
            (f"tracker-of-{name}", "Variable tracker"),
        ]
        entries.append((f"run-of-{name}", plain(one.scenario.title), parts if one.run else []))
    sections = {
        "sample": ("Execution sample", page.code),
        "moments": ("Key moments", page.key_moments),
        "quiz": ("Quiz", page.quiz),
        "snapshot": ("Concept snapshot", page.snapshot),
        "advice": ("Advice", page.lesson.advice),
        "versions": ("Versions", page.history),
        "transcript": ("Full transcript", page.runs),
        "downloads": ("Downloads", True),
    }
    return [*entries, *((key, title) for key, (title, shown) in sections.items() if shown)]


def _page(title: str, body: str, contents: list[Any], **meta: Any) -> str:
    """Return a page's source: front matter in JSON, which YAML is a superset of, and the body.

    `contents` becomes the page's table of contents: Markdown finds no heading in a raw block.
    """
    front = {
        "title": title,
        "asrun": True,
        "contents": [
            {
                "level": 1,
                "id": "top",
                "name": title,
                "children": [_token(entry, 2) for entry in contents],
            }
        ],
        **meta,
    }
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items())
    return "---\n{}\n---\n\n{}\n".format("\n".join(lines), body)


def _token(entry: _Entry, level: int) -> dict[str, Any]:
    below = entry[2] if len(entry) == 3 else []
    return {
        "level": level,
        "id": entry[0],
        "name": entry[1],
        "children": [_token(child, level + 1) for child in below],
    }
