# hung: it hangs in `<module>`
from fastapi import FastAPI

app = FastAPI()
count = 0
while count < 1_000_000_000:
    count += 1  # <- or the line before


@app.get("/")
async def endpoint() -> int:
    return count
