"""The known answers of an exercise: its solution, and the wrong and right ones of solutions/<slug>/answers.toml.

The keys of that file are explained at the top of solutions/two-step/answers.toml.
"""

import tomllib
from typing import NamedTuple

from grading.course import COURSE
from grading.exercise import grade_id, is_answer, parts, read


class Answer(NamedTuple):
    """One way to fill in an exercise, and what it costs."""

    name: str
    right: bool
    mistake: str  # what the feedback calls it; empty for a right answer
    hint: str  # one sentence for the student; empty for a right answer
    cells: dict  # grade_id of an answer cell -> source
    loses: tuple  # grade_ids of the test cells that it fails
    hidden_only: str = ""  # why no visible check sees a wrong answer; empty if one does
    ask: str = ""  # a question that leads a student who made it to the hint; empty if there is none
    follows: tuple = ()  # those of them that it passes when the parts above are right, and that cost nothing therefore

    @property
    def lost(self):
        """The grade_ids of the test cells that give no points."""
        return tuple(label for label in self.loses if label not in self.follows)


def solution(slug):
    """The instructor's own answer, read from the built notebook of solutions/."""
    cells = {grade_id(cell): cell["source"] for cell in _notebook(slug)["cells"] if is_answer(cell)}
    return Answer("solution", True, "", "", cells, ())


def known_answers(slug):
    """All answers of answers.toml, the wrong ones first, each with a source for every answer cell.

    Raises ValueError for an entry with unknown keys, cells or groups, or with an edit whose text the solution lacks.
    """
    path = COURSE / "solutions" / slug / "answers.toml"
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    base, groups = solution(slug), content.get("groups", {})
    part_of = parts(_notebook(slug)) if content.get("follow_through", True) else {}
    known = [
        _answer(entry, kind == "right", base, groups, path)
        for kind in ("wrong", "right")
        for entry in content.get(kind, [])
    ]
    return [answer._replace(follows=_follows(answer, base, part_of)) for answer in known]


def _notebook(slug):
    return read(COURSE / "solutions" / slug / f"{slug}.ipynb")


def _answer(entry, right, base, groups, path):
    entry = dict(entry)
    name = entry.pop("name")
    cells = dict(base.cells)
    replaced, edited = entry.pop("cells", {}), entry.pop("edit", {})
    for label in [*replaced, *edited]:
        if label not in cells:
            raise ValueError(f"{path}: {name} names the cell {label!r}; the answer cells are {', '.join(cells)}")
    cells.update({label: source.strip("\n") for label, source in replaced.items()})
    for label, edits in edited.items():
        for old, new in edits:
            if old not in cells[label]:
                raise ValueError(f"{path}: {name} edits {old!r}, which is not in the cell {label!r}")
            cells[label] = cells[label].replace(old, new)
    mistake, hint = entry.pop("mistake", ""), entry.pop("hint", "")
    loses = _without_groups(entry.pop("loses", []), groups, f"{path}: {name}")
    hidden_only, ask = entry.pop("hidden_only", ""), entry.pop("ask", "")
    if entry:
        raise ValueError(f"{path}: {name} has unknown keys {', '.join(entry)}")
    if not right and not (mistake and hint and loses):
        raise ValueError(f"{path}: {name} needs `mistake`, `hint` and `loses`")
    return Answer(name, right, mistake, hint, cells, loses, hidden_only, ask)


def _follows(answer, base, part_of):
    """The test cells that an answer fails because of the parts above alone: their own part is the solution's."""
    found, wrong = [], set()
    for test, part in part_of.items():
        if test not in answer.loses:
            continue
        if answer.cells[part] == base.cells[part] and wrong - {part}:
            found.append(test)
        else:
            wrong.add(part)
    return tuple(found)


def _without_groups(loses, groups, where):
    """The grade_ids in `loses`, with those of a group in the place of "@group"; each once."""
    found = []
    for label in loses:
        if label.startswith("@") and label[1:] not in groups:
            known = ", ".join(groups) or "none"
            raise ValueError(f"{where} has {label!r} in `loses`, which is no group; [groups] has {known}")
        found += groups[label[1:]] if label.startswith("@") else [label]
    return tuple(dict.fromkeys(found))
