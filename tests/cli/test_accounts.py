"""Accounts on the command line, and what stands of them where."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.clock import set_clock
from adapters.signin.signing_in import Opened, SigningIn
from exchange.signin.account import MOST_FAILURES, NO_SECRET
from exchange.signin.refusals import AccountLocked, SignInRefused
from exchange.signin.totp import code_at, step_of
from tests.builders import WUCHANG, XICHENG, a_moment
from tests.cli.conftest import Answer, Terminal
from tests.cli.screens import on_screen
from woshou.cli.call import Call

GIVEN = "梅花香自苦寒来 2026"


def create(node: Terminal, *more: str, login: str = "zhangsan", role: str = "clerk", stdin: str | None = None) -> Answer:
    return node("account", "create", "--login", login, "--role", role, "--name", "张三", *more, stdin=stdin)


def sign_in(node: Terminal, password: str, code: str = "", login: str = "zhangsan") -> Opened:
    with Call(data=node.data, json=True).office() as office:
        return SigningIn(office).by_password(login, password, code)


def holds(node: Terminal, opened: Opened) -> bool:
    with Call(data=node.data, json=True).office() as office:
        return SigningIn(office).session_of(opened.token) is not None


def listed(node: Terminal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = node("account", "list").json["items"]
    return found


def test_a_new_account_has_a_password_that_is_shown_once_and_must_be_changed(node: Terminal):
    made = create(node).json
    assert sign_in(node, made["password"]).account.must_change
    (row,) = listed(node)
    assert row == {
        "login": "zhangsan",
        "key": made["key"],
        "name": "张三",
        "role": "clerk",
        "jurisdiction": WUCHANG,
        "second_factor": False,
        "must_change": True,
        "locked": False,
        "elsewhere": False,
        "created_at": row["created_at"],
        "closed_at": None,
    }
    assert made == {**row, "password": made["password"]}


def test_the_first_password_may_be_given_on_standard_input(node: Terminal):
    made = create(node, "--ask", stdin=f"{GIVEN}\n").json
    assert "password" not in made
    assert sign_in(node, GIVEN).account.must_change
    refused = create(node, "--ask", login="lisi", stdin="short\n")
    assert refused.refusal["code"] == "password-unfit"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--login", "ZhangSan", "--role", "clerk"), "login-taken"),
        (("--login", "11010219900307123X", "--role", "clerk"), "login-unfit"),
        (("--login", "zhang.san", "--role", "clerk"), "login-unfit"),
        (("--login", "li", "--role", "clerk"), "login-unfit"),
        (("--login", "lisi", "--role", "clerk", "--jurisdiction", XICHENG), "not-served"),
        (("--login", "lisi", "--role", "auditor", "--jurisdiction", "420106001"), "township-role"),
        (("--login", "lisi", "--role", "clerk", "--jurisdiction", "999999"), "unknown-jurisdiction"),
    ],
)
def test_what_cannot_be_an_account_is_refused(node: Terminal, words: tuple[str, ...], code: str):
    create(node)
    assert node("account", "create", "--name", "x", *words).refusal["code"] == code
    assert len(listed(node)) == 1


def test_systems_have_keys_and_no_accounts(node: Terminal):
    assert create(node, role="system").code == 2


def test_accounts_are_bound_to_what_keys_may_be_bound_to(node: Terminal):
    for n, (role, place) in enumerate([("clerk", "420106001"), ("coordinator", "420000"), ("auditor", WUCHANG)]):
        assert create(node, "--jurisdiction", place, login=f"user{n}", role=role).code == 0
    assert [(row["role"], row["jurisdiction"]) for row in listed(node)] == [
        ("clerk", "420106001"),
        ("coordinator", "420000"),
        ("auditor", WUCHANG),
    ]


def test_the_key_of_an_account_opens_nothing_by_itself_and_is_told_from_others(node: Terminal):
    made = create(node).json
    plain = node("apikey", "create", "--name", "desk", "--role", "clerk").json
    keys = {key["id"]: key["account"] for key in node("apikey", "list").json["items"]}
    assert keys == {made["key"]: True, plain["id"]: False}
    with Call(data=node.data, json=True).office() as office, office.ledgers.transaction(read_only=True) as ledger:
        key = ledger.access.api_key(made["key"])
        assert key is not None
        assert key.secret_hash == NO_SECRET


def test_a_reset_gives_another_password_unlocks_and_ends_all_sessions(node: Terminal):
    old = create(node).json["password"]
    opened = sign_in(node, old)
    for _ in range(MOST_FAILURES):
        with pytest.raises((SignInRefused, AccountLocked)):
            sign_in(node, "wrong password")
    assert listed(node)[0]["locked"]
    new = node("account", "reset", "zhangsan").json["password"]
    assert not holds(node, opened)
    with pytest.raises(SignInRefused):
        sign_in(node, old)
    assert sign_in(node, new).account.must_change


def test_a_reset_leaves_the_second_factor_unless_it_is_to_go(node: Terminal, tmp_path: Path):
    opened = sign_in(node, create(node).json["password"])
    with Call(data=node.data, json=True).office() as office:
        signing = SigningIn(office)
        password = node("account", "reset", "zhangsan").json["password"]
        opened = signing.by_password("zhangsan", password)
        offered = signing.enrol_totp(opened.token)
        signing.confirm_totp(opened.token, password, offered.secret, code_at(offered.secret, step_of(office.now())))
    set_clock(tmp_path / "clock", a_moment() + timedelta(minutes=1))
    assert node("account", "reset", "zhangsan").json["second_factor"]
    again = node("account", "reset", "zhangsan", "--second-factor").json
    assert not again["second_factor"]
    sign_in(node, again["password"])


def test_an_account_is_unlocked_at_once(node: Terminal):
    password = create(node).json["password"]
    for _ in range(MOST_FAILURES):
        with pytest.raises((SignInRefused, AccountLocked)):
            sign_in(node, "wrong password")
    with pytest.raises(AccountLocked):
        sign_in(node, password)
    assert not node("account", "unlock", "zhangsan").json["locked"]
    sign_in(node, password)


def test_a_closed_account_signs_nobody_in_and_keeps_nobody_signed_in(node: Terminal):
    made = create(node).json
    opened = sign_in(node, made["password"])
    closed = node("account", "close", made["key"]).json
    assert closed["closed_at"]
    assert not holds(node, opened)
    with pytest.raises(SignInRefused):
        sign_in(node, made["password"])
    assert node("account", "close", made["key"]).json["closed_at"] == closed["closed_at"]
    assert create(node).refusal["code"] == "login-taken"


def test_sessions_are_listed_and_ended(node: Terminal):
    made = create(node).json
    opened = sign_in(node, made["password"])
    shown = node("account", "sessions", "zhangsan").json["items"]
    assert [(row["open"], row["closed_at"]) for row in shown] == [(True, None)]
    assert opened.session.id not in json.dumps(shown)
    (row,) = node("account", "sessions", "zhangsan", "--end").json["items"]
    assert not row["open"]
    assert not holds(node, opened)


@pytest.mark.parametrize("word", ["reset", "unlock", "close", "sessions"])
def test_what_nobody_has_is_not_found(node: Terminal, word: str):
    assert node("account", word, "lisi").refusal["code"] == "not-found"


def test_each_deed_is_told_by_the_key_and_no_login_name_or_password_stands_in_the_audit(node: Terminal):
    login, name = "zhang-san", "zhang.san"
    made = node("account", "create", "--login", login, "--role", "clerk", "--name", name).json
    passwords = {made["password"], node("account", "reset", login).json["password"]}
    for words in (("unlock",), ("sessions", "--end"), ("close",)):
        assert node("account", words[0], login, *words[1:]).code == 0
    rows = [row for row in node("audit", "list").json["items"] if row["action"].startswith("account ")]
    assert {row["action"] for row in rows} == {f"account {word}" for word in ("create", "reset", "unlock", "sessions", "close")}
    assert {subject for row in rows for subject in row["subjects"]} == {f"key:{made['key']}"}
    told = json.dumps(rows, ensure_ascii=False)
    assert not [word for word in (login, name, *passwords) if word in told]


def test_people_read_it_in_words(node: Terminal):
    words = ("account", "create", "--login", "zhangsan", "--role", "coordinator", "--name", "张三")
    assert "one-time password" in on_screen(node, *words)
    assert "zhangsan" in on_screen(node, "account", "list")
    assert "zhangsan" in on_screen(node, "account", "unlock", "zhangsan")
