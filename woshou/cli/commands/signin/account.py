"""`woshou account`: the people who sign in to the pages."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from adapters.auditing.trail import concerning
from adapters.office import Office
from adapters.signin.passwords import Passwords, check_new
from exchange.errors import NotFound
from exchange.ledger import ApiKey, Ledger
from exchange.signin.account import Account, AccountRole, checked_login, plain_login
from exchange.signin.refusals import PasswordElsewhere
from exchange.signin.session import Session
from exchange.verbs.signin.keep import end_account, new_key, open_account
from woshou.cli.call import Call, command, group
from woshou.cli.commands.apikey import BoundOption, bound_to
from woshou.cli.people import read_password
from woshou.cli.words import say

_COLUMNS = {
    "login": ("登录名", "Login"),
    "key": ("密钥编号", "Key"),
    "name": ("称呼", "Name"),
    "role": ("角色", "Role"),
    "jurisdiction": ("地区", "Jurisdiction"),
    "second_factor": ("验证器", "Second factor"),
    "must_change": ("须改密码", "Must change"),
    "locked": ("已锁定", "Locked"),
    "elsewhere": ("统一身份认证", "Signs in elsewhere"),
    "closed_at": ("关闭", "Closed"),
}
_SESSIONS = {
    "opened_at": ("登录", "Signed in"),
    "seen_at": ("最近使用", "Last used"),
    "open": ("有效", "Open"),
    "closed_at": ("结束", "Ended"),
}
# Without what looks alike on paper; sixteen of them are 79 bits.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
AccountArgument = Annotated[str, typer.Argument(help=say("登录名或密钥编号", "login, or the key's id"))]
AskOption = Annotated[
    bool,
    typer.Option("--ask", help=say("提示输入或从标准输入读取密码，不自动生成", "ask for the password, or read it from stdin")),
]


def _shown(account: Account, key: ApiKey, now: datetime) -> dict[str, object]:
    """An account without what is secret of it."""
    return {
        "login": account.login,
        "key": key.id,
        "name": key.name,
        "role": key.role,
        "jurisdiction": key.jurisdiction,
        "second_factor": account.totp is not None,
        "must_change": account.must_change,
        "locked": account.is_locked(now),
        "elsewhere": account.subject is not None,
        "created_at": key.created_at,
        "closed_at": key.revoked_at,
    }


def _listed(session: Session, now: datetime) -> dict[str, object]:
    told = {name: getattr(session, name) for name in ("opened_at", "seen_at", "closed_at")}
    return {**told, "open": session.holds(now)}


def _one_time() -> str:
    """A password to be handed over on paper or by telephone."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def _first_password(login: str, ask: bool) -> tuple[str, str | None]:
    """The hash of an account's first password, and the password if it was made here and has to be told; PasswordUnfit."""
    password = read_password() if ask else _one_time()
    if ask:
        check_new(password, login)
    return Passwords().hash(password), None if ask else password


def _find(ledger: Ledger, named: str, *, lock: bool = False) -> tuple[Account, ApiKey]:
    """The account of that login or key; NotFound."""
    account = ledger.accounts.named(plain_login(named), lock=lock) or ledger.accounts.of_key(named, lock=lock)
    key = ledger.access.api_key(account.key) if account is not None else None
    if account is None or key is None:
        raise NotFound
    return account, key


@contextmanager
def _changing(office: Office, named: str) -> Iterator[tuple[Ledger, Account, ApiKey]]:
    """A transaction on one account, told in the audit by its key."""
    with office.ledgers.transaction() as ledger:
        account, key = _find(ledger, named, lock=True)
        concerning([f"key:{key.id}"])
        yield ledger, account, key


def _done(call: Call, told: dict[str, object], password: str | None, zh: str, en: str) -> None:
    """Say that it is done; a password that was made is shown this once."""
    if password is not None:
        told = {**told, "password": password}
        zh = f"{zh}\n一次性密码（只显示这一次，首次登录须修改）：\n{password}"
        en = f"{en}\nThe one-time password, shown this once, to be changed when signing in:\n{password}"
    call.done(told, zh, en)


def install(app: typer.Typer) -> None:
    """Add the group."""
    accounts = group("网页账号：建立、列出、重置、解锁、关闭", "Accounts for the pages: create, list, reset, unlock, close")
    app.add_typer(accounts, name="account")

    @command(accounts, "create", zh="建立账号", en="Make an account")
    def create(
        call: Call,
        login: Annotated[str, typer.Option(help=say("登录名，如 zhangsan", "login, such as zhangsan"))],
        role: Annotated[AccountRole, typer.Option(help=say("角色", "role"))],
        name: Annotated[
            str,
            typer.Option(help=say("岗位或称呼，网页上显示", "the post, or what colleagues call the person; shown on the pages")),
        ],
        jurisdiction: BoundOption = None,
        ask: AskOption = False,
    ) -> None:
        chosen = checked_login(login)
        with call.office() as office:
            bound = bound_to(call, office, jurisdiction, handles_people=role is AccountRole.CLERK)
            password_hash, password = _first_password(chosen, ask)
            account = Account(key=new_key(), login=chosen, password_hash=password_hash, must_change=True)
            concerning([f"key:{account.key}"])
            now = office.now()
            with office.ledgers.transaction() as ledger:
                open_account(ledger, account, name=name, role=role, jurisdiction=bound, now=now)
                told = _shown(*_find(ledger, account.key), now)
        _done(call, told, password, f"账号 {chosen} 已建立。", f"The account {chosen} is made.")

    @command(accounts, "list", zh="列出账号", en="List accounts")
    def list_accounts(call: Call) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            keys = {key.id: key for key in ledger.access.api_keys()}
            rows = [_shown(account, keys[account.key], office.now()) for account in ledger.accounts.all()]
        call.rows(rows, _COLUMNS)

    @command(accounts, "reset", zh="重置密码，解锁，并结束其全部登录", en="Give a new password, unlock, and end all sessions")
    def reset(
        call: Call,
        account: AccountArgument,
        second_factor: Annotated[
            bool, typer.Option("--second-factor", help=say("同时停用验证器（如手机遗失）", "remove the second factor too"))
        ] = False,
        ask: AskOption = False,
    ) -> None:
        with call.office() as office:
            with office.ledgers.transaction(read_only=True) as ledger:
                found, _ = _find(ledger, account)
            if found.password_hash is None:
                raise PasswordElsewhere
            password_hash, password = _first_password(found.login, ask)
            with _changing(office, found.key) as (ledger, held, key):
                then = held.with_password(password_hash, must_change=True).unlocked()
                then = then.with_totp(None) if second_factor else then
                ledger.accounts.save(then)
                ledger.accounts.close_all(held.key, office.now())
            told = _shown(then, key, office.now())
        _done(call, told, password, f"账号 {found.login} 已重置。", f"The account {found.login} is reset.")

    @command(accounts, "unlock", zh="立即解除锁定", en="Unlock at once")
    def unlock(call: Call, account: AccountArgument) -> None:
        with call.office() as office:
            with _changing(office, account) as (ledger, held, key):
                then = held.unlocked()
                ledger.accounts.save(then)
            told = _shown(then, key, office.now())
        call.done(told, f"账号 {held.login} 已解锁。", f"The account {held.login} is unlocked.")

    @command(
        accounts, "close", zh="关闭账号，并结束其全部登录；不可恢复", en="Close an account for good, and end all its sessions"
    )
    def close(call: Call, account: AccountArgument) -> None:
        with call.office() as office:
            now = office.now()
            with _changing(office, account) as (ledger, held, key):
                end_account(ledger, held, now)
            told = _shown(held, replace(key, revoked_at=key.revoked_at or now), now)
        call.done(told, f"账号 {held.login} 已关闭。", f"The account {held.login} is closed.")

    @command(accounts, "sessions", zh="列出或结束账号的登录", en="List or end the sessions of an account")
    def sessions(
        call: Call,
        account: AccountArgument,
        end: Annotated[bool, typer.Option("--end", help=say("结束全部登录", "end all of them"))] = False,
    ) -> None:
        with call.office() as office:
            now = office.now()
            if end:
                with _changing(office, account) as (ledger, held, _):
                    ledger.accounts.close_all(held.key, now)
            with office.ledgers.transaction(read_only=True) as ledger:
                rows = [_listed(session, now) for session in ledger.accounts.sessions(_find(ledger, account)[0].key)]
        call.rows(rows, _SESSIONS)
