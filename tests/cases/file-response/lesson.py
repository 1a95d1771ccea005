"""FileResponse

A file is read and sent when the response is, not when it is made.
"""

from asrun import Client, scenario, show

show("read", "missing")


@scenario("The whole file")
async def whole(client: Client) -> None:
    assert (await client.get("/file")).text == "abcdefghij"


@scenario("A range, and one that does not exist")
async def part(client: Client) -> None:
    response = await client.get("/file", headers={"Range": "bytes=2-4"})
    assert (response.status_code, response.text) == (206, "cde")
    response = await client.get("/file", headers={"Range": "bytes=90-"})
    assert response.status_code == 416


@scenario("No such file")
async def missing(client: Client) -> None:
    assert (await client.get("/missing")).status_code == 500
