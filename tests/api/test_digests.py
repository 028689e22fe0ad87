"""What is only to be known again is known by a keyed digest: a ledger alone does not tell what a sheet or a request said."""

import hashlib

from exchange.checking.check import CheckLayout
from exchange.wire import ijson
from tests.api.nodes import Served
from tests.api.test_cross_checks import run
from tests.api.test_sheets import a_register, take
from tests.builders import WUCHANG, XICHENG, an_id_number
from tests.checking.support import a_file
from tests.sheets.workbooks import a_person

PERSON = {"name": "王小明", "document": {"type": "id_number", "number": an_id_number(2)}}
BODY = ijson.dumps({"register": "outflow", "origin": XICHENG, "destination": WUCHANG, "person": PERSON, "record": {}})


def test_a_file_is_known_again_by_a_keyed_digest_that_no_answer_shows(xicheng: Served):
    node = xicheng.office.node
    sheet, births = a_register(a_person()), a_file(CheckLayout.BIRTHS)
    shown = [take(xicheng, sheet), run(xicheng, births)]
    with xicheng.office.ledgers.transaction(read_only=True) as ledger:
        file, check = ledger.imports.get(shown[0]["id"]), ledger.cross_checks.get(shown[1]["id"])
    assert file is not None
    assert check is not None
    assert (file.digest, check.digest) == (node.file_digest(sheet), node.file_digest(births))
    assert node.file_digest(sheet) not in (ijson.digest(sheet), hashlib.sha256(sheet).hexdigest(), node.file_digest(births))
    for each in shown:
        assert not {file.digest, check.digest, ijson.digest(sheet), ijson.digest(births)} & set(map(str, each.values()))
        assert not {"sha256", "digest"} & each.keys()


def test_a_request_is_known_again_by_a_keyed_digest(xicheng: Served):
    headers = {
        "authorization": f"Bearer {xicheng.key('clerk', XICHENG)}",
        "idempotency-key": "one",
        "content-type": "application/json",
    }
    answers = [xicheng.http.post("/api/v1/entries", content=BODY, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]
    plain = hashlib.sha256(b"POST /api/v1/entries?\n" + BODY).hexdigest()
    with xicheng.office.ledgers.transaction(read_only=True) as ledger:
        held = ledger.access.remembered("k0", "one")
    assert held is not None
    assert held.request_digest == xicheng.office.node.keyed(b"request\x00" + plain.encode()) != plain
