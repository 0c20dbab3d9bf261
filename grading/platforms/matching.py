"""Which row of a platform's file is whose: nobody is guessed."""

import re
from collections import defaultdict

from grading import outside
from grading.platforms.gradebook_layouts import plain


def rows_of(students, rows, user_ids):
    """{id of a student: number of the row}, and lines about those for whom there is none, or more than one.

    `students` are marks.Persons by id, `rows` are gradebook_layouts.Rows, and `user_ids` is {id: the id by which the
    platform gave out this student's work}. An id, or an address, decides before a number that came with a file, and
    that before a name, which two people may share. A row that is somebody's by the stronger sign is nobody else's.

    A platform numbers its users, and so does a school: where an id is only the platform's own number of somebody, the
    name, or what the platform gave out, must say that it is the same person.
    """
    found, several = {}, {}
    lines = _of_others(students, rows, user_ids)
    for tables, signs in _signs(rows, user_ids):
        taken, claims = set(found.values()), defaultdict(list)
        for student, person in students.items():
            if student in found or student in lines:
                continue
            possible = _possible(zip(tables, signs(person), strict=True), several.get(student, set()), taken)
            if len(possible) == 1:
                claims[possible.pop()].append(student)
            elif possible:
                several[student] = possible
        for row, claimants in claims.items():
            found[claimants[0]] = row
            if len(claimants) > 1:
                del found[claimants[0]]
                lines |= dict.fromkeys(claimants, f"{' and '.join(claimants)} have the same row in the file")
    for student in students.keys() - found.keys() - lines.keys():
        count = f"{len(several[student])} possible rows" if student in several else "no row"
        lines[student] = f"{student} has {count} in the file"
    return found, lines


def _of_others(students, rows, user_ids):
    """{id of a student: line} for each id that is the platform's number of a row, and that no other sign confirms."""
    numbered = {row.own_number: row for row in rows if row.own_number}
    ids = {outside.student(value) for row in rows for value in row.ids if value != row.own_number}
    lines = {}
    for student, person in students.items():
        row = numbered.get(student)
        is_said = student in ids or student in (person.lms_user_id, user_ids.get(student))
        if row and not is_said and not _may_be_one(person.name, row.name):
            lines[student] = (
                f"{student} is the platform's own number of {row.name}, and the id of {person.name or 'whom?'} here: "
                "if they are one person, give them one name, or note the number as lms_user_id in the gradebook"
            )
    return lines


def _may_be_one(name, other):
    """Whether all words of one name are in the other; nothing is said by a name that nobody knows."""
    words = [set(re.findall(r"[^\W_]+", plain(text))) for text in (name, other)]
    return all(words) and (words[0] <= words[1] or words[1] <= words[0])


def _signs(rows, user_ids):
    """The kinds of signs, the strongest first: tables of the rows by them, and a student's own, in that order."""
    exact, alike, numbers, names = (defaultdict(set) for _ in range(4))
    for row in rows:
        for value in row.ids:
            exact[outside.student(value)].add(row.at)
            alike[value.casefold()].add(row.at)
        numbers[row.user_id].add(row.at)
        names[plain(row.name)].add(row.at)
    return [
        ([exact, exact, alike, alike], lambda person: (person.id, person.lms_user_id, *_in_small(person))),
        ([numbers], lambda person: (user_ids.get(person.id),)),
        ([names], lambda person: (plain(person.name),)),
    ]


def _in_small(person):
    return person.id.casefold(), person.email.casefold()


def _possible(signs, before, taken):
    """The rows that have the first of a student's signs, and as many of the others as leave one of them."""
    possible = before - taken
    for table, value in signs:
        if len(possible) == 1:
            break
        rows = table.get(value, set()) - taken if value else set()
        possible = (possible & rows or possible) if possible else rows
    return possible
