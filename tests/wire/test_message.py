"""Lines of the wire: well formed, or refused with the field's pointer and nothing of its content."""

from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from exchange.codes import Item
from exchange.people.record import Record
from exchange.wire import ijson
from exchange.wire.batch import BatchNotAuthentic, BatchTooLarge, join, split
from exchange.wire.message import MalformedMessage, kind_of, read_message, write_message
from tests.builders import a_feedback, a_notice, a_query


def changed(line: bytes, pointer: str, value: Any) -> bytes:
    """The line with one field set, or removed where the value is ...."""
    tree = ijson.loads(line)
    *path, last = pointer.strip("/").split("/")
    place = tree
    for part in path:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return ijson.dumps(tree)


QUERY, NOTICE, FEEDBACK = (write_message(message) for message in (a_query(), a_notice(), a_feedback()))


@pytest.mark.parametrize("line", [QUERY, NOTICE, FEEDBACK])
def test_what_is_written_is_read(line: bytes) -> None:
    assert write_message(read_message(line)) == line


def test_a_record_has_one_field_for_each_item() -> None:
    assert Record.__struct_fields__ == tuple(item.value for item in Item)


@pytest.mark.parametrize(
    ("line", "pointer", "value", "at"),
    [
        (QUERY, "/id", "019caf00-0000-4000-8000-000000000001", "/id"),
        (QUERY, "/id", ..., ""),
        (QUERY, "/unknown", 1, ""),
        (QUERY, "/salt", "AAAAAAAAAAAAAAAAAAAAAB", "/salt"),
        (QUERY, "/from", "42010", "/from"),
        (QUERY, "/created_at", "2026-03-02T01:00:00Z", "/created_at"),
        (QUERY, "/purpose", "curiosity", "/purpose"),
        (QUERY, "/kind", "question", "/kind"),
        (QUERY, "/priority", {"level": "urgent"}, "/priority/reason"),
        (QUERY, "/priority", {"level": "normal", "reason": "appointment"}, "/priority/reason"),
        (QUERY, "/priority", {"level": "urgent", "reason": "pregnancy"}, "/priority/reason"),
        (QUERY, "/in_reply_to", {"id": "019caf00-0000-7000-8000-000000000001", "digest": "A" * 43}, "/in_reply_to"),
        (QUERY, "/body/person/sex", "张三", "/body/person/sex"),
        (QUERY, "/body/person/birth_date", "1990-02-30", "/body/person/birth_date"),
        (QUERY, "/body/items", [], "/body/items"),
        (QUERY, "/body/items", ["children", "children"], "/body/items"),
        (QUERY, "/body/items", ["pregnancy"], "/body/items/0"),
        (QUERY, "/body/record", {"education": "20"}, "/body/record"),
        (QUERY, "/body/record", {"contraception": "x"}, "/body/record"),
        (QUERY, "/purpose", "birth_registration", "/body/application_date"),
        (NOTICE, "/body/event", "correction", "/body/corrects"),
        (NOTICE, "/body/note", "x" * 101, "/body/note"),
        (FEEDBACK, "/in_reply_to", None, "/in_reply_to"),
        (FEEDBACK, "/body/result", "corrected", "/body/record"),
        (FEEDBACK, "/body/result", "moved_on", "/body/moved_to"),
        (FEEDBACK, "/body/moved_to", "420106", "/body/moved_to"),
        (FEEDBACK, "/body/result", "wrong_jurisdiction", "/body/jurisdiction"),
        (FEEDBACK, "/body/result", "refused", "/body/reason"),
    ],
)
def test_a_field_that_does_not_fit_is_named(line: bytes, pointer: str, value: Any, at: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(changed(line, pointer, value))
    assert refused.value.pointer == at


@given(st.text(min_size=1))
def test_a_refusal_never_quotes_what_stands_in_the_field(text: str) -> None:
    secret = f"{text}张三丰110101199003070011"
    for pointer in ("/body/person/sex", "/body/person/birth_date", "/purpose", "/body/person/document/type"):
        with pytest.raises((MalformedMessage, ijson.NotIJSON)) as refused:
            read_message(changed(QUERY, pointer, secret))
        said = f"{refused.value.zh} {refused.value.en} {refused.value!r}"
        assert "张三丰" not in said
        assert "19900307" not in said
    stray = ijson.dumps(ijson.loads(QUERY) | {secret: 1})
    with pytest.raises((MalformedMessage, ijson.NotIJSON)) as refused:
        read_message(stray)
    assert "张三丰" not in f"{refused.value.zh} {refused.value.en} {refused.value!r}"


def test_a_line_of_more_than_64_kib_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        read_message(QUERY + b" " * 65_536)


def test_a_twice_named_field_is_refused() -> None:
    with pytest.raises(ijson.NotIJSON):
        read_message(QUERY[:-1] + b',"purpose":"benefit"}')


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"e30.e30.AA\n", BatchNotAuthentic),
        (b"e30.e30.AA\n{}", BatchNotAuthentic),
        (b"e30.e30.AA\r\n{}\r\n", BatchNotAuthentic),
        (b"\xef\xbb\xbfe30.e30.AA\n{}\n", BatchNotAuthentic),
        ("签名\n{}\n".encode(), BatchNotAuthentic),
        (b"", BatchNotAuthentic),
        (b"x\n" + b"{}\n" * 1001, BatchTooLarge),
        (b"x\n" + b" " * (8 * 1024 * 1024) + b"\n", BatchTooLarge),
    ],
)
def test_bytes_that_form_no_batch_are_refused(data: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        split(data)


@given(st.lists(st.binary(min_size=1).filter(lambda line: not set(b"\r\n") & set(line)), min_size=1, max_size=5))
def test_a_batch_comes_apart_as_it_was_joined(lines: list[bytes]) -> None:
    assert split(join("e30.e30.AA", lines)) == ("e30.e30.AA", lines)


def test_the_kind_of_each_message_is_its_tag() -> None:
    assert [kind_of(read_message(line)).value for line in (QUERY, NOTICE, FEEDBACK)] == [
        msgspec.json.decode(line)["kind"] for line in (QUERY, NOTICE, FEEDBACK)
    ]
