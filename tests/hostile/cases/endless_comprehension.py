# hung: `asks` did not end within {deadline} seconds: it hangs in `endpoint`
# One statement, however often it goes round: there is no event to stop it at.
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> bool:
    return all(count >= 0 for count in range(1_000_000_000))  # <-
