"""What must stand in no output: every name and every number of the demonstration's people."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from woshou.demo.people import Someone

# The only files that are about people, each by name: the database, and the sheets that clerks fill in and get back.
OF_PEOPLE = ("woshou.sqlite3", "woshou.sqlite3-wal", "woshou.sqlite3-shm")
SHEETS = "sheets"


def needles(people: list[Someone]) -> frozenset[str]:
    """Names and numbers, of the spouses and of certificates as well."""
    told = [(someone.name, someone.number, someone.certificate, someone.spouse_name, someone.spouse_number) for someone in people]
    return frozenset(word for words in told for word in words if word)


def named_in(text: str, words: frozenset[str]) -> frozenset[str]:
    """Which of them stand in a text."""
    return frozenset(word for word in words if word in text)


def outputs(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file that the nodes have written and that is not about people, with what it says."""
    for file in sorted(folder.rglob("*")):
        place = file.relative_to(folder)
        if file.is_file() and file.name not in OF_PEOPLE and place.parts[0] != SHEETS:
            yield str(place), file.read_bytes().decode("utf-8", "replace")


def tables(folder: Path, *names: str) -> Iterator[tuple[str, str]]:
    """What tables that are about nobody hold, in each node's database."""
    for file in sorted(folder.glob(f"*/{OF_PEOPLE[0]}")):
        with sqlite3.connect(file) as books:
            for name in names:
                rows = books.execute(f"SELECT * FROM {name}").fetchall()
                yield f"{file.parent.name} {name}", "\n".join(map(str, rows))
        books.close()
