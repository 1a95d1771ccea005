import functools

from fastapi import FastAPI

app = FastAPI()


@app.get("/def/{n}")
def plain(n: int) -> int:
    return n + 1


@app.get("/async-def/{n}")
async def coroutine(n: int) -> int:
    return n + 1


class Adder:
    def __init__(self, by: int) -> None:
        self.by = by

    def __call__(self, n: int) -> int:
        return n + self.by


class AsyncAdder(Adder):
    async def __call__(self, n: int) -> int:
        return n + self.by


def add(by: int, n: int) -> int:
    return n + by


app.get("/instance/{n}")(Adder(1))
app.get("/async-instance/{n}")(AsyncAdder(1))
app.get("/partial/{n}")(functools.partial(add, 1))
