"""Overridden dependencies

`app.dependency_overrides` puts another callable in a dependency's place.
"""

from asrun import Client, scenario, show

import app

show("read", "get_fake")


@scenario("Overridden, then not")
async def overridden(client: Client) -> None:
    app.app.dependency_overrides[app.get_name] = app.get_fake
    assert (await client.get("/?suffix=.")).json() == "fake.fake."
    app.app.dependency_overrides.clear()
    assert (await client.get("/")).json() == "realreal"
