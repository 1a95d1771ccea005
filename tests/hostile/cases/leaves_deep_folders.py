# harmless
# Its temporary folder is hard to remove.
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> str:
    os.mkdir("closed", 0o000)
    for _ in range(1_500):
        os.mkdir("d")
        os.chdir("d")
    with open("at the bottom", "w") as file:
        file.write("x")
    return "left"
