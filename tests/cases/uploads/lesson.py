"""Uploads

A form is parsed and its files are spooled before the path operation runs.
"""

from collections.abc import AsyncIterator

from asrun import Client, scenario, show

show("upload", "upload_in_thread", "body")


@scenario("A file and a field")
async def upload(client: Client) -> None:
    response = await client.post("/upload", files={"file": ("a.txt", b"apple")}, data={"note": "red"})
    assert response.json() == "a.txt 5 red"


@scenario("In a `def`")
async def upload_in_thread(client: Client) -> None:
    response = await client.post("/upload-in-thread", files={"file": ("a.txt", b"apple")})
    assert response.json() == "a.txt 5"


@scenario("As bytes")
async def upload_bytes(client: Client) -> None:
    assert (await client.post("/bytes", files={"file": ("a.txt", b"apple")})).json() == 5


@scenario("A body in pieces")
async def body(client: Client) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"three"

    assert (await client.post("/body", content=pieces())).json() == [3, 5, 0]
