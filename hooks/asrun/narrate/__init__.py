"""From a trace to what is read: steps, states, sentences, lanes, flow, tracker, transcript, page.

Takes `asrun.model`, gives `asrun.story`, `asrun.elsewhere` and `asrun.page`. Every word of a run is
computed from events, the states around them and the source of `app.py`; what a lesson's author says
comes in with its verdict.
"""

from asrun.narrate.elsewhere import tell_elsewhere
from asrun.narrate.lesson_page import tell_lesson
from asrun.narrate.reasons import reasons
from asrun.narrate.run import step_of, tell_run

__all__ = ["reasons", "step_of", "tell_elsewhere", "tell_lesson", "tell_run"]
