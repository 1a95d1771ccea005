"""What was done to `app.py`; the recordings of it are in `runs/`.

`python -m tests.proofs.scenarios` records them again.
"""

from __future__ import annotations

from httpx import AsyncClient

from asrun import scenario, show, watch

show("read_item")


@watch("Session")
def session_state(session: object) -> str:
    return str(session.state)  # type: ignore[attr-defined]


@scenario("The endpoint answers")
async def answers(client: AsyncClient) -> None:
    await client.get("/items/1")


@scenario("The endpoint raises")
async def raises(client: AsyncClient) -> None:
    await client.get("/items/7")


@scenario("The number is none")
async def misfit(client: AsyncClient) -> None:
    await client.get("/items/one")


@scenario("Two requests, one after the other")
async def twice(client: AsyncClient) -> None:
    await client.get("/items/0")
    await client.get("/items/1")


@scenario("The body comes in pieces")
async def streams(client: AsyncClient) -> None:
    await client.get("/stream")


@scenario("A background task")
async def notes(client: AsyncClient) -> None:
    await client.post("/notes")


NAMES = ("answers", "raises", "misfit", "twice", "streams", "notes")


def main() -> None:
    """Record all scenarios again, into `runs/`."""
    import shutil
    import tempfile
    from pathlib import Path

    from asrun import inspect

    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "snippets" / "tests" / "proofs"
        folder.mkdir(parents=True)
        (folder.parents[1] / "chapters.toml").write_text(
            '[[chapter]]\nname = "tests"\ntitle = "Tests"\nlessons = ["proofs"]\n'
        )
        shutil.copy(here / "app.py", folder / "app.py")
        shutil.copy(here / "scenarios.py", folder / "lesson.py")
        for one in inspect.record(Path(root), "tests/proofs", None, lambda what: None):
            (here / "runs" / f"{one.trace.scenario}.json").write_text(one.trace.to_json())


if __name__ == "__main__":
    main()
