"""Who a student is: names and numbers of a platform become the ids of the gradebook, by a roster; nobody is guessed."""

import contextlib
import csv
import io
import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

from grading import outside

MAX_BYTES = 20 * 2**20
HEADER_ROWS = 10  # Sakai's comes third


def _all(*lines):
    return [name for line in lines for name in line.split(", ")]


# The headers of columns, in the languages of some platforms; of ids, the best come first.
USERS = _all(
    "sis login id, login id, username, user name, user, login, benutzername, anmeldename, nutzername, kennung",
    "nom d'utilisateur, nombre de usuario, nome utente, nome de usuário, gebruikersnaam, display id, student id",
    "studentid, id, sis user id, id number, idnumber, student number, student no, matrikelnummer, matrikelnr",
    "matriculation number, numéro d'identification, número de id, sid, orgdefinedid, org defined id, identifier",
    "roster identifier, github username, email, email address, e-mail, e-mail address, mail, e-mail-adresse",
    "adresse de courriel, dirección de correo, correo electrónico, indirizzo email, e-mailadres",
)
FIRST = _all(
    "first name, firstname, first, given name, forename, vorname, prénom, nombre, nombre(s), nome, nome proprio",
    "voornaam",
)
LAST = _all(
    "last name, lastname, last, surname, family name, nachname, name, nom, nom de famille, apellido, apellidos",
    "apellido(s), cognome, sobrenome, apelido, achternaam",
)
FULL = _all(
    "student, full name, fullname, student name, name, display name, vollständiger name, nom complet",
    "nombre completo, nom, nombre, nome, nome completo, volledige naam, participant, teilnehmer",
)
GROUPS = _all("group, groups, group name, gruppe, gruppen, groupe, groupes, grupo, grupos, gruppo, gruppi, team")
TIMES = _all("last modified (submission), submission timestamp")
NUMBERS = _all("identifier, bezeichner, identifiant, identificador, identificativo, identificatie")
NO_NAMES = _all(  # words that students put into the names of files
    "copy, of, kopie, von, copie, ipynb, json, txt, notebook, final, finished, done, new, version, submission",
    "solution, answer, answers, homework, hw, assignment, exercise, exercises, abgabe, loesung",
)
# Moodle's name, in some languages, of who stays unnamed.
NOBODY = re.compile(r"(?:particip|teilnehm|deelnem|partecip|deltag)\w*", re.IGNORECASE)
NUMBERED = re.compile(rf"{NOBODY.pattern}\D*\d+", re.IGNORECASE)
COUNT = re.compile(r"(?:v|hw)?\d+")  # of copies, versions and homeworks
CANVAS = ("sis login id", "sis user id", "section")  # each of its exports has one of them


class Person(NamedTuple):
    """What a platform tells of somebody who handed in; the number is the platform's own."""

    name: str = ""
    user: str = ""
    number: str = ""
    email: str = ""


class Row(NamedTuple):
    """One student of a roster."""

    id: str
    name: str
    spellings: frozenset
    keys: frozenset  # user names, numbers of students, addresses
    number: str  # the platform's own
    groups: frozenset
    time: str


class Roster:
    """The students of a class, read from any CSV with an id and a name.

    `column` is the one with the ids; `numbers_of` the platform whose numbers it has, if it is an export of one.
    """

    def __init__(self, rows, column, numbers_of=""):
        self.rows, self.column, self.numbers_of = rows, column, numbers_of
        self._keys = _index((key, row) for row in rows for key in row.keys)
        self._numbers = _index((row.number, row) for row in rows if row.number)
        self._teams = _index((team, row) for row in rows for team in row.groups)
        self._names = [_index((form(text), row) for row in rows for text in row.spellings) for form in FORMS]
        self._words = _index((words, row) for row in rows for words in _in_words(row))

    def find(self, person, platform):
        """The Rows of a Person, several for a team, and a reason, which is empty unless there are none.

        A number of a platform counts only if the roster is from there, and with the name that belongs to it: elsewhere,
        and for a team, the same number is that of somebody else.
        """
        keys = {_key(text) for text in (person.user, person.email) if text}
        name = "" if NOBODY.fullmatch(person.name) else person.name
        named, team = self._named(name), self._teams.get(_plain(name), []) if name else []
        by_number = self._numbers.get(person.number, []) if platform == self.numbers_of else []
        certain = _together(self._keys.get(key, []) for key in keys) or by_number
        if team and not named:
            if platform == "canvas" and certain and not all(row in team for row in certain):
                return [], f"it has the name of a team and the number of {certain[0].name}, who is not in it"
            return team, ""
        if certain and (named or (name and certain is by_number and certain[0].spellings)):
            both = [row for row in certain if row in named]
            if not both:
                return [], f"its number or user name is that of {certain[0].name}, its name is not"
            certain = both
        found = certain or named
        if len(found) > 1:
            return [], f"{len(found)} students on the roster have this name"
        return found, "" if found else "nobody on the roster has this name, user name or number"

    def within(self, texts, slug):
        """The Row of who has one of these names that students gave to files and folders, in a list, and a reason.

        Such a name must be an id or a whole name, but for words that say nothing of who it is: a part of a name may be
        that of somebody else, who is not on the roster.
        """
        said = {*_words(slug), _plain(slug), *NO_NAMES}
        split = [tuple(_words(form(text))) for text in texts for form in (_key, _ascii)]
        split += [tuple(word for word in words if word not in said and not COUNT.fullmatch(word)) for words in split]
        found = _together(self._words.get(words, []) for words in split)
        if len(found) > 1:
            return [], f"it is the name of {len(found)} students on the roster"
        return found, "" if found else "its name is no id and no whole name on the roster"

    def _named(self, name):
        """Those of a name; without its accents only if nobody has it as it is written."""
        if name:
            for form, names in zip(FORMS, self._names, strict=True):
                if found := names.get(form(name)):
                    return found
        return []


def read(path, column=None):
    """The Roster in a CSV file; the ids are in the `column` that is named, or in the one that looks most like it.

    Raises ValueError, with a sentence, for a file in which no ids are to be found.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no roster {path}: give a CSV file with a name and an id of each student")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"the roster {path.name} has more than {MAX_BYTES >> 20} MB: give a CSV file")
    data = path.read_bytes()
    if data.startswith(b"PK"):
        raise ValueError(f"the roster {path.name} is a workbook, not CSV: save it as CSV")
    text = _decoded(data)
    for separator in _separators(text):
        try:
            lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
        except csv.Error as error:
            raise ValueError(f"the roster {path.name} is not CSV: {error}") from None
        for at, line in enumerate(lines[:HEADER_ROWS]):
            headers = _headers(line, lines[at + 1 :])
            ids = _first(headers, [_header(column)] if column else _ids(headers))
            if ids is not None:
                rows = _merged(_rows(headers, ids, lines[at + 1 :]), path.name)
                return Roster(rows, line[ids].strip(), _numbers_of(headers))
    wanted = f"no column {column!r}" if column else "no column that is called username, id or email"
    raise ValueError(f"the roster {path.name} has {wanted}: give a CSV file with headers, or name its column with --id")


def _decoded(data):
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _separators(text):
    """The one that the csv module makes out, and then all others: it can be wrong, and finds none in one column."""
    with contextlib.suppress(csv.Error):
        yield csv.Sniffer().sniff(text[:20_000], ",;\t|").delimiter
    yield from ",;\t|"


def _headers(line, lines):
    """The headers as they are compared; that of Moodle's numbers, which has many languages, is known by its cells."""
    headers = [_header(cell) for cell in line]
    for at in range(len(headers)):
        cells = [other[at].strip() for other in lines if len(other) > at and other[at].strip()]
        if cells and all(map(NUMBERED.fullmatch, cells)):
            headers[at] = "identifier"
    return headers


def _ids(headers):
    """The headers of ids, the best first. Moodle's `Identifier` is that of one assignment, and the last resort."""
    moodles = [] if "github username" in headers else ["identifier"]
    return [name for name in USERS if name not in moodles] + moodles


def _names(headers):
    """The columns of the names: of first and last ones, or of whole ones."""
    first = _first(headers, FIRST)
    last = _first(headers, [name for name in LAST if first is None or name != headers[first]])
    if first is not None and last is not None:
        return first, last
    full = _first(headers, FULL)
    return () if full is None else (full,)


def _numbers_of(headers):
    if _first(headers, ["student", "lastname"]) is not None and any(header in CANVAS for header in headers):
        return "canvas"
    return "moodle" if _first(headers, NUMBERS) is not None and "github username" not in headers else ""


def _rows(headers, ids, lines):
    names = _names(headers)
    keys = [at for at, header in enumerate(headers) if header in USERS]
    canvas = _numbers_of(headers) == "canvas"
    number = _first(headers, ["id"] if canvas else NUMBERS)
    groups = [at for at, header in enumerate(headers) if header in GROUPS]
    when = _first(headers, TIMES)
    for line in lines:
        cells = [cell.strip() for cell in line] + [""] * (len(headers) - len(line))
        cells = [cell.removeprefix("#") for cell in cells]  # Brightspace puts it before ids, so that they stay text
        parts = [cells[at] for at in names]
        if not cells[ids]:  # a line about all, as Canvas has one of the points that are possible
            continue
        own = cells[number] if number is not None else ""
        yield Row(
            cells[ids].replace("/", "") if headers[ids] == "identifier" else cells[ids],
            " ".join(filter(None, parts)) or cells[ids],
            frozenset(_spellings(parts)),
            frozenset(_key(cells[at]) for at in {*keys, ids} if cells[at]),
            own if canvas else re.sub(r"^.*?(\d+)$|^.*$", r"\1", own),
            frozenset(_plain(team) for at in groups for team in re.split("[,;]", cells[at]) if team.strip()),
            cells[when] if when is not None else "",
        )


def _merged(rows, name):
    """The rows, one for each id. Raises ValueError if two students have the same one, or nobody has any."""
    found = {}
    for row in rows:
        other = found.setdefault(row.id, row)
        if _plain(other.name) != _plain(row.name):
            raise ValueError(f"the roster {name} gives the id {row.id} to {other.name} and to {row.name}")
        found[row.id] = other._replace(
            keys=other.keys | row.keys, groups=other.groups | row.groups, spellings=other.spellings | row.spellings
        )
    if not found:
        raise ValueError(f"the roster {name} names nobody")
    return list(found.values())


def _spellings(parts):
    """The whole names that one may be given: two parts in either order, a single text in any turn of its words."""
    if len(parts) == 2:
        first, last = parts
        return {f"{first} {last}", f"{last} {first}"} if first or last else set()
    text = " ".join(parts)
    words = text.replace(",", " ").split()
    return {" ".join(words[at:] + words[:at]) for at in range(len(words))}


def _in_words(row):
    """An id and a name as words, as they may be in the name of a file: one of them, or both."""
    own = tuple(_words(row.id))
    for form in (_key, _ascii):
        for text in row.spellings:
            words = tuple(_words(form(text)))
            yield from (words, words + own, own + words, ("".join(words),))
    for key in row.keys:
        yield tuple(_words(key))


def _index(pairs):
    """{key: the rows that have it}, each row once."""
    found = {}
    for key, row in pairs:
        of_key = found.setdefault(key, [])
        if row not in of_key:
            of_key.append(row)
    return found


def _together(lists):
    return list({row.id: row for rows in lists for row in rows}.values())


def _header(text):
    return " ".join(text.replace("_", " ").split()).strip("#* ").casefold()


def _first(headers, wanted):
    return next((headers.index(name) for name in wanted if name in headers), None)


def _key(text):
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _plain(text):
    """A name in small letters without spaces and signs, as Canvas writes it."""
    return re.sub(r"[\W_]", "", _key(text))


def _ascii(text):
    """In small letters without accents; the words stay apart."""
    return "".join(c for c in unicodedata.normalize("NFKD", _key(text)) if not unicodedata.combining(c))


def _bare(text):
    """As _plain, without accents."""
    return _plain(_ascii(text))


def _german(text):
    """As ILIAS writes a name."""
    return _bare(re.sub("[äöü]", lambda found: {"ä": "ae", "ö": "oe", "ü": "ue"}[found[0]], _key(text)))


FORMS = _plain, _bare, _german


def _words(text):
    return re.findall(r"[^\W_]+", _key(text))


def fit(student):
    """Why an id is not fit for the name of a folder; empty if it is."""
    if not student or student != outside.student(student) or "/" in student or len(student.encode()) > 255:
        return f"the id {outside.line(student)!r} cannot be the name of a folder"
    return ""
