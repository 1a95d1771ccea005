"""The version machine: the same lessons on every release of FastAPI.

    releases      which releases there are, and when each came out (`snippets/versions.toml`)
    environments  an environment for each, made with uv: with the dependencies of its release day,
                  or with the newest
    observing     record lessons in them, two at a time, and keep what came out
    search        sample the releases, then bisect between neighbours that differ
    causes        whether FastAPI itself or one of its dependencies made the difference
    survey        all of the above for a number of lessons: what behaves how, where
    accepting     what a survey would change in the accepted recordings
    truth         in which releases each statement is true, and whether its `holds` says so
    writing       write `holds` into a `lesson.py`
    history       all of it from the accepted recordings alone: for pages, and for a build
    apart         of these, where the newest dependencies make a difference
    newest        what the release of this morning broke
    report        each of these for the terminal, and as JSON

`docs/versions.md` tells how it works and what counts as a change.
"""
