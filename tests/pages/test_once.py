"""A form that is sent twice is done once, and the second sending is led to what came of the first."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx

from exchange.codes import Role
from tests.api.nodes import Neighbours, Served
from tests.api.test_worklists import ask
from tests.builders import WUCHANG, XICHENG, an_id_number
from tests.pages.support import Reader, refusal_of, signed_in, text_of
from tests.pages.test_agreements import FORM, TICKED


def form_of(reader: Reader, **fields: str) -> dict[str, str]:
    """The form of the page that was read last, with its hidden fields."""
    assert reader.page is not None
    hidden = dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', reader.page.text))
    assert hidden.keys() == {"csrf", "once"}
    return {**hidden, **{name.replace("__", "."): value for name, value in fields.items()}}


def four_times(reader: Reader, path: str, form: dict[str, str]) -> list[httpx.Response]:
    """The same form, sent four times at once."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda _: reader.http.post(path, data=form), range(4)))


def proposals(node: Served) -> int:
    with node.office.ledgers.transaction(read_only=True) as ledger:
        return len(list(ledger.agreements.all()))


def an_entry_in(node: Served) -> str:
    """The page of a person's entry in Xicheng."""
    person = {"name": "示例·样本丙", "document": {"type": "id_number", "number": an_id_number(2)}}
    facts = {"register": "outflow", "origin": XICHENG, "destination": WUCHANG, "person": person}
    return f"/entries/{node.post('/entries', facts, status=201)['id']}/public_service"


def test_a_proposal_that_is_sent_four_times_at_once_is_one(both: Neighbours):
    reader = signed_in(both.xicheng, role="coordinator")
    before = proposals(both.xicheng)
    reader.get("/agreements/new")
    form = form_of(reader, **{**FORM, **TICKED, "beside": "true"})
    answers = four_times(reader, "/agreements/new", form)
    assert {(answer.status_code, refusal_of(answer)) for answer in answers} == {(200, None)}
    assert len({answer.url for answer in answers}) == 1
    assert proposals(both.xicheng) == before + 1


def test_a_query_that_is_sent_four_times_at_once_is_one(both: Neighbours):
    reader = signed_in(both.xicheng)
    page = an_entry_in(both.xicheng)
    reader.get(page)
    answers = four_times(reader, f"{page}/query", form_of(reader, reason="facts_differ", items="children"))
    assert len({answer.url for answer in answers}) == 1
    assert [answer.status_code for answer in answers] == [200] * 4
    (listed,) = both.xicheng.get("/exchanges")["items"]
    assert answers[0].url.path == f"/exchanges/{listed['exchange']}/{Role.ASKER}"


def test_a_form_that_was_sent_and_then_changed_does_nothing_before_it_is_sent_again(both: Neighbours):
    reader = signed_in(both.xicheng)
    page = an_entry_in(both.xicheng)
    reader.get(page)
    form = form_of(reader, reason="facts_differ", items="children")
    reader.http.post(f"{page}/query", data=form)
    changed = reader.post(f"{page}/query", reason="facts_differ", items="marital_status")
    assert (changed.status_code, refusal_of(changed)) == (422, "sent-before")
    assert len(both.xicheng.get("/exchanges")["items"]) == 1
    again = reader.post(f"{page}/query", reason="facts_differ", items="marital_status")
    assert refusal_of(again) is None
    assert len(both.xicheng.get("/exchanges")["items"]) == 2


def test_a_form_that_was_refused_can_be_sent_again(both: Neighbours):
    reader = signed_in(both.xicheng)
    page = an_entry_in(both.xicheng)
    reader.get(page)
    form = form_of(reader, reason="facts_differ")
    assert [reader.http.post(f"{page}/query", data=form).status_code for _ in range(2)] == [422, 422]
    assert reader.http.post(f"{page}/query", data={**form, "items": "children"}).status_code == 200


def test_the_same_form_of_another_person_at_the_desk_is_another_form(both: Neighbours):
    wang, li = signed_in(both.xicheng, "wang"), signed_in(both.xicheng, "li")
    page = an_entry_in(both.xicheng)
    forms = []
    for reader in (wang, li):
        reader.get(page)
        forms.append(form_of(reader, reason="facts_differ", items="children"))
    for reader, form in zip((wang, li), forms, strict=True):
        reader.http.post(f"{page}/query", data={**form, "once": forms[0]["once"]})
    assert len(both.xicheng.get("/exchanges")["items"]) == 2


def test_an_id_that_no_page_gives_is_refused(both: Neighbours):
    reader = signed_in(both.xicheng)
    page = an_entry_in(both.xicheng)
    reader.get(page)
    refused = reader.http.post(f"{page}/query", data=form_of(reader, reason="facts_differ", items="children", once="1"))
    assert (refused.status_code, refusal_of(refused)) == (422, "invalid")


def test_a_certificate_is_asked_about_once_by_one_form(both: Neighbours):
    ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang)
    reader.get("/certificates")
    holder = {"holder__name": "示例·样本乙", "holder__document__type": "id_number", "holder__document__number": an_id_number(1)}
    form = form_of(reader, number="X-1", **holder)
    answers = [reader.http.post("/certificates", data=form) for _ in range(3)]
    assert ["人工核验" in text_of(answer) for answer in answers] == [True] * 3
    (row,) = both.wuchang.get("/certificate-checks", params={"role": "asker"}, role="auditor")["items"]
    assert row["own"] == WUCHANG
