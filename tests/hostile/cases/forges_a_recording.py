# crashed: left a recording that the recorder can't have made | ended itself with status 0
import json
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> None:
    forged = {"status": "recorded", "events": [{"kind": "<script>"}], "versions": {}, "requests": 1}
    for descriptor in range(3, 30):
        try:
            os.write(descriptor, json.dumps(forged).encode())
        except OSError:
            continue
    leave = next(
        x
        for x in vars(__import__("asrun.record.report").record.report).values()
        if getattr(x, "__name__", "") == "_exit"
    )
    leave(0)
