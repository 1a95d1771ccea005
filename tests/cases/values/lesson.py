"""Values

A value is told by what it holds, without running its code; what should not be told is not.
"""

from asrun import Client, scenario, show

show("read")


@scenario("All kinds")
async def read(client: Client) -> None:
    await client.get("/")
