"""The layouts in which learning platforms hand out a class's files: one row each, with its example."""

import re
from typing import NamedTuple

PLATFORMS = {
    "canvas": "Canvas",
    "moodle": "Moodle",
    "blackboard": "Blackboard",
    "brightspace": "Brightspace",
    "gradescope": "Gradescope",
    "github": "GitHub Classroom",
    "sakai": "Sakai",
    "ilias": "ILIAS",
    "own": "this course's own folders",
    "drive": "names that students gave, as in Google Drive or a plain folder",
}
# How much a pattern tells, where two fit the same files: what is said in words, a form, a guess.
WORDS, FORM, LOOSE = 3, 2, 1
LOWER = r"[^\W_A-Z][^\WA-Z]*?"  # Canvas writes names in small letters, without spaces
BEFORE = r"(?:.*?/)??"  # folders around all of it, as few as will do: those inside may be named by students
STAMP = r"\d{4}(?:-\d\d){5}"
WHO_AND_WHEN = (
    r"(?P<number>\d+)-\d+ - (?:(?P<user>[^\s/]*\d[^\s/]*) - )?(?P<name>[^/]+?) - "  # no Anne - Marie has a digit
    r"(?P<time>[^/-]*\b\d{4},? \d{1,2}[.:]?\d\d(?: ?[AaPp]\.?[Mm]\.?)?)"
)
ATTACHED = r"(?:Submission attachment\(s\)|Submission attachments|提出物の添付ファイル)"


class Layout(NamedTuple):
    """One row of the table.

    The groups of a pattern are named by what they find: `name`, `user`, `number` and `folder` say who it is; `time`,
    `late` and `order` (which grows from attempt to attempt) say when; `file` is the name that the student gave; `text`
    is there where something was typed into the platform's editor; `note` marks what the platform itself has put there.
    """

    platform: str
    pattern: str  # of a whole path; {slug} stands for the exercise
    example: str
    finds: dict  # what the pattern finds in the example, if the exercise is two-step
    tells: int = FORM


LAYOUTS = (
    Layout(
        "canvas",
        rf"{BEFORE}(?P<late>LATE_)?(?P<user>anon_[A-Za-z0-9]+)_(?P<order>\d+)_(?P<file>[^/]+)",
        "LATE_anon_Ab3dE_99001_two-step.ipynb",
        {"user": "anon_Ab3dE", "late": "LATE_", "order": "99001", "file": "two-step.ipynb"},
    ),
    Layout(
        "canvas",
        rf"{BEFORE}(?P<name>{LOWER})_(?P<late>LATE_)?(?P<number>\d+)_(?P<order>\d+)_(?P<file>[^/]+)",
        "lovelaceada_LATE_4711_99001_two-step-1.ipynb",
        {"name": "lovelaceada", "late": "LATE_", "number": "4711", "order": "99001", "file": "two-step-1.ipynb"},
    ),
    Layout(  # after the row above, as a student may call a file 4711_text.html
        "canvas",
        rf"{BEFORE}(?:(?P<name>{LOWER})_)?(?P<late>LATE_)?(?P<number>anon_[A-Za-z0-9]+|\d+)_(?P<text>text|link)\.html",
        "lovelaceada_4711_text.html",
        {"name": "lovelaceada", "number": "4711", "text": "text"},
    ),
    Layout(  # Moodle in folders, and without a number for who is in no team
        "moodle",
        rf"{BEFORE}(?P<name>[^/]+?)(?:_(?P<number>\d+))?_assignsubmission_file_?/(?:.*/)?(?P<file>[^/]+)",
        "Ada Lovelace_1001_assignsubmission_file/two-step.ipynb",
        {"name": "Ada Lovelace", "number": "1001", "file": "two-step.ipynb"},
        WORDS,
    ),
    Layout(
        "moodle",
        rf"{BEFORE}(?P<name>[^/]+?)(?:_(?P<number>\d+))?_assignsubmission_(?P<text>(?!file)[a-z]+)_?[/_].*",
        "Ada Lovelace_1001_assignsubmission_onlinetext/onlinetext.html",
        {"name": "Ada Lovelace", "number": "1001", "text": "onlinetext"},
        WORDS,
    ),
    Layout(  # flat; with blind marking, the name is that of nobody
        "moodle",
        rf"{BEFORE}(?P<name>[^/]+?)(?:_(?P<number>\d+))?_assignsubmission_file_(?P<file>[^/]+)",
        "Participant_1001_assignsubmission_file_two-step.ipynb",
        {"name": "Participant", "number": "1001", "file": "two-step.ipynb"},
        WORDS,
    ),
    Layout(
        "blackboard",
        rf"{BEFORE}(?P<folder>[^/]+?_(?P<user>[^/_]+)_attempt_(?P<time>{STAMP}))_(?P<file>[^/]+)",
        "Two Steps_alovelace_attempt_2026-11-26-09-30-00_two-step.ipynb",
        {
            "user": "alovelace",
            "time": "2026-11-26-09-30-00",
            "file": "two-step.ipynb",
            "folder": "Two Steps_alovelace_attempt_2026-11-26-09-30-00",
        },
        WORDS,
    ),
    Layout(  # what Blackboard says of an attempt, and what was typed
        "blackboard",
        rf"{BEFORE}(?P<folder>[^/]+?_(?P<user>[^/_]+)_attempt_(?P<time>{STAMP}))(?P<note>\.txt)",
        "Two Steps_alovelace_attempt_2026-11-26-09-30-00.txt",
        {
            "user": "alovelace",
            "time": "2026-11-26-09-30-00",
            "note": ".txt",
            "folder": "Two Steps_alovelace_attempt_2026-11-26-09-30-00",
        },
        WORDS,
    ),
    Layout(  # in folders
        "brightspace",
        rf"{BEFORE}{WHO_AND_WHEN}/(?:.*/)?(?P<file>[^/]+)",
        "31415-9265 - Ada Lovelace - Nov 26, 2026 930 AM/two-step.ipynb",
        {"number": "31415", "name": "Ada Lovelace", "time": "Nov 26, 2026 930 AM", "file": "two-step.ipynb"},
        WORDS,
    ),
    Layout(  # flat
        "brightspace",
        rf"{BEFORE}{WHO_AND_WHEN} - (?P<file>[^/]+)",
        "31415-9265 - S1 - Ada Lovelace - Nov 26, 2026 930 AM - two-step.ipynb",
        {
            "number": "31415",
            "user": "S1",
            "name": "Ada Lovelace",
            "time": "Nov 26, 2026 930 AM",
            "file": "two-step.ipynb",
        },
        WORDS,
    ),
    Layout(  # submission_metadata.yml says who it is
        "gradescope",
        rf"{BEFORE}(?P<folder>submission_\d+)/(?:.*/)?(?P<file>[^/]+)",
        "assignment_12_export/submission_34567/two-step.ipynb",
        {"folder": "submission_34567", "file": "two-step.ipynb"},
    ),
    Layout(
        "sakai",
        rf"{BEFORE}(?P<folder>(?P<name>[^/(]+?) ?\((?P<user>[^()/]+)\))/(?P<note>timestamp\.txt)",
        "Two Steps/Lovelace, Ada(alovelace)/timestamp.txt",
        {"name": "Lovelace, Ada", "user": "alovelace", "note": "timestamp.txt", "folder": "Lovelace, Ada(alovelace)"},
    ),
    Layout(
        "sakai",
        rf"{BEFORE}(?P<folder>(?P<name>[^/(]+?) ?\((?P<user>[^()/]+)\))/(?P<text>[^/]*_submissionText\.html)",
        "Two Steps/Lovelace, Ada(alovelace)/Lovelace, Ada(alovelace)_submissionText.html",
        {
            "name": "Lovelace, Ada",
            "user": "alovelace",
            "text": "Lovelace, Ada(alovelace)_submissionText.html",
            "folder": "Lovelace, Ada(alovelace)",
        },
        WORDS,
    ),
    Layout(
        "sakai",
        rf"{BEFORE}(?P<folder>(?P<name>[^/(]+?) ?\((?P<user>[^()/]+)\))(?:/|_){ATTACHED}(?:/(?:.*/)?|_)(?P<file>[^/]+)",
        "Two Steps/Lovelace, Ada(alovelace)/Submission attachment(s)/two-step.ipynb",
        {
            "name": "Lovelace, Ada",
            "user": "alovelace",
            "file": "two-step.ipynb",
            "folder": "Lovelace, Ada(alovelace)",
        },
        WORDS,
    ),
    Layout(  # a folder that is called by the name alone
        "sakai",
        rf"{BEFORE}(?P<folder>(?P<name>[^/(]+))/{ATTACHED}/(?:.*/)?(?P<file>[^/]+)",
        "Lovelace, Ada/Submission attachment(s)/two-step.ipynb",
        {"name": "Lovelace, Ada", "file": "two-step.ipynb", "folder": "Lovelace, Ada"},
        WORDS,
    ),
    Layout(
        "sakai",
        rf"{BEFORE}(?P<folder>(?P<name>[^/(]+))/(?P<note>timestamp\.txt)",
        "Lovelace, Ada/timestamp.txt",
        {"name": "Lovelace, Ada", "note": "timestamp.txt", "folder": "Lovelace, Ada"},
        LOOSE,
    ),
    Layout(
        "ilias",
        rf"{BEFORE}(?P<name>[^/]+)_(?P<user>[^/_]+)_\d+/(?:.*/)?(?:(?P<time>\d{{14}})_)?(?P<file>[^/]+)",
        "Lovelace_Ada_alovelace_271/20261126093000_two-step.ipynb",
        {"name": "Lovelace_Ada", "user": "alovelace", "time": "20261126093000", "file": "two-step.ipynb"},
        LOOSE,
    ),
    Layout(
        "github",
        rf"{BEFORE}(?P<title>[^/]+)-submissions/(?P=title)-(?P<user>[^/]+)/(?:.*/)?(?P<file>[^/]+)",
        "bptt-submissions/bptt-alovelace/two-step/two-step.ipynb",
        {"title": "bptt", "user": "alovelace", "file": "two-step.ipynb"},
    ),
    Layout(
        "github",
        rf"{BEFORE}{{slug}}-(?P<user>[^/]+)/(?:.*/)?(?P<file>[^/]+)",
        "two-step-alovelace/notebooks/two-step.ipynb",
        {"user": "alovelace", "file": "two-step.ipynb"},
        LOOSE,
    ),
    Layout(
        "own",
        rf"{BEFORE}(?P<folder>(?P<user>[^/]+)/{{slug}})/(?P<note>timestamp\.txt)",
        "submitted/alovelace/two-step/timestamp.txt",
        {"user": "alovelace", "note": "timestamp.txt", "folder": "alovelace/two-step"},
    ),
    Layout(
        "own",
        rf"{BEFORE}(?P<folder>(?P<user>[^/]+)/{{slug}})/(?:.*/)?(?P<file>[^/]+)",
        "submitted/alovelace/two-step/two-step (1).ipynb",
        {"user": "alovelace", "file": "two-step (1).ipynb", "folder": "alovelace/two-step"},
        LOOSE,
    ),
    Layout(
        "own",
        rf"{BEFORE}(?P<user>[^/]+?)-(?P<file>{{slug}}\.[^/]+)",
        "alovelace-two-step.ipynb",
        {"user": "alovelace", "file": "two-step.ipynb"},
        LOOSE,
    ),
)


def table(slug):
    """The rows, with compiled patterns, for one exercise."""
    return [row._replace(pattern=re.compile(row.pattern.replace("{slug}", re.escape(slug)))) for row in LAYOUTS]
