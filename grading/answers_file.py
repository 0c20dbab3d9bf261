"""solutions/<slug>/answers.toml as it is written: every error in it names the file, the entry and the key.

The keys are explained at the top of solutions/two-step/answers.toml.
"""

import re
import tomllib

from grading.course import COURSE

SETTINGS = ("withhold", "gradients", "follow_through", "sections", "groups", "wrong", "right")
OF_ENTRY = ("name", "mistake", "hint", "loses", "hidden_only", "ask", "edit", "cells")
OF_WRONG = ("mistake", "hint", "loses", "hidden_only", "ask")  # of a right answer nothing is wrong
NAME = re.compile(r"\w[\w.-]*")  # a folder is called so when the answer is marked


def place(slug):
    """The path of the file, from the root of the course on, as messages give it."""
    return f"solutions/{slug}/answers.toml"


def changed(slug):
    """When the file was changed last, as a number; 0 if there is none."""
    path = COURSE / place(slug)
    return path.stat().st_mtime_ns if path.exists() else 0


def read(slug):
    """What the file says, as a dictionary. Raises ValueError where there is none, or where it is no TOML."""
    where = place(slug)
    try:
        return tomllib.loads((COURSE / where).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{where} is missing: every exercise has one, see CONTRIBUTING.md") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{where} is not in UTF-8: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{where} is no TOML: {error}") from None


def check_settings(content, slug, names, tests):
    """Raise ValueError for a setting above the entries that cannot be meant.

    `names` maps the grade_id of an answer cell to the functions in it, `tests` are the grade_ids of the test cells.
    """
    where, functions = place(slug), {name for of_cell in names.values() for name in of_cell}
    _known(content, SETTINGS, where)
    for key in ("withhold", "gradients"):
        _is_texts(content.get(key, []), f"{where}: `{key}`")
    if missing := set(content.get("gradients", [])) - functions:
        raise ValueError(f"{where}: `gradients` has {_listed(missing)}; the functions are {_listed(functions)}")
    if not isinstance(content.get("follow_through", True), bool):
        raise ValueError(f"{where}: `follow_through` must be true or false")
    _is_table(content.get("sections", {}), f"{where}: `sections`")
    for label, section in content.get("sections", {}).items():
        _check_section(label, section, names, f"{where}: [sections] {label}")
    _is_table(content.get("groups", {}), f"{where}: `groups`")
    for name, cells in content.get("groups", {}).items():
        _are_tests(cells, tests, f"{where}: [groups] {name}")


def entries(content, slug, tests):
    """(kind, where it is, entry) of every answer in the file, the wrong ones first, all keys of the right form.

    Raises ValueError for an entry with a key that is unknown, missing or of another form, and for two of one name.
    """
    found, seen = [], {"solution"}
    for kind in ("wrong", "right"):
        every = content.get(kind, [])
        if not isinstance(every, list) or not all(isinstance(entry, dict) for entry in every):
            raise ValueError(f"{place(slug)}: `{kind}` must be tables, each under a line [[{kind}]]")
        for number, entry in enumerate(every, 1):
            where = f"{place(slug)}: [[{kind}]] {entry.get('name') or f'number {number}'}"
            check_entry(entry, kind, where, tests, content.get("groups", {}))
            if entry["name"] in seen:
                raise ValueError(f"{where}: `name` is that of another answer too")
            seen.add(entry["name"])
            found.append((kind, where, entry))
    return found


def check_entry(entry, kind, where, tests, groups):
    """Raise ValueError unless an entry has the keys of its kind, each of the form that it must have."""
    _known(entry, [key for key in OF_ENTRY if kind == "wrong" or key not in OF_WRONG], where)
    needed = ("name", "mistake", "hint", "loses") if kind == "wrong" else ("name",)
    if missing := [key for key in needed if not entry.get(key)]:
        raise ValueError(f"{where}: needs {_listed(missing)}")
    for key in ("name", "mistake", "hint", "hidden_only", "ask"):
        if not isinstance(entry.get(key, ""), str):
            raise ValueError(f"{where}: `{key}` must be a text")
    if not NAME.fullmatch(entry["name"]):
        raise ValueError(f"{where}: `name` must be made of letters, digits and hyphens")
    _are_tests(entry.get("loses", []), tests, f"{where}: `loses`", groups)
    for key in ("cells", "edit"):
        _is_table(entry.get(key, {}), f"{where}: `{key}`")
    for label, source in entry.get("cells", {}).items():
        if not isinstance(source, str):
            raise ValueError(f"{where}: `cells.{label}` must be a text")
    for label, edits in entry.get("edit", {}).items():
        if not (isinstance(edits, list) and edits and all(map(_is_edit, edits))):
            raise ValueError(f'{where}: `edit.{label}` must be pairs of texts, such as [["old", "new"]]')


def _check_section(label, section, names, where):
    """Raise ValueError unless the label is that of an answer cell, and the book has the section."""
    if label not in names:
        raise ValueError(f"{where}: is no answer cell; there are {_listed(names)}")
    if not (_is_pair(section) and re.fullmatch(r"[\w-]+", section[0])):
        raise ValueError(f'{where}: must be a page and a section of it, such as ["two-step", "The backward pass"]')
    page, title = section
    chapter = COURSE / "book" / f"{page}.md"
    if not chapter.parent.is_dir():  # where exercises are marked without the book
        return
    if not chapter.is_file():
        raise ValueError(f"{where}: there is no page book/{page}.md")
    if f"\n## {title}\n" not in chapter.read_text(encoding="utf-8"):
        raise ValueError(f"{where}: book/{page}.md has no section `## {title}`")


def _are_tests(cells, tests, where, groups=None):
    _is_texts(cells, where)
    for label in cells:
        if groups is not None and label.startswith("@"):
            if label[1:] not in groups:
                raise ValueError(f"{where}: {label!r} is no group; [groups] has {_listed(groups)}")
        elif label not in tests:
            raise ValueError(f"{where}: {label!r} is no test cell; there are {_listed(tests)}")


def _known(table, keys, where):
    if unknown := [key for key in table if key not in keys]:
        raise ValueError(f"{where}: unknown {_listed(unknown)}; the keys are {_listed(keys)}")


def _is_texts(value, where):
    if not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise ValueError(f'{where}: must be a list of texts, such as ["a", "b"]')


def _is_table(value, where):
    if not isinstance(value, dict):
        raise ValueError(f"{where}: must be a table")


def _is_edit(edit):
    return _is_pair(edit) and edit[0] != ""  # no text would be found everywhere


def _is_pair(value):
    return isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)


def _listed(names):
    return ", ".join(f"`{name}`" for name in names) or "none"
