#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the standards ask for, where it is met, and which test proves it: requirements.py [--write] [ROOT].

docs/requirements.toml has a row for each requirement, with an id such as RFC8972:ssid-copied. A comment that begins
with = carries the ids of the code or the test right below it (or around it):

    //= RFC8972:ssid-copied RFC8762:fields-copied

In a test (*_test.*, tests/, fuzz/) it says "this proves it", anywhere else "this meets it". Without a flag the program
checks that ids, rows and the page docs/reference/requirements.md agree, and prints each offence; with --write it makes
the page anew. tools/requirements_test.py shows that every rule fires.
"""

import pathlib
import re
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import house  # noqa: E402

TABLE, PAGE = "docs/requirements.toml", "docs/reference/requirements.md"
LEVELS = {"MUST": "an implementation has to", "SHOULD": "without a reason it has to", "MAY": "it is free to",
          "DEF": "what a figure, a field or a name means"}
# What a row may say besides `at`, `level` and `text`. The first four are its status; without one it is met.
STATUS = {"part": "in part", "not_met": "no", "not_applicable": "not applicable"}
REASONS = {*STATUS, "untested", "no_code"}
TAG = re.compile(r"^[ \t]*(?://|#)= (.*)$", re.MULTILINE)
ID = re.compile(r"[\w-]+:[a-z0-9-]+")


@dataclass
class Row:
    document: str
    key: str
    at: str
    level: str
    text: str
    reasons: dict
    code: list = field(default_factory=list)  # where tags of it stand
    tests: list = field(default_factory=list)

    @property
    def id(self):
        return f"{self.document}:{self.key}"

    @property
    def status(self):
        return next((name for name in STATUS if name in self.reasons), "met")

    @property
    def claimed(self):
        return self.status in ("met", "part")


@dataclass
class Document:
    name: str
    title: str
    rows: list


def read_table(text):
    """(documents, offences) of the table."""
    documents, wrong = [], []
    for name, content in tomllib.loads(text).items():
        document = Document(name, content.pop("title", ""), [])
        documents.append(document)
        if not document.title:
            wrong.append(f"{name} has no title")
        for key, said in content.items():
            row = Row(name, key, *(str(said.pop(part, "")) for part in ("at", "level", "text")), reasons=said)
            document.rows.append(row)
            if not ID.fullmatch(row.id):
                wrong.append(f"{row.id}: an id has small letters, digits and - behind its :")
            if not row.at or not row.text:
                wrong.append(f"{row.id}: `at` and `text` are needed")
            if row.level not in LEVELS:
                wrong.append(f"{row.id}: the level '{row.level}' is none of {', '.join(LEVELS)}")
            if set(said) - REASONS:
                wrong.append(f"{row.id}: nobody knows {', '.join(sorted(set(said) - REASONS))}")
            if any(not reason for reason in said.values()):
                wrong.append(f"{row.id}: a reason is missing")
            if len(set(said) & set(STATUS)) > 1:
                wrong.append(f"{row.id}: it has more than one status")
    return documents, wrong


def is_test(path):
    return bool(re.search(r"_test\.\w+$|^(tests|fuzz)/", path))


def lines_between(text, first, last):
    return text.splitlines()[first:last]


def place_of(source, line):
    """The function that a tag in this line stands in, or right before; else what is declared below it."""
    functions = sorted(((first, first + count - 1, name) for name, first, count in house.functions_of(source)))
    around = [name for first, last, name in functions if first < line <= last]
    if around:
        return around[-1].strip("?")  # house.py has no name for some tables
    code = house.code_of(source.text) if source.is_cpp else re.sub(r"#[^\n]*", "", source.text)
    for first, _, name in functions:
        if first > line and not re.search(r"[;{}]" if source.is_cpp else r"\S", "\n".join(lines_between(code, line, first - 1))):
            return name
    below = next((text for text in lines_between(code, line, None) if text.strip()), "")
    named = re.search(r"\b(?:struct|class|enum(?: class)?)\s+(\w+)|\b(k[A-Z]\w*)\b|(\w+)\s*(?:=|\{|$)", below)
    return next(filter(None, named.groups()), "") if named else ""


def tags_of(source):
    """(id, line, place) of each tag."""
    for match in TAG.finditer(source.text):
        line = house.line_of(source.text, match.start())
        place = place_of(source, line)
        for word in match.group(1).split():
            yield word, line, place


def attach(documents, sources):
    """Puts the places of the tags into the rows; yields offences."""
    rows = {row.id: row for document in documents for row in document.rows}
    for source in sources:
        if not source.path.endswith((".cc", ".h", ".py")) or source.path.startswith("tools/"):
            continue
        for word, line, place in tags_of(source):
            if word not in rows:
                yield f"{source.path}:{line}: unknown_id: {word} is in no row of {TABLE}"
                continue
            places = rows[word].tests if is_test(source.path) else rows[word].code
            if (source.path, place) not in places:
                places.append((source.path, place))


def judge(documents):
    for document in documents:
        for row in document.rows:
            if row.claimed:
                if not row.code and "no_code" not in row.reasons:
                    yield f"{row.id}: not_in_code: it is said to be met, and no code says where"
                if not row.tests and "untested" not in row.reasons:
                    yield f"{row.id}: not_in_test: it is said to be met, and no test says that it proves it"
            elif row.code:
                yield f"{row.id}: not_claimed: {row.code[0][0]} says that it is met, the row does not"
            if row.code and "no_code" in row.reasons or row.tests and "untested" in row.reasons:
                yield f"{row.id}: needless_reason: the row says why something is missing that is there"


# --- the page --------------------------------------------------------------------------------------------


def where(places):
    """"wire/reflect.cc: Reflection::direct, run", file by file."""
    names = defaultdict(list)
    for path, place in sorted(places):
        names[path].append(place)
    return "<br>".join(f"`{path.removeprefix('src/')}`" + (f" {', '.join(filter(None, found))}" if any(found) else "")
                       for path, found in names.items())


def cell(words):
    return words.replace("|", "\\|")


def status_words(row):
    words = {"met": "yes", **STATUS}[row.status]
    reason = row.reasons.get(row.status)
    return f"{words}: {reason}" if reason else words


def counts(rows):
    claimed = [row for row in rows if row.claimed]
    of = {status: sum(row.status == status for row in rows) for status in ("met", *STATUS)}
    return (len(rows), of["met"], of["part"], of["not_met"], of["not_applicable"], sum(bool(row.tests) for row in claimed),
            sum(not row.tests for row in claimed))


def page(documents):
    rows = [row for document in documents for row in document.rows]
    yield from ("# What the standards ask for", "",
                f"Made by `tools/requirements.py --write` of `{TABLE}` and of the tags in code and tests; a test holds it fresh.",
                "The words are ours. Levels: " + "; ".join(f"{name}, {words}" for name, words in LEVELS.items()) + ".",
                "Files without a folder in front stand in `src/`. Reading a tag: `docs/testing.md`.", "",
                "| document | requirements | met | in part | not met | not applicable | tested | untested |",
                "|---|---|---|---|---|---|---|---|")
    for document in documents:
        yield f"| [{document.name}](#{document.name.lower()}) {document.title} | " + " | ".join(
            map(str, counts(document.rows))) + " |"
    yield "| all | " + " | ".join(map(str, counts(rows))) + " |"
    yield from ("", "Tested and untested are those met or met in part.", "", "## Gaps", "",
                "| id | level | requirement | what is missing |", "|---|---|---|---|")
    for row in rows:
        missing = [status_words(row)] if row.status in ("part", "not_met") else []
        missing += [f"untested: {row.reasons['untested']}"] if "untested" in row.reasons and row.claimed else []
        if missing:
            yield f"| {row.id} | {row.level} | {cell(row.text)} | {cell('; '.join(missing))} |"
    for document in documents:
        yield from ("", f"## {document.name}", "", f"{document.title}.", "",
                    "| id | section | level | requirement | met | where | proved by |", "|---|---|---|---|---|---|---|")
        for row in document.rows:
            code = where(row.code) or row.reasons.get("no_code", "")
            tests = where(row.tests) or (f"untested: {row.reasons['untested']}" if "untested" in row.reasons else "")
            yield f"| {row.key} | {row.at} | {row.level} | {cell(row.text)} | {cell(status_words(row))} | {code} | {tests} |"


def make(sources):
    """(offences, text of the page)."""
    by_path = {source.path: source for source in sources}
    if TABLE not in by_path:
        return [f"{TABLE} is not there"], ""
    documents, found = read_table(by_path[TABLE].text)
    found += attach(documents, sources)
    found += judge(documents)
    return found, "\n".join(page(documents)) + "\n"


def main(arguments):
    write = arguments[:1] == ["--write"]
    rest = arguments[1:] if write else arguments
    root = pathlib.Path(rest[0]) if rest else pathlib.Path(__file__).resolve().parent.parent
    found, text = make(house.read_sources(root))
    target = root / PAGE
    if write:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    elif not target.is_file() or target.read_text(encoding="utf-8") != text:
        found.append(f"{PAGE}: stale_page: run tools/requirements.py --write")
    print(*found, sep="\n")
    print(f"{len(found)} offences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
