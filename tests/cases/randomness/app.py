import os
import random
import secrets
import tempfile
import uuid

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def draw() -> list[str]:
    number = random.randrange(1000)
    own = random.Random().randrange(1000)
    system = random.SystemRandom().randrange(1000)
    one, four = uuid.uuid1(), uuid.uuid4()
    key = secrets.token_hex(4)
    raw = os.urandom(4)
    with tempfile.NamedTemporaryFile() as file:
        name = os.path.basename(file.name)
    return [str(number), str(own), str(system), str(one), str(four), key, raw.hex(), name]
