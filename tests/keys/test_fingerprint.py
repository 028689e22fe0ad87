import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.keys.keyring import fingerprint, link_id, same_fingerprint

PRINT = fingerprint("a" * 43, "b" * 43, "c" * 43)
OTHER = fingerprint("d" * 43, "e" * 43, "f" * 43)
WUHAN, BEIJING = "wuchang.wuhan.example", "xicheng.beijing.example"
KID = st.text("abcABC012-_", min_size=43, max_size=43)


def test_the_fingerprint_of_known_keys_stays_the_same():
    # Read out years ago, compared tomorrow: this value may never change.
    assert PRINT == "XYQ3W-XNDPK-76BR3-W119J-2YNQB-0Y2BN-040HN-29SNQ"


@given(sig=KID, enc=KID, recovery=KID)
def test_a_fingerprint_is_eight_groups_of_five_without_look_alikes(sig, enc, recovery):
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){7}[0-9A-HJKMNP-TV-Z]{5}", fingerprint(sig, enc, recovery))


def test_each_key_counts_in_its_role():
    a, b, c = "a" * 43, "b" * 43, "c" * 43

    assert len({fingerprint(*keys) for keys in [(a, b, c), (b, a, c), (a, c, b), (c, b, a), (a, a, a)]}) == 5


@pytest.mark.parametrize(
    "heard",
    [
        PRINT,
        PRINT.lower(),
        PRINT.replace("-", ""),
        PRINT.replace("-", " "),
        PRINT.replace("-", " — "),
        f"  {PRINT}\n",
        PRINT.replace("0", "O").replace("1", "l"),
        PRINT.replace("0", "o").replace("1", "I"),
        "".join(chr(ord(char) + 0xFEE0) for char in PRINT),
        PRINT.replace("-", "\u3000"),
    ],
)
def test_a_fingerprint_is_the_same_however_it_was_written_down(heard):
    assert same_fingerprint(PRINT, heard)
    assert same_fingerprint(heard, PRINT)


@given(at=st.integers(0, len(PRINT) - 1), char=st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_other_character_makes_another_fingerprint(at, char):
    changed = PRINT[:at] + char + PRINT[at + 1 :]

    assert same_fingerprint(PRINT, changed) == (changed == PRINT)


@pytest.mark.parametrize("text", ["", "-", PRINT[:-1], PRINT + "0", PRINT[:5], "握手"])
def test_what_is_no_fingerprint_is_never_the_same_even_as_itself(text):
    assert not same_fingerprint(text, text)
    assert not same_fingerprint(PRINT, text)


def test_both_operators_compute_the_same_link():
    link = link_id(WUHAN, PRINT, BEIJING, OTHER)

    assert link == "0748670f-8210-8418-a452-dd8d517db81a"  # part of the contract: never changes
    assert link_id(BEIJING, OTHER.lower().replace("-", " "), WUHAN, PRINT) == link
    assert (uuid.UUID(link).version, uuid.UUID(link).variant) == (8, uuid.RFC_4122)


def test_a_link_follows_from_names_and_keys_and_who_holds_which():
    ways = [
        (WUHAN, PRINT, BEIJING, OTHER),
        (WUHAN, OTHER, BEIJING, PRINT),
        (WUHAN, PRINT, BEIJING, PRINT),
        (WUHAN, PRINT, "yuyang.yulin.example", OTHER),
    ]

    assert len({link_id(*way) for way in ways}) == len(ways)


def test_a_node_has_no_link_to_itself():
    with pytest.raises(ValueError, match="different nodes"):
        link_id(WUHAN, PRINT, WUHAN, OTHER)
