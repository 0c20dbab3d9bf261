"""What is told of a check that failed, in the parts that a page sets apart and a notebook shows as lines."""

from typing import NamedTuple

from rnnlib.words import say


class Failure(NamedTuple):
    """Why a check failed; all of it is text for the student."""

    seen: tuple  # lines: what is wrong, or the student's own traceback
    facts: tuple = ()  # (what it is, text): the call, what came back, what is asked for
    remarks: tuple = ()  # sentences: what can be read off the result, and what follows from other parts
    mistake: str = ""  # the sentence that names a known mistake, or a slip that gives the same
    hint: str = ""
    undone: bool = False  # whether the student left out what is checked: then it is no mistake

    def lines(self):
        """All of it as lines of text."""
        facts = [f"  {say(what):<11}{text}" for what, text in self.facts]
        return [*self.seen, *facts, *self.remarks, *filter(None, (self.mistake, self.hint))]
