"""What learning platforms hand out is sorted into submitted/: all that is known, nothing that is guessed or hostile."""

import json
import os
import shutil
import stat
import time
import tracemalloc
import zipfile
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from conftest import needs
from marking import FAST, SLUG, filled

from grading import commands
from grading.answers import solution
from grading.autograde import autograde
from grading.course import class_at
from grading.platforms import archive, collect, layouts, place, roster, times

NOTEBOOK = json.dumps(filled({}))
OTHER = json.dumps(filled({"gradient": "pass"}))
SHEET = """submission_34567:
  :submitters:
  - :name: Ada Lovelace
    :sid: S1
    :email: ada@example.org
  :created_at: 2026-11-26 08:30:00.123456789 Z
"""
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Two steps (77)
    Points Possible,,,,,15
"Lovelace, Ada",4711,S1,alovelace,A,
"Pascal, Blaise",4712,8,bpascal,A,
"Turing, Alan",4713,9,aturing,A,
"""
MOODLE = """\ufeffIdentifier,Full name,Username,Status,Grade,Last modified (submission),Last modified (grade)
Participant 1001,Ada Lovelace,alovelace,Submitted,,"Thursday, 26 November 2026, 9:30 AM",-
Participant 1002,Blaise Pascal,bpascal,Submitted,,-,-
"""
BERLIN = ZoneInfo("Europe/Berlin")


def zipped(path, files, when=(2026, 11, 26, 12, 0, 0)):
    """A zip of {path: text or bytes}."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, when)
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, text)
    return path


def known(tmp_path, text=CANVAS, encoding="utf-8", **options):
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return roster.read(path, **options)


def run(tmp_path, files, people=CANVAS, **options):
    """Collect a zip of these files into tmp_path/submitted."""
    path = zipped(tmp_path / "class.zip", files) if isinstance(files, dict) else files
    students = known(tmp_path, people) if isinstance(people, str) else people
    return collect.collect(SLUG, path, tmp_path / "submitted", students, zone=BERLIN, **options)


def arrived(tmp_path):
    """{path below submitted/: bytes} of all that is there, but for the notes of collecting."""
    folder = tmp_path / "submitted"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if not path.is_dir() and path.name != place.RECORD
    }


def names(tmp_path):
    return sorted(arrived(tmp_path))


ROWS = [pytest.param(row, id=f"{row.platform}-{number}") for number, row in enumerate(layouts.LAYOUTS)]
WITH_FILE = [
    pytest.param(row, id=f"{row.platform}-{n}") for n, row in enumerate(layouts.LAYOUTS) if "file" in row.finds
]


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_table_finds_in_its_example_what_it_says(row):
    (compiled,) = [other for other in layouts.table(SLUG) if other.example == row.example]
    found = compiled.pattern.fullmatch(row.example).groupdict()
    assert {name: text for name, text in found.items() if text is not None} == row.finds


def test_every_platform_has_a_row_but_for_names_that_follow_no_rule():
    assert {row.platform for row in layouts.LAYOUTS} == set(layouts.PLATFORMS) - {"drive"}


@pytest.mark.parametrize("kind", ["zip", "folder"])
@pytest.mark.parametrize("row", WITH_FILE)
def test_the_file_of_each_row_arrives_and_its_platform_is_recognised(tmp_path, row, kind):
    files = {row.example: NOTEBOOK}
    if row.platform == "gradescope":
        files[row.example.partition("/")[0] + "/submission_metadata.yml"] = SHEET
    path = zipped(tmp_path / "class.zip", files)
    if kind == "folder":
        shutil.unpack_archive(path, tmp_path / "class")
        path = tmp_path / "class"
    nameless = row.finds.get("user", "").startswith("anon_")
    people = None if nameless else MOODLE if row.platform == "moodle" else CANVAS
    found = run(tmp_path, path, people)
    student = row.finds["user"] if nameless else "alovelace"
    assert found.platform == row.platform
    assert found.outcomes == {student: place.NEW}
    assert (found.taken, found.files) == (1, 1)
    assert arrived(tmp_path)[f"{student}/{SLUG}/{SLUG}.ipynb"].decode() == NOTEBOOK


TEXTS = {
    "Canvas": [
        "lovelaceada_4711_text.html",
        "lovelaceada_4711_9_a.ipynb",
        "pascalblaise_LATE_4712_text.html",
        "turingalan_4713_8_a.ipynb",
    ],
    "Moodle": [
        "Ada Lovelace_1001_assignsubmission_onlinetext_onlinetext.html",
        "Ada Lovelace_1001_assignsubmission_file_a.ipynb",
        "Blaise Pascal_1002_assignsubmission_onlinetext/onlinetext.html",
    ],
    "Sakai": [
        "Two/Lovelace, Ada(alovelace)/Lovelace, Ada(alovelace)_submissionText.html",
        "Two/Lovelace, Ada(alovelace)/Submission attachment(s)/a.ipynb",
        "Two/Pascal, Blaise(bpascal)/Pascal, Blaise(bpascal)_submissionText.html",
    ],
}


@pytest.mark.parametrize("platform", TEXTS)
def test_text_in_the_editor_is_a_line_and_beside_a_file_it_is_none(tmp_path, platform):
    files = {path: NOTEBOOK if path.endswith(".ipynb") else "<p>done" for path in TEXTS[platform]}
    found = run(tmp_path, files, MOODLE if platform == "Moodle" else CANVAS)
    assert found.problems == (f"bpascal: typed text into the editor of {platform} instead of handing in a file",)
    assert "alovelace" in found.outcomes
    assert "bpascal" not in found.outcomes
    assert found.files == found.taken + 1


def test_an_attempt_on_blackboard_of_text_alone_is_a_line(tmp_path):
    name = "Two Steps_alovelace_attempt_2026-11-26-09-30-00"
    files = {
        f"{name}.txt": "Name: Ada Lovelace (alovelace)\n",
        f"{name.replace('alovelace', 'bpascal')}_{SLUG}.ipynb": NOTEBOOK,
    }
    found = run(tmp_path, files)
    assert found.problems == ("alovelace: typed text into the editor of Blackboard instead of handing in a file",)
    found = run(tmp_path, {f"{name}_a.ipynb": NOTEBOOK, f"{name}.txt": "", f"{name.replace('11-26', '11-27')}.txt": ""})
    assert found.problems == ("alovelace: a newer attempt is text alone, without a file; an older one was taken",)


WHEN = {
    "2026-11-26-09-30-59": ("2026-11-26 08:30:59 UTC", "2026-11-26 09:30:59 UTC"),  # Blackboard
    "Nov 26, 2026 930 AM": ("2026-11-26 08:30:00 UTC", "2026-11-26 09:30:00 UTC"),  # Brightspace
    "Oct 10, 2025 1222 AM": ("2025-10-09 22:22:00 UTC", "2025-10-10 00:22:00 UTC"),
    "Oct 10, 2025 1222 PM": ("2025-10-10 10:22:00 UTC", "2025-10-10 12:22:00 UTC"),
    "26 November, 2026 0930": ("2026-11-26 08:30:00 UTC", "2026-11-26 09:30:00 UTC"),
    "Thursday, 26 November 2026, 9:30 AM": ("2026-11-26 08:30:00 UTC", "2026-11-26 09:30:00 UTC"),  # Moodle
    "20260701093000123": ("2026-07-01 07:30:00 UTC", "2026-07-01 09:30:00 UTC"),  # Sakai, and ILIAS without the last 3
    "2026-11-26T09:30:00Z": ("2026-11-26 09:30:00 UTC", "2026-11-26 09:30:00 UTC"),
    "2026-11-26 09:30:00.123456789 Z": ("2026-11-26 09:30:00 UTC", "2026-11-26 09:30:00 UTC"),  # Gradescope
    "2026-11-26 01:30:00 -0800": ("2026-11-26 09:30:00 UTC", "2026-11-26 09:30:00 UTC"),
    "2026-10-25-02-30-00": ("2026-10-25 00:30:00 UTC", "2026-10-25 02:30:00 UTC"),  # twice in Berlin: the first
}


@pytest.mark.parametrize("text", WHEN)
def test_the_times_of_the_platforms_are_read_in_a_zone_or_in_their_own(text):
    assert tuple(times.stamp(times.utc(text, zone)) for zone in (BERLIN, UTC)) == WHEN[text]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01-00-00-00",
        "Nov 26, 2026 1330 PM",
        "26.11.2026 9:30",
        "2026-11-26 09:30 CEST",
        "9" * 17,
    ],
)
def test_a_time_that_cannot_be_read_is_none(text):
    assert times.utc(text, BERLIN) is None


def test_a_time_goes_into_timestamp_txt_in_utc_and_one_that_cannot_be_read_is_said(tmp_path):
    files = {
        "31415-9265 - Ada Lovelace - Nov 26, 2026 930 AM/two-step.ipynb": NOTEBOOK,
        "31416-9265 - Alan Turing - nov. 26e, 2026 930/two-step.ipynb": NOTEBOOK,
    }
    found = run(tmp_path, files)
    assert arrived(tmp_path)[f"alovelace/{SLUG}/timestamp.txt"] == b"2026-11-26 08:30:00 UTC\n"
    assert f"aturing/{SLUG}/{SLUG}.ipynb" in names(tmp_path)
    assert f"aturing/{SLUG}/timestamp.txt" not in names(tmp_path)
    assert [line for line in found.problems if line.startswith("aturing: the time 'nov. 26e, 2026 930' cannot be read")]
    assert found.local
    lines = "\n".join(collect.summary(found, SLUG, None, "Europe/Berlin"))
    assert "Times without a zone were read in Europe/Berlin (another one: --zone)" in lines


INSIDE_A_HAND_IN = {
    "moodle": "Ada Lovelace_1001_assignsubmission_file/Bob Byrne_assignsubmission_file/two-step.ipynb",
    "gradescope": "export/submission_1/submission_2/two-step.ipynb",
    "own": "submitted/alovelace/two-step/bbyron/two-step/two-step.ipynb",
    "github": "two-step-alovelace/two-step-bbyron/two-step.ipynb",
    "canvas": "lovelaceada_4711_99001_zz_4712_text.html",
    "blackboard": "Two Steps_alovelace_attempt_2026-11-26-09-30-00_x_bbyron_attempt_2026-11-27-09-30-00_a.ipynb",
}
BY_RIGHT = {"1001", "submission_1", "alovelace", "4711"}


@pytest.mark.parametrize("platform", INSIDE_A_HAND_IN)
def test_what_a_student_calls_a_file_or_a_folder_makes_it_nobody_elses(platform):
    rows = [row for row in layouts.table(SLUG) if row.platform == platform]
    found = next(match for row in rows if (match := row.pattern.fullmatch(INSIDE_A_HAND_IN[platform]))).groupdict()
    assert (found.get("number") or found.get("user") or found.get("folder")) in BY_RIGHT
    assert not found.get("text")


def test_the_notes_of_sakai_and_of_our_own_folders_say_the_time(tmp_path):
    home = "Two/Lovelace, Ada(alovelace)"
    run(tmp_path, {f"{home}/Submission attachment(s)/x.ipynb": NOTEBOOK, f"{home}/timestamp.txt": "20261126093000123"})
    assert arrived(tmp_path)[f"alovelace/{SLUG}/timestamp.txt"] == b"2026-11-26 09:30:00 UTC\n"
    files = {
        f"bpascal/{SLUG}/{SLUG}.ipynb": NOTEBOOK,
        f"bpascal/{SLUG}/timestamp.txt": "2026-11-26 09:30:00 Europe/Berlin",
    }
    run(tmp_path, files)
    assert arrived(tmp_path)[f"bpascal/{SLUG}/timestamp.txt"] == b"2026-11-26 09:30:00 Europe/Berlin\n"


def test_the_roster_of_moodle_says_the_time_that_its_zip_lacks(tmp_path):
    run(tmp_path, {"Ada Lovelace_1001_assignsubmission_file/a.ipynb": NOTEBOOK}, MOODLE)
    assert arrived(tmp_path)[f"alovelace/{SLUG}/timestamp.txt"] == b"2026-11-26 08:30:00 UTC\n"


@pytest.mark.parametrize(
    ("name", "zone"), [("Europe/Berlin", "Europe/Berlin"), (":UTC", "UTC"), ("No/Where", ""), ("../x", "")]
)
def test_the_zone_of_this_machine_is_known_by_its_name_or_not_at_all(monkeypatch, name, zone):
    monkeypatch.setenv("TZ", name)
    assert times.here() == zone


def test_without_any_zone_a_local_time_is_not_guessed(tmp_path):
    files = {"Two Steps_alovelace_attempt_2026-11-26-09-30-00_a.ipynb": NOTEBOOK}
    found = collect.collect(SLUG, zipped(tmp_path / "a.zip", files), tmp_path / "submitted")
    assert found.outcomes == {"alovelace": place.NEW}
    assert "as this machine's time zone is not known: give --zone" in found.problems[0]
    assert names(tmp_path) == [f"alovelace/{SLUG}/{SLUG}.ipynb"]


def test_late_without_a_time_is_said(tmp_path):
    found = run(tmp_path, {"lovelaceada_LATE_4711_9_a.ipynb": NOTEBOOK, "turingalan_4713_8_a.ipynb": NOTEBOOK})
    assert [line for line in found.problems if line.startswith("alovelace: marked LATE by Canvas")]
    assert found.late == ("alovelace",)


ROSTERS = {
    "canvas": (CANVAS, "utf-8", "alovelace"),
    "moodle": (MOODLE, "utf-8", "alovelace"),
    "nbgrader": ("id,first_name,last_name,email\nada,Ada,Lovelace,a@example.org\n", "utf-8", "ada"),
    "semicolons": ("Nachname;Vorname;Matrikelnummer\nLovelace;Ada;0042\n", "cp1252", "0042"),
    "german": ("Vorname,Name,Anmeldename\nAda,Lovelace,ada\n", "utf-8", "ada"),
    "excel": ("Name\tStudent ID\nAda Lovelace\t0042\n", "utf-16", "0042"),
    "french": ("Nom,Prénom,Adresse de courriel\nLovelace,Ada,ada@example.org\n", "cp1252", "ada@example.org"),
    "spanish": ("Nombre,Apellido(s),Nombre de usuario\nAda,Lovelace,ada\n", "utf-8-sig", "ada"),
    "brightspace": ("OrgDefinedId,Username,Last Name,First Name\n#77,#ada,Lovelace,Ada\n", "utf-8", "ada"),
    "sakai": ("Two steps,Points\n\nDisplay ID,ID,Last Name,First Name,grade\nada,x1,Lovelace,Ada,\n", "utf-8", "ada"),
    "one comma": ('name,username\n"Lovelace, Ada",ada\n"Pascal, Blaise",bp\n', "utf-8", "ada"),
    "github": ("identifier,github_username,github_id,name\nada,alove,1,Ada Lovelace\n", "utf-8", "ada"),
}


@pytest.mark.parametrize("kind", ROSTERS)
def test_a_roster_of_any_kind_gives_the_id_of_a_name(tmp_path, kind):
    text, encoding, student = ROSTERS[kind]
    students = known(tmp_path, text, encoding)
    (row,), reason = students.find(roster.Person("lovelaceada"), "moodle")
    assert (row.id, reason) == (student, "")
    assert students.find(roster.Person("Ada Lovelace"), "moodle")[0] == [row]
    assert students.find(roster.Person("Ada"), "moodle")[0] == []


def test_the_column_of_the_ids_can_be_named_and_a_roster_without_one_is_refused(tmp_path):
    assert known(tmp_path, CANVAS, column="SIS User ID").rows[0].id == "S1"
    for text, options in (("a,b\n1,2\n", {}), (CANVAS, {"column": "Login"}), ("", {}), ("id,name\n", {})):
        with pytest.raises(ValueError, match=r"the roster roster\.csv (has no column|names nobody)"):
            known(tmp_path, text, **options)
    with pytest.raises(ValueError, match="gives the id 7 to Ada L and to Bo B"):
        known(tmp_path, "id,name\n7,Ada L\n7,Bo B\n")


@pytest.mark.parametrize(
    ("on_roster", "given"),
    [
        ("Jörg Müller", "müllerjörg"),
        ("Jörg Müller", "mullerjorg"),
        ("Jörg Müller", "MuellerJoerg"),
        ("Ana de la Cruz", "cruzanadela"),
    ],
)
def test_accents_and_the_order_of_names_do_not_matter(tmp_path, on_roster, given):
    students = known(tmp_path, f"id,name\nx,{on_roster}\n")
    assert [row.id for row in students.find(roster.Person(given), "canvas")[0]] == ["x"]


def test_two_people_of_one_name_are_both_listed_unless_a_number_tells_them_apart(tmp_path):
    twins = {f"Ada Lovelace_{number}_assignsubmission_file/a.ipynb": NOTEBOOK for number in (1001, 1002)}
    people = "Identifier,Full name,Username\nParticipant 1001,Ada Lovelace,ada1\nParticipant 1002,Ada Lovelace,ada2\n"
    for text, reason in (
        ("id,name\nada1,Ada Lovelace\nada2,Ada Lovelace\n", "2 students on the roster have this name"),
        ("id,name\nada1,Ada Lovelace\n", "2 people would be ada1"),
        (None, "2 people would be Ada Lovelace"),
    ):
        found = run(tmp_path, twins, text)
        assert found.outcomes == {}
        assert [line for line in found.problems if reason in line and "(1001)" in line]
        assert [line for line in found.problems if reason in line and "(1002)" in line]
    assert run(tmp_path, twins, people).outcomes == {"ada1": place.NEW, "ada2": place.NEW}


def test_a_name_with_a_dash_is_that_of_nobody_else(tmp_path):
    files = {"1-9 - Anne - Marie Smith - Nov 26, 2026 9:30 AM/a.ipynb": NOTEBOOK}
    assert run(tmp_path, files, "id,name\nms,Marie Smith\n").outcomes == {}
    assert run(tmp_path, files, "id,name\nams,Anne - Marie Smith\n").outcomes == {"ams": place.NEW}


def test_who_stays_unnamed_is_known_by_the_number_of_the_worksheet_whatever_the_language(tmp_path):
    files = {f"{{}}_100{n}_assignsubmission_file_/a.ipynb": NOTEBOOK for n in (1, 2)}
    for name in ("Participant", "参加者"):
        found = run(tmp_path, {path.format(name): text for path, text in files.items()}, MOODLE)
        assert set(found.outcomes) == {"alovelace", "bpascal"}
    german = MOODLE.replace("Identifier", "ID").replace("Participant ", "Teilnehmer/in")
    found = run(tmp_path, {path.format("Teilnehmerin"): text for path, text in files.items()}, german)
    assert set(found.outcomes) == {"alovelace", "bpascal"}
    only = "ID;Status;Bewertung\nTeilnehmer/in1001;;\nTeilnehmer/in1002;;\n"
    found = run(tmp_path, {path.format("Teilnehmerin"): text for path, text in files.items()}, only)
    assert set(found.outcomes) == {"Teilnehmerin1001", "Teilnehmerin1002"}
    sheet = "Identifier,Status,Grade,Maximum grade\nParticipant 1001,,,\nParticipant 1002,,,\n"
    for people in (sheet, None):
        found = run(tmp_path, {path.format("Participant"): text for path, text in files.items()}, people)
        assert set(found.outcomes) == {"Participant 1001", "Participant 1002"}


def test_a_number_of_one_and_the_name_of_another_is_nobody(tmp_path):
    files = {
        "pascalblaise_4711_9_a.ipynb": NOTEBOOK,
        "noether_4713_8_a.ipynb": NOTEBOOK,
        "galois_1_7_a.ipynb": NOTEBOOK,
    }
    found = run(tmp_path, files)
    assert found.outcomes == {}
    assert len(found.problems) == 3
    assert "is that of Lovelace, Ada, its name is not; not taken: a.ipynb" in found.problems[0]


def test_the_same_number_on_another_platform_is_not_the_same_person(tmp_path):
    found = run(tmp_path, {"4711-1 - Emmy Noether - Nov 26, 2026 930 AM/a.ipynb": NOTEBOOK})
    assert found.outcomes == {}
    found = run(tmp_path, {"Emmy Noether_4711_assignsubmission_file/a.ipynb": NOTEBOOK})
    assert found.outcomes == {}


def test_a_team_is_all_of_its_members(tmp_path):
    people = "Identifier,Full name,Username,Groups\nParticipant 2,B P,bp,Team X\nParticipant 3,C,c,Y\n"
    people += "Participant 1,A L,al,Team X\nParticipant 12,D,d,Y\n"
    found = run(tmp_path, {"Team X_12_assignsubmission_file/a.ipynb": NOTEBOOK}, people)
    assert found.outcomes == {"al": place.NEW, "bp": place.NEW}
    assert names(tmp_path) == [f"{student}/{SLUG}/{SLUG}.ipynb" for student in ("al", "bp")]


def test_names_that_students_gave_are_matched_whole(tmp_path):
    people = "id,name\nada,Ada Lovelace\nann,Ann Lee\nmal,Mary Ann Lee\n0042,Alan Turing\n"
    people += "en,Emmy Noether\nGrace,Grace Hopper\n"
    files = {
        "HW/Ada Lovelace - two-step (1).ipynb": NOTEBOOK,
        "HW/Copy of two-step_Mary Ann Lee final.ipynb": NOTEBOOK,
        "HW/0042.ipynb": NOTEBOOK,
        "HW/emmynoether_two_step_v2.ipynb": NOTEBOOK,
        "HW/Grace/work.ipynb": NOTEBOOK,
        "HW/two-step.ipynb": NOTEBOOK,
        "HW/Ada Byron two-step.ipynb": NOTEBOOK,
        "HW/Jo Ann Lee two-step.ipynb": NOTEBOOK,
    }
    found = run(tmp_path, files, people)
    assert found.platform == "drive"
    assert set(found.outcomes) == {"ada", "mal", "0042", "en", "Grace"}
    assert [line.partition(":")[0] for line in found.problems] == [
        "HW/two-step.ipynb",
        "HW/Ada Byron two-step.ipynb",
        "HW/Jo Ann Lee two-step.ipynb",
    ]
    assert found.taken == 5
    assert found.files == 8


def test_without_a_roster_ids_are_what_the_platform_says_and_files_without_a_folder_are_listed(tmp_path):
    assert set(run(tmp_path, {"lovelaceada_4711_9_a.ipynb": NOTEBOOK}, None).outcomes) == {"4711"}
    assert set(run(tmp_path, {"Ada L_1_assignsubmission_file/a.ipynb": NOTEBOOK}, None).outcomes) == {"Ada L"}
    files = {"HW/Ada Lovelace/a.ipynb": NOTEBOOK, "HW/Bo/a.ipynb": NOTEBOOK, "HW/my work.ipynb": NOTEBOOK}
    found = run(tmp_path, files, None)
    assert set(found.outcomes) == {"Ada Lovelace", "Bo"}
    assert found.problems == ("HW/my work.ipynb: whose it is only a roster can tell; give --roster",)
    assert run(tmp_path, {"HW/Ada/work.ipynb": NOTEBOOK}, None).outcomes == {}  # HW, or Ada?


@pytest.mark.parametrize("student", ["..", ".hidden", "a/b", "a*", "x" * 129, "a\nb"])
def test_an_id_that_is_no_name_of_a_folder_is_a_line(tmp_path, student):
    students = roster.Roster(list(roster._rows(["id", "name"], 0, [[student, "Ada Lovelace"]])), "id")
    found = run(tmp_path, {"lovelaceada_4711_9_a.ipynb": NOTEBOOK}, students)
    assert found.outcomes == {}
    assert "cannot be the name of a folder" in found.problems[0]
    assert names(tmp_path) == []


def test_the_newest_attempt_is_taken_and_older_ones_are_counted(tmp_path):
    name = "Two Steps_alovelace_attempt_2026-11-{}-09-30-59_{}"
    files = {name.format(day, "a.ipynb"): OTHER if day == 27 else NOTEBOOK for day in (25, 27, 26)}
    found = run(tmp_path, files)
    assert (found.taken, found.older) == (1, 2)
    assert arrived(tmp_path)[f"alovelace/{SLUG}/{SLUG}.ipynb"].decode() == OTHER
    found = run(tmp_path, files | {name.format(28, "a.pdf"): "x"})
    assert found.problems == ("alovelace: a newer attempt holds no notebook (a.pdf); an older one was taken",)


def test_of_a_file_that_canvas_numbers_anew_the_last_is_taken(tmp_path):
    files = {"lovelaceada_4711_11_a-1.ipynb": OTHER, "lovelaceada_4711_9_a.ipynb": NOTEBOOK}
    found = run(tmp_path, files)
    assert (found.taken, found.older) == (1, 1)
    assert arrived(tmp_path)[f"alovelace/{SLUG}/{SLUG}.ipynb"].decode() == OTHER
    found = run(tmp_path, files | {"lovelaceada_LATE_4711_13_b.ipynb": NOTEBOOK})
    assert (found.taken, found.older) == (1, 2)
    assert arrived(tmp_path)[f"alovelace/{SLUG}/{SLUG}.ipynb"].decode() == NOTEBOOK


@pytest.mark.parametrize("around", ["", "class/"])
def test_repositories_side_by_side_are_those_of_the_users_at_the_end_of_their_names(tmp_path, around):
    files = {}
    for user in ("alovelace", "aturing", "nobody"):
        files[f"{around}bptt-hw-{user}/work.ipynb"] = NOTEBOOK
        files[f"{around}bptt-hw-{user}/.git/config"] = ""
    found = run(tmp_path, files)
    assert found.platform == "github"
    assert set(found.outcomes) == {"alovelace", "aturing"}
    shutil.rmtree(tmp_path / "submitted")
    shutil.unpack_archive(tmp_path / "class.zip", tmp_path / "class")
    found = run(tmp_path, tmp_path / "class")
    assert set(found.outcomes) == {"alovelace", "aturing"}


def test_several_notebooks_of_one_attempt_are_left_to_the_marking_under_their_names(tmp_path):
    home = "bptt-submissions/bptt-alovelace"
    files = {
        f"{home}/LICENSE": "free",
        f"{home}/a/work.ipynb": NOTEBOOK,
        f"{home}/b/work.ipynb": OTHER,
        f"{home}/draft.ipynb.txt": NOTEBOOK,
        f"{home}/package.json": "{}",
        f"{home}/t-steps.ipynb": NOTEBOOK,
        f"{home}/README.md": "",
        f"{home}/.git/config": "",
    }
    found = run(tmp_path, files)
    assert names(tmp_path) == [
        f"alovelace/{SLUG}/{name}" for name in ("a work.ipynb", "b work.ipynb", "draft.ipynb.txt")
    ]
    assert found.taken == 3
    assert found.problems == ()


def test_names_that_meet_in_one_folder_are_made_different_and_no_time_is_forged(tmp_path):
    home = "bptt-submissions/bptt-alovelace"
    files = {f"{home}/{path}": NOTEBOOK for path in ("a/b.ipynb", "c/b.ipynb", "a b.ipynb", "A/B.ipynb.txt", "2.ipynb")}
    files |= {f"{home}/{name}": '2000-01-01 00:00:00 UTC "nbformat"' for name in ("timestamp.txt", place.RECORD)}
    found = run(tmp_path, files)
    assert found.taken == 5
    assert len(names(tmp_path)) == 5
    assert not [path for path in names(tmp_path) if path.endswith("timestamp.txt")]


@pytest.mark.parametrize("name", ["work.zip", "two-step.ipynb.zip", "work.pdf", "work.json", "work"])
def test_what_is_no_notebook_is_a_line_and_a_zip_in_a_zip_is_not_opened(tmp_path, name):
    inner = zipped(tmp_path / "inner.zip", {f"{SLUG}.ipynb": NOTEBOOK}).read_bytes()
    found = run(tmp_path, {f"lovelaceada_4711_9_{name}": inner})
    assert names(tmp_path) == []
    (line,) = found.problems
    assert line.startswith("alovelace: handed in")
    assert ("an archive, which is not opened" in line) == name.endswith(".zip")


def test_collecting_twice_changes_nothing_a_newer_zip_replaces_and_an_older_one_does_not(tmp_path):
    def at(day, text):
        return {f"Two Steps_alovelace_attempt_2026-11-{day}-09-30-00_a.ipynb": text}

    assert run(tmp_path, at(26, NOTEBOOK)).outcomes == {"alovelace": place.NEW}
    folder = tmp_path / "submitted" / "alovelace" / SLUG
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [folder, *folder.iterdir()]}
    assert run(tmp_path, at(26, NOTEBOOK)).outcomes == {"alovelace": place.SAME}
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [folder, *folder.iterdir()]} == before
    assert run(tmp_path, at(27, OTHER)).outcomes == {"alovelace": place.REPLACED}
    assert arrived(tmp_path)[f"alovelace/{SLUG}/timestamp.txt"] == b"2026-11-27 08:30:00 UTC\n"
    assert run(tmp_path, at(26, NOTEBOOK)).outcomes == {"alovelace": place.OLDER}
    assert arrived(tmp_path)[f"alovelace/{SLUG}/{SLUG}.ipynb"].decode() == OTHER
    assert sorted(path.name for path in (tmp_path / "submitted").iterdir()) == ["alovelace"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("lovelaceada_4711_9_a.ipynb", "lovelaceada_4711_11_a-1.ipynb"),
        ("Ada Lovelace_1001_assignsubmission_file/a.ipynb", "Ada Lovelace_1001_assignsubmission_file/a.ipynb"),
    ],
)
def test_without_times_the_numbers_of_attempts_or_the_dates_in_the_zip_tell_which_is_newer(tmp_path, older, newer):
    first = zipped(tmp_path / "1.zip", {older: NOTEBOOK}, (2026, 11, 26, 12, 0, 0))
    second = zipped(tmp_path / "2.zip", {newer: OTHER}, (2026, 11, 27, 12, 0, 0))
    outcomes = [run(tmp_path, path).outcomes["alovelace"] for path in (first, second, first, second)]
    assert outcomes == [place.NEW, place.REPLACED, place.OLDER, place.SAME]


def test_another_zone_mends_the_time_of_the_same_attempt(tmp_path):
    files = {"Two Steps_alovelace_attempt_2026-11-26-09-30-00_a.ipynb": NOTEBOOK}
    for zone, stamp in ((UTC, b"2026-11-26 09:30:00 UTC\n"), (BERLIN, b"2026-11-26 08:30:00 UTC\n")):
        collect.collect(SLUG, zipped(tmp_path / "a.zip", files), tmp_path / "submitted", None, zone=zone)
        assert arrived(tmp_path)[f"alovelace/{SLUG}/timestamp.txt"] == stamp


def test_what_an_instructor_put_there_or_mended_stays(tmp_path):
    files = {"lovelaceada_4711_9_a.ipynb": NOTEBOOK, "pascalblaise_4712_8_a.ipynb": NOTEBOOK}
    own = tmp_path / "submitted" / "alovelace" / SLUG / f"{SLUG}.ipynb"
    own.parent.mkdir(parents=True)
    own.write_text(OTHER)
    found = run(tmp_path, files)
    assert found.outcomes == {"bpascal": place.NEW}
    assert "was not collected by this command: move it away to have it replaced" in found.problems[0]
    mended = tmp_path / "submitted" / "bpascal" / SLUG / f"{SLUG}.ipynb"
    mended.write_text(OTHER)
    assert run(tmp_path, files).outcomes == {"bpascal": place.SAME}
    assert (own.read_text(), mended.read_text()) == (OTHER, OTHER)
    mended.unlink()
    assert run(tmp_path, files).outcomes == {"bpascal": place.REPLACED}


def test_a_link_or_a_file_in_the_place_of_a_student_is_a_line_and_the_others_are_taken(tmp_path):
    submitted, elsewhere = tmp_path / "submitted", tmp_path / "elsewhere"
    submitted.mkdir()
    elsewhere.mkdir()
    (submitted / "alovelace").symlink_to(elsewhere)
    (submitted / "bpascal").write_text("")
    files = {
        "lovelaceada_4711_9_a.ipynb": NOTEBOOK,
        "pascalblaise_4712_8_a.ipynb": NOTEBOOK,
        "turingalan_4713_7_a.ipynb": NOTEBOOK,
    }
    found = run(tmp_path, files)
    assert found.outcomes == {"aturing": place.NEW}
    assert len(found.problems) == 2
    assert list(elsewhere.iterdir()) == []


def test_a_command_that_is_killed_leaves_each_student_whole(tmp_path):
    day = "Two Steps_{}_attempt_2026-11-{}-09-30-00_a.ipynb"
    run(tmp_path, {day.format(student, 26): NOTEBOOK for student in ("alovelace", "bpascal")})
    rename, calls = os.rename, []

    def killed(*paths):
        calls.append(paths)
        if len(calls) == 6:  # of the second student, the old folder is away and the new one is not there yet
            os._exit(9)
        rename(*paths)

    child = os.fork()
    if child == 0:
        os.rename = killed
        try:
            run(tmp_path, {day.format(student, 27): OTHER for student in ("alovelace", "bpascal")})
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert f"bpascal/{SLUG}/{SLUG}.ipynb" not in names(tmp_path)
    run(tmp_path, {day.format("aturing", 27): NOTEBOOK})
    there = arrived(tmp_path)
    assert there[f"alovelace/{SLUG}/{SLUG}.ipynb"].decode() == OTHER
    assert there[f"bpascal/{SLUG}/{SLUG}.ipynb"].decode() == NOTEBOOK
    assert len(there) == 6


def test_where_a_folder_cannot_be_put_in_place_the_one_before_stays(tmp_path, monkeypatch):
    day = "Two Steps_alovelace_attempt_2026-11-{}-09-30-00_two-step.ipynb"
    run(tmp_path, {day.format(26): NOTEBOOK})
    before, rename = arrived(tmp_path), os.rename

    def full(source, target):
        if "new" in str(source):
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path, {day.format(27): OTHER})
    assert arrived(tmp_path) == before


def test_two_commands_for_one_exercise_do_not_work_side_by_side(tmp_path):
    with (
        place.scratch(tmp_path / "submitted", SLUG),
        pytest.raises(ValueError, match="another command collects two-step for this class"),
    ):
        run(tmp_path, {"lovelaceada_4711_9_a.ipynb": NOTEBOOK})


@pytest.mark.parametrize("note", ["", "[" * 100_000, "[]", "{}", '{"files": 3}', "null"])
def test_a_note_that_is_none_keeps_what_is_there(tmp_path, note):
    files = {"lovelaceada_4711_9_a.ipynb": NOTEBOOK, "turingalan_4713_8_a.ipynb": NOTEBOOK}
    run(tmp_path, files)
    folder = tmp_path / "submitted" / "alovelace" / SLUG
    (folder / place.RECORD).write_text(note)
    (folder / f"{SLUG}.ipynb").write_text(OTHER)
    found = run(tmp_path, files)
    assert found.outcomes == {"aturing": place.SAME}
    assert (folder / f"{SLUG}.ipynb").read_text() == OTHER


def test_the_note_says_under_which_name_feedback_goes_back(tmp_path):
    run(tmp_path, {"class/Ada Lovelace_1001_assignsubmission_file/sub/a.ipynb": NOTEBOOK}, MOODLE)
    run(tmp_path, {"turingalan_LATE_4713_7_a-1.ipynb": NOTEBOOK})
    notes = {
        path.parent.parent.name: json.loads(path.read_text())
        for path in tmp_path.glob(f"submitted/*/{SLUG}/{place.RECORD}")
    }
    assert [notes["alovelace"][key] for key in ("platform", "folder", "user_id")] == [
        "moodle",
        "Ada Lovelace_1001_assignsubmission_file",
        "1001",
    ]
    assert [notes["aturing"][key] for key in ("platform", "file", "user_id")] == [
        "canvas",
        "turingalan_LATE_4713_7_a-1.ipynb",
        "4713",
    ]


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


LONG = "x" * 300
SLOW = [
    "a_" * 127,
    "1-1 - " + "a - " * 60,
    "1-1 - a - " + "2026 930 am " * 20,
    "_1" * 120,
    "a_1_assignsubmission_" * 12,
    "a/" * 19 + "_attempt_" * 25,
    "x-submissions/x-" * 15,
    ("-submissions/" + "a" * 20) * 18,
    "(a)/" * 19 + "Submission attachment(s",
]


@pytest.mark.parametrize("path", SLOW)
def test_a_name_that_nearly_fits_takes_no_time(path):
    began = time.process_time()
    for row in layouts.table(SLUG):
        row.pattern.fullmatch(path)
    assert time.process_time() - began < 0.5


HOSTILE = {
    "../../alovelace/two-step/two-step.ipynb": "leads out of the archive",
    "a/../../bpascal/two-step/two-step.ipynb": "leads out of the archive",
    "..\\bpascal\\two-step\\two-step.ipynb": "leads out of the archive",
    "/etc/bpascal/two-step/two-step.ipynb": "its path is absolute",
    "C:\\bpascal\\two-step\\two-step.ipynb": "its path is absolute",
    f"bpascal/two-step/{LONG}.ipynb": "too long",
    "a/" * 30 + "bpascal/two-step/two-step.ipynb": "folders deep",
    "bpascal/two-step/con.ipynb": "is no name of a file",
    "bpascal/two-step/NUL": "is no name of a file",
    "bpascal//two-step/two-step.ipynb": "is no name of a file",
    "bpascal/two-step/a\nb.ipynb": "characters that no name should",
    "bpascal/two-step/bpynb.\u202eipynb": "characters that no name should",
    "bpascal/two-step/a\x1b[31m.ipynb": "characters that no name should",
    "ALOVELACE/Two-Step/Two-Step.ipynb": "but for small and capital letters",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused_and_the_rest_is_taken(tmp_path, name):
    found = run(tmp_path, {f"alovelace/{SLUG}/{SLUG}.ipynb": NOTEBOOK, name: OTHER}, None)
    assert found.outcomes == {"alovelace": place.NEW}
    (line,) = [line for line in found.problems if HOSTILE[name] in line]
    assert line.isprintable()
    assert names(tmp_path) == [f"alovelace/{SLUG}/{SLUG}.ipynb"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class.zip", "submitted"]


def test_a_link_in_a_zip_or_in_a_folder_is_refused(tmp_path):
    (tmp_path / "secret").write_text(NOTEBOOK)
    found = run(
        tmp_path, {f"alovelace/{SLUG}/{SLUG}.ipynb": NOTEBOOK, link(f"bpascal/{SLUG}/a.ipynb"): "/etc/passwd"}, None
    )
    assert found.problems == (f"bpascal/{SLUG}/a.ipynb: it is a link, or another thing that is no file",)
    folder = tmp_path / "class" / "bpascal" / SLUG
    folder.mkdir(parents=True)
    (folder / "a.ipynb").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "b.ipynb")
    (tmp_path / "class" / "aturing").symlink_to(tmp_path / "submitted" / "alovelace")
    (folder / "c.ipynb").write_text(OTHER)
    found = run(tmp_path, tmp_path / "class", None)
    assert len(found.problems) == 3
    assert set(found.outcomes) == {"bpascal"}


def test_a_second_file_of_the_same_name_is_refused(tmp_path):
    path = zipped(tmp_path / "class.zip", {"lovelaceada_4711_9_a.ipynb": NOTEBOOK, "lovelaceada_4711_9_b.ipynb": OTHER})
    found = run(tmp_path, raw(path, b"9_b.ipynb", b"9_a.ipynb"))
    assert found.problems == ("lovelaceada_4711_9_a.ipynb: another file of the same name comes before it",)
    assert arrived(tmp_path)[f"alovelace/{SLUG}/{SLUG}.ipynb"].decode() == NOTEBOOK


def test_a_folder_whose_name_is_not_utf8_costs_itself_and_not_the_class(tmp_path):
    for name in (b"alovelace", b"J\xf6rg", b"c" * 200):
        folder = os.path.join(os.fsencode(tmp_path / "class"), name, SLUG.encode())
        os.makedirs(folder)
        with open(os.path.join(folder, b"a.ipynb"), "w") as file:
            file.write(NOTEBOOK)
    found = run(tmp_path, tmp_path / "class", None)
    assert found.outcomes == {"alovelace": place.NEW}
    assert "characters that no name should" in found.problems[0]
    assert "cannot be the name of a folder" in found.problems[1]


def raw(path, old, new):
    """Change bytes of a zip, as no library would write them."""
    path.write_bytes(path.read_bytes().replace(old, new))
    return path


def test_names_with_a_nul_without_utf8_or_with_a_false_mark_of_it_keep_nobody_else_from_being_read(tmp_path):
    files = {
        "lovelaceada_4711_9_a.ipynb": NOTEBOOK,
        "pascalblaise_4712_8_éé.ipynb": NOTEBOOK,
        "turingalan_4713_7_b@.ipynb": OTHER,
    }
    path = zipped(tmp_path / "class.zip", files)
    raw(path, "éé".encode(), b"\xed\xa0\x80\xff")  # marked as UTF-8, and half of a surrogate pair
    raw(path, b"_b@.ipynb", b"_b\0.ipynb")
    found = run(tmp_path, path)
    assert found.outcomes == {"alovelace": place.NEW}
    assert "characters that no name should" in found.problems[0]
    assert "it is damaged, or cannot be read" in found.problems[1]


def test_a_name_in_utf8_without_its_mark_is_read_as_utf8(tmp_path):
    path = zipped(tmp_path / "class.zip", {"Jxxrg Lee_1_assignsubmission_file/a.ipynb": NOTEBOOK})
    found = run(tmp_path, raw(path, b"Jxxrg", "Jörg".encode()), "id,name\njl,Jo\u0308rg Lee\n")
    assert found.outcomes == {"jl": place.NEW}


def test_a_zip_that_is_cut_or_none_or_encrypted_is_one_sentence(tmp_path, capsys):
    whole = zipped(tmp_path / "class.zip", {"lovelaceada_4711_9_a.ipynb": NOTEBOOK}).read_bytes()
    for data, sentence in (
        (whole[: len(whole) // 2], "is no zip, or a part of it is missing"),
        (b"", "is no zip"),
        (b"hello" * 99, "is no zip"),
        (
            whole.replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"),
            "is encrypted: unpack it with its password",
        ),
    ):
        (tmp_path / "bad.zip").write_bytes(data)
        with pytest.raises(ValueError, match=sentence):
            run(tmp_path, tmp_path / "bad.zip")
    assert not (tmp_path / "submitted").exists()


def test_a_damaged_file_costs_itself_and_not_the_class(tmp_path):
    path = zipped(tmp_path / "class.zip", {"lovelaceada_4711_9_a.ipynb": NOTEBOOK, "turingalan_4713_7_a.ipynb": OTHER})
    with zipfile.ZipFile(path) as file:
        at = file.getinfo("lovelaceada_4711_9_a.ipynb").header_offset + 200
    data = bytearray(path.read_bytes())
    data[at : at + 50] = bytes(50)
    path.write_bytes(data)
    found = run(tmp_path, path)
    assert found.outcomes == {"aturing": place.NEW}
    assert "it is damaged, or cannot be read" in found.problems[0]


def test_a_bomb_is_refused_by_its_ratio_or_by_its_size_in_little_memory(tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr(f"alovelace/{SLUG}/{SLUG}.ipynb", NOTEBOOK)
        for student, megabytes in (("bomb", 120), ("dense", 40), ("lies", 40)):
            with file.open(f"{student}/{SLUG}/{SLUG}.ipynb", "w") as bomb:
                for _ in range(megabytes):
                    bomb.write(bytes(2**20))
    data = (tmp_path / "class.zip").read_bytes()
    at = data.rindex(b"PK\1\2")  # of the last file: it says that it has 1000 bytes
    (tmp_path / "class.zip").write_bytes(data[: at + 24] + (1000).to_bytes(4, "little") + data[at + 28 :])
    tracemalloc.start()
    found = run(tmp_path, tmp_path / "class.zip", None)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10 * 2**20
    assert found.outcomes == {"alovelace": place.NEW}
    bomb, dense, lies = found.problems
    assert "it has 120 MB, allowed are 100" in bomb
    assert "bytes would be unpacked to 40 MB" in dense
    assert "it is damaged" in lies
    assert sum(path.stat().st_size for path in (tmp_path / "submitted").rglob("*")) < 10**6


def test_files_that_together_are_too_large_are_refused_from_there_on(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", len(NOTEBOOK) + 10)
    found = run(tmp_path, {"lovelaceada_4711_9_a.ipynb": NOTEBOOK, "turingalan_4713_7_a.ipynb": NOTEBOOK})
    assert found.outcomes == {"alovelace": place.NEW}
    assert "have used up" in found.problems[0]


def test_a_zip_of_too_many_files_is_refused_before_they_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_ENTRIES", 2)
    with pytest.raises(ValueError, match="lists more than 2 files: give a zip of one exercise"):
        run(tmp_path, {f"a/{number}": "" for number in range(3)})


def test_where_names_do_not_tell_the_platform_is_asked_for(tmp_path):
    files = {"lovelaceada_4711_9_a.ipynb": NOTEBOOK, "work 1.ipynb": "", "work 2.ipynb": ""}
    with pytest.raises(
        ValueError, match=r"give --from; possible: Canvas \(--from canvas\) or names that students gave"
    ):
        run(tmp_path, files)
    found = run(tmp_path, files, platform="canvas")
    assert found.outcomes == {"alovelace": place.NEW}
    assert found.problems[0] == "work 1.ipynb: its name has not the form of Canvas"
    with pytest.raises(ValueError, match="holds no file with a name of the form of Moodle"):
        run(tmp_path, files, platform="moodle")


@pytest.mark.parametrize(
    "sheet", ["", "submission_34567: 3", "- 1\n- 2", "submission_34567:\n  :submitters: {9: {b: c}}"]
)
def test_a_list_of_gradescope_that_says_nobody_is_a_line(tmp_path, sheet):
    found = run(tmp_path, {"submission_34567/a.ipynb": NOTEBOOK, "submission_metadata.yml": sheet})
    assert found.outcomes == {}
    assert found.problems == ("submission_34567/a.ipynb: submission_metadata.yml does not say whose it is",)


def test_files_of_gradescope_without_their_list_are_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"submission_metadata\.yml is missing, which says whose files they are"):
        run(tmp_path, {"submission_34567/a.ipynb": NOTEBOOK}, None)


def test_a_list_of_gradescope_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"submission_metadata\.yml cannot be read"):
        run(tmp_path, {"submission_34567/a.ipynb": NOTEBOOK, "submission_metadata.yml": "a: ["})


def test_the_times_of_ruby_and_teams_are_read_from_gradescopes_list(tmp_path):
    sheet = SHEET.replace("  :created_at", "  - :name: Alan Turing\n    :sid: '9'\n  :created_at").replace(
        "2026-11-26 08:30:00.123456789 Z",
        "!ruby/object:ActiveSupport::TimeWithZone\n    utc: &1 2026-11-26 08:30:00 Z\n    zone: !ruby/object:X {a: b}"
        "\n    time: *1",
    )
    found = run(tmp_path, {"submission_34567/a.ipynb": NOTEBOOK, "submission_metadata.yml": sheet + "  :score: 3\n"})
    assert found.outcomes == {"alovelace": place.NEW, "aturing": place.NEW}
    assert arrived(tmp_path)[f"aturing/{SLUG}/timestamp.txt"] == b"2026-11-26 08:30:00 UTC\n"


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command for a class in tmp_path; return its status, and what it says."""
    monkeypatch.setattr(collect, "load_config", lambda: class_at(tmp_path))

    def call(*arguments):
        status = commands.main(["collect", *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def test_the_command_says_what_was_taken_in_a_few_lines_and_what_was_not(tmp_path, command):
    (tmp_path / "roster.csv").write_text(CANVAS)
    path = zipped(tmp_path / "class.zip", {"lovelaceada_4711_9_a.ipynb": NOTEBOOK, "galois_1_2_a.ipynb": NOTEBOOK})
    status, out, err = command(SLUG, path, "--roster", tmp_path / "roster.csv")
    assert (status, err) == (1, "")
    assert out.startswith("Recognised: Canvas.\n1 of 2 files taken, for 1 student.\n")
    assert "2 of the 3 on it have nothing here" in out
    assert out.endswith("  galois (1): nobody on the roster has this name, user name or number; not taken: a.ipynb\n")
    assert out.count("\n") <= 10
    path = zipped(path, {"lovelaceada_4711_9_a.ipynb": NOTEBOOK})
    assert command(SLUG, path, "--roster", tmp_path / "roster.csv")[0] == 0
    assert command(SLUG, zipped(path, {"galois_1_2_a.ipynb": ""}), "--roster", tmp_path / "roster.csv")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["two-stepp", "class.zip"], "there is no exercise 'two-stepp': give one of "),
        ([SLUG, "nowhere.zip"], "there is no file or folder nowhere.zip"),
        ([SLUG, "class.zip", "--roster", "nowhere.csv"], "there is no roster nowhere.csv"),
        ([SLUG, "class.zip", "--zone", "Berlin"], "there is no time zone 'Berlin': give one such as Europe/Berlin"),
        ([SLUG, "class.zip", "--id", "x"], "--id names a column of a roster"),
        ([SLUG, "empty"], "empty holds no file that could be taken"),
    ],
)
def test_a_bad_argument_gets_one_sentence(tmp_path, command, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    zipped(tmp_path / "class.zip", {"lovelaceada_4711_9_a.ipynb": NOTEBOOK})
    (tmp_path / "empty").mkdir()
    status, out, err = command(*arguments)
    assert (status, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.pool
def test_from_the_zip_of_a_platform_to_marks(tmp_path, fresh_gradebook):
    needs("bwrap")
    shutil.copy(fresh_gradebook, tmp_path)
    config = class_at(tmp_path)
    right = json.dumps(filled(solution(SLUG).cells))
    files = {"lovelaceada_LATE_4711_9_a-1.ipynb": right, "turingalan_4713_8_two-step.ipynb": NOTEBOOK}
    run(tmp_path, files)
    results, strays = autograde(SLUG, config, FAST)
    assert strays == []
    assert {result.student: (result.points, result.problem) for result in results} == {
        "alovelace": (15, ""),
        "aturing": (0, ""),
    }
