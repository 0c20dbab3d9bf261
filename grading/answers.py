"""The known answers of an exercise: its solution, and the wrong and right ones of solutions/<slug>/answers.toml."""

from typing import NamedTuple

from grading import answers_file
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

    Raises ValueError, naming the file, the entry and the key, for an entry that cannot be meant.
    """
    content, base, part_of = answers_file.read(slug), solution(slug), parts(_notebook(slug))
    found = answers_file.entries(content, slug, part_of)
    known = [_answer(entry, kind, where, base, content.get("groups", {})) for kind, where, entry in found]
    part_of = part_of if content.get("follow_through", True) else {}
    return [answer._replace(follows=_follows(answer, base, part_of)) for answer in known]


def _notebook(slug):
    return read(COURSE / "solutions" / slug / f"{slug}.ipynb")


def _answer(entry, kind, where, base, groups):
    cells = dict(base.cells)
    for key in ("cells", "edit"):
        for label in entry.get(key, {}):
            if label not in cells:
                raise ValueError(f"{where}: `{key}` names the cell {label!r}; the answer cells are {', '.join(cells)}")
    cells.update({label: source.strip("\n") for label, source in entry.get("cells", {}).items()})
    for label, edits in entry.get("edit", {}).items():
        for old, new in edits:
            if old not in cells[label]:
                raise ValueError(f"{where}: `edit.{label}`: {old!r} is not in the cell")
            cells[label] = cells[label].replace(old, new)
    if cells == base.cells:
        raise ValueError(f"{where}: is the solution itself: `edit` or `cells` must change it")
    told = (entry.get(key, "") for key in ("mistake", "hint"))
    loses = _without_groups(entry.get("loses", []), groups)
    return Answer(
        entry["name"], kind == "right", *told, cells, loses, entry.get("hidden_only", ""), entry.get("ask", "")
    )


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


def _without_groups(loses, groups):
    """The grade_ids in `loses`, with those of a group in the place of "@group"; each once."""
    found = []
    for label in loses:
        found += groups[label[1:]] if label.startswith("@") else [label]
    return tuple(dict.fromkeys(found))
