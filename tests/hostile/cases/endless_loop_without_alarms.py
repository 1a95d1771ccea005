# hung: did not say where it hangs
# The snippet switches off all that could interrupt it from inside; only the zygote is left.
import faulthandler
import signal

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> bool:
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    faulthandler.cancel_dump_traceback_later()
    return all(count >= 0 for count in range(1_000_000_000))
