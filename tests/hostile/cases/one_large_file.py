# refused: writes more than 4 MiB into one file
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> int:
    with open("large", "wb", buffering=0) as file:
        return sum(file.write(bytes(1024 * 1024)) for _ in range(40))  # <-
