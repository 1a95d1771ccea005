import logging
import sys
import warnings

from fastapi import FastAPI

app = FastAPI()
logger = logging.getLogger("shop")


@app.get("/async")
async def coroutine() -> str:
    print("one line")
    print("two", "parts", sep=" and ", end="")
    print()
    print("to stderr", file=sys.stderr)
    logger.warning("low stock: %d", 3)
    logger.info("not shown: the level is WARNING")
    warnings.warn("old way", DeprecationWarning, stacklevel=1)
    try:
        raise LookupError("gone")
    except LookupError:
        logger.exception("lookup failed")
    return "said"


@app.get("/def")
def plain() -> str:
    print("from a thread")
    logger.error("from a thread, too")
    print("no end of line", end="")
    return "said"
