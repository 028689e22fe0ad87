"""Whatever the answer, the ledger is asked the same: what is seen from outside is one word, and not what it took."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event

from adapters.database.engine import Database
from exchange.certificates.check import CheckAnswer, Question
from exchange.certificates.limits import OF_CERTIFICATE
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef
from exchange.verbs.certificates.answer import answer
from tests.builders import WUCHANG, WUCHANG_NODE, a_moment, an_id_number
from tests.building.sealing import open_database
from tests.certificates.support import REVOKED, a_question, issued, put
from tests.life.two_nodes import a_node

NODE = a_node(WUCHANG_NODE, WUCHANG)


@pytest.fixture
def watched(database_url: str) -> Iterator[tuple[Database, list[str]]]:
    """A ledger, and what it is asked."""
    asked = list[str]()

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    database = open_database(database_url, keyed=NODE.keyed)
    database.upgrade()
    put(database, NODE, issued(1), issued(2, REVOKED), issued(3, protected=True))
    # Of all engines: the keys that open an entry lie in a store of their own.
    event.listen(Engine, "before_cursor_execute", listen)
    yield database, asked
    event.remove(Engine, "before_cursor_execute", listen)
    database.close()


def document(n: int) -> DocumentRef:
    return DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(n))


def test_the_same_is_asked_of_the_ledger_for_every_answer(watched):
    database, asked = watched

    def work(question: Question) -> tuple[str, list[str]]:
        asked.clear()
        with database.transaction() as ledger:
            told = answer(ledger, NODE, question, a_moment(), partner="p.example", caller="p.example", most_misses=99)
        return told.value, list(asked)

    questions = [
        a_question(1),
        a_question(2, document=document(2)),
        a_question(3, document=document(3)),
        a_question(4, name="李四"),
        a_question(5, number="X-1"),
        a_question(6, document=document(9)),
    ]
    done = [work(question) for question in questions]
    assert [told for told, _ in done] == ["valid", "not_valid", "unknown", "unknown", "unknown", "unknown"]
    assert {tuple(statements) for _, statements in done} == {tuple(done[0][1])}
    assert len(done[0][1]) >= 4
    for n in range(OF_CERTIFICATE):
        work(a_question(10 + n, document=document(20 + n)))
    held_back, statements = work(a_question(30))
    assert (held_back, statements) == (CheckAnswer.CANNOT_SAY, done[0][1])
