"""Where key-encryption keys come from, and how each of the three can go wrong."""

import base64
import sys
from inspect import signature
from pathlib import Path

import pytest

from adapters.keys.errors import KeysExposed
from adapters.sealing.errors import (
    DataKeyUnreadable,
    SealingTrouble,
    WrappingKeyInUse,
    WrappingKeyMissing,
    WrappingKeysElsewhere,
    WrappingKeysUnreadable,
    WrappingKeyUnknown,
)
from adapters.sealing.suites import AES, SM
from adapters.sealing.wrapping import CommandKeys, GivenKeys, KeyFile, Wrapping

ID, DATA_KEY = b"0123456789abcdef", bytes(range(100, 132))
ONE, TWO = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    made = KeyFile(tmp_path / "key-encryption.keys")
    made.add()
    return made


def test_the_newest_key_wraps_and_all_unwrap():
    ((key_id, wrapped, kek),) = Wrapping(GivenKeys(f"one:{ONE}"), AES).wrap({ID: DATA_KEY})
    assert (key_id, kek) == (ID, "one")
    both = Wrapping(GivenKeys(f"one:{ONE},two:{TWO}"), SM)
    assert both.unwrap([(ID, wrapped, kek)]) == {ID: DATA_KEY}
    ((_, anew, by),) = both.wrap({ID: DATA_KEY})
    assert by == both.newest() == "two"
    assert both.unwrap([(ID, anew, by)]) == {ID: DATA_KEY}


def test_a_wrapped_key_is_bound_to_its_id_and_to_the_key_that_wraps_it():
    wrapping = Wrapping(GivenKeys(f"one:{ONE},two:{ONE}"), AES)
    ((_, wrapped, kek),) = wrapping.wrap({ID: DATA_KEY})
    for row in ((b"another id of 16", wrapped, kek), (ID, wrapped, "one"), (ID, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), kek)):
        with pytest.raises(DataKeyUnreadable):
            wrapping.unwrap([row])


def test_a_key_that_is_nowhere_is_named():
    with pytest.raises(WrappingKeyMissing) as told:
        Wrapping(GivenKeys(f"one:{ONE}"), AES).unwrap([(ID, b"\1" + bytes(60), "gone")])
    assert "gone" in told.value.zh
    assert "gone" in told.value.en


@pytest.mark.parametrize("text", ["", "one", f"one:{ONE[:-4]}", f"one:{ONE},one:{TWO}", f"o e:{ONE}", f"one:{'!' * 43}="])
def test_what_is_no_key_is_refused_and_never_quoted(text):
    with pytest.raises(WrappingKeysUnreadable) as told:
        GivenKeys(text).load()
    assert ONE[:20] not in told.value.en


def test_a_key_file_is_its_owners_alone(file: KeyFile, tmp_path: Path):
    path = tmp_path / "key-encryption.keys"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(KeysExposed):
        file.load()


def test_a_key_that_another_process_adds_is_used_at_once(file: KeyFile, tmp_path: Path):
    wrapping = Wrapping(file, AES)
    old = wrapping.newest()
    made = KeyFile(tmp_path / "key-encryption.keys").add()
    assert wrapping.ids() == [old, made]
    assert wrapping.newest() == made


def test_an_old_key_can_be_forgotten_and_the_newest_cannot(file: KeyFile):
    (old,) = file.load()
    new = file.add()
    with pytest.raises(WrappingKeyInUse):
        file.forget(new)
    with pytest.raises(WrappingKeyUnknown):
        file.forget("nobody")
    file.forget(old)
    assert list(file.load()) == [new]


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(WrappingKeysUnreadable):
        Wrapping(KeyFile(tmp_path / "none"), AES).newest()


def a_command(tmp_path: Path, body: str) -> CommandKeys:
    script = tmp_path / "kms.py"
    script.write_text(body)
    return CommandKeys(f"{sys.executable} {script}", seconds=20)


def test_a_command_gives_keys_and_is_asked_again_for_an_unknown_one(tmp_path: Path):
    # As a key management service rotates: what it prints grows by a line.
    (tmp_path / "store").write_text(f"one:{ONE}\n")
    wrapping = Wrapping(a_command(tmp_path, f"print(open({str(tmp_path / 'store')!r}).read())"), AES)
    assert wrapping.ids() == ["one"]
    ((_, wrapped, kek),) = Wrapping(GivenKeys(f"two:{TWO}"), AES).wrap({ID: DATA_KEY})
    (tmp_path / "store").write_text(f"one:{ONE}\ntwo:{TWO}\n")
    assert wrapping.unwrap([(ID, wrapped, kek)]) == {ID: DATA_KEY}
    assert wrapping.newest() == "two"


@pytest.mark.parametrize(
    "body",
    ["raise SystemExit(3)", "print('no key')", "import sys; sys.stdout.buffer.write(b'\\xff')", "import time; time.sleep(9)"],
)
def test_a_command_that_fails_is_told_of(tmp_path: Path, body: str):
    command = a_command(tmp_path, body)
    with pytest.raises(WrappingKeysUnreadable):
        (command if "sleep" not in body else CommandKeys(f"{sys.executable} {tmp_path / 'kms.py'}", seconds=0.2)).load()


def test_a_command_that_is_not_there_is_told_of():
    with pytest.raises(WrappingKeysUnreadable):
        CommandKeys("/nonexistent/kms").load()


@pytest.mark.parametrize("source", [GivenKeys(f"one:{ONE}"), CommandKeys("true")], ids=["environment", "command"])
def test_keys_that_come_from_elsewhere_are_changed_there(source):
    for change in (source.add, lambda: source.forget("one")):
        with pytest.raises(WrappingKeysElsewhere):
            change()


def test_every_trouble_is_told_in_both_languages():
    direct = SealingTrouble.__subclasses__()
    kinds = [
        kind for kind in (*direct, *(inner for each in direct for inner in each.__subclasses__())) if kind.__name__[0] != "_"
    ]
    told = [
        kind(*["it" for part in signature(kind).parameters.values() if part.kind is part.POSITIONAL_OR_KEYWORD]) for kind in kinds
    ]
    assert len(told) >= 11
    assert len({trouble.zh for trouble in told}) == len({trouble.en for trouble in told}) == len(told)
    for trouble in told:
        assert (trouble.zh.isascii(), trouble.en.isascii()) == (False, True), trouble
