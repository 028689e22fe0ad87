"""Identifiers sort by the moment and the order in which they were made."""

import re
from datetime import timedelta

from exchange.ids import new_id, new_salt
from tests.builders import a_moment


def test_ids_of_one_millisecond_keep_their_order() -> None:
    made = [new_id(a_moment()) for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_a_later_moment_gives_a_greater_id() -> None:
    assert new_id(a_moment()) < new_id(a_moment() + timedelta(milliseconds=1))


def test_an_id_is_a_uuid_of_version_7_and_carries_its_moment() -> None:
    made = new_id(a_moment())
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made)
    assert int(made.replace("-", "")[:12], 16) == round(a_moment().timestamp() * 1000)


def test_salts_differ() -> None:
    assert len({new_salt() for _ in range(1000)}) == 1000
