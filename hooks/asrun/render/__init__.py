"""Story to pages: what `narrate` tells becomes Markdown files that hold HTML.

A page is complete by itself: all of it can be read without JavaScript, on paper, from a folder.
Nothing is decided here about a run; templates place what the story says.
"""

from asrun.render.pages import (
    nav,
    render_elsewhere,
    render_gathered,
    render_lesson,
    render_site,
    with_origins,
)

__all__ = [
    "nav",
    "render_elsewhere",
    "render_gathered",
    "render_lesson",
    "render_site",
    "with_origins",
]
