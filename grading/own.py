"""Code of our own on the path that students' code takes: the same requests, answered in this process.

What crosses is packed and unpacked as it is on the way to a student's process, so that a function of either side gets
copies, and nothing but plain data comes back. To start and stop a process takes longer than to mark an answer.
"""

import time

from grading import student_host, wire
from grading.limits import TestTooLongError, time_limit
from grading.remote import STUDENT_ERRORS, HungError, Process, StudentError


class OwnProcess(Process):
    """Stands in for a student's process where the code is known not to be a student's."""

    def __init__(self, watch=None):
        """`watch` is a watch.Watch, which gives each request its time."""
        super().__init__(watch)
        self.host = _Host(self)

    def request(self, message, seconds=None):
        """Answer a request as a student's process does; one that takes too long ends with a HungError."""
        if self.dead:
            raise type(self.dead)(self.watch.refusal(message, self.dead.message))
        seconds, started = seconds or self.watch.allowed(message), time.monotonic()
        try:
            with time_limit(seconds):
                answer = self.host.answer(self.to_host(message))
        except TestTooLongError:
            if time.monotonic() - started < seconds:  # it was the time of the test around this call
                raise
            answer = None
        taken = time.monotonic() - started
        verdict = self.watch.verdict(message, seconds) if taken >= seconds else ""  # the code was late, or the way
        if not self.nesting:
            self.watch.took(message, taken, late=bool(verdict))
        if verdict:
            raise self._end(HungError(verdict))
        kind, *result, output = self.from_host(answer)
        self.output.append(output)
        if kind == "error":
            name, text, traceback = result
            raise STUDENT_ERRORS.get(name, StudentError)(name, text, traceback)
        return result

    def to_host(self, value):
        """A copy of `value` as the other side gets it."""
        return wire.unpack(wire.pack(value, self._refer)[4:], self.host.resolve)

    def from_host(self, value):
        """A copy of what comes back; what cannot be sent becomes an error, as on the pipe."""
        try:
            packed = wire.pack(value, self.host.refer)
        except (TypeError, ValueError) as error:
            said = student_host.say("what your code returned cannot be graded: {}").format(error)
            packed = wire.pack(["error", "TypeError", said, "", ""], self.host.refer)
        return wire.unpack(packed[4:], self._resolve)

    def _end(self, reason):
        self.dead = self.dead or reason
        return reason


class _Host(student_host.Host):
    def __init__(self, process):
        super().__init__(None, None)
        self.process = process

    def resolve(self, tag):
        return self.objects[tag["yours"]] if "yours" in tag else _Callback(self, tag["mine"])


class _Callback(student_host.Callback):
    def __call__(self, *arguments, **keywords):
        process = self.host.process
        arguments, keywords = process.from_host([list(arguments), keywords])
        _, value, problem = process.to_host(process._call_back(self.number, arguments, keywords))
        if problem:
            raise ValueError(problem)
        return value
