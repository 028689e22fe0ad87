"""Signing in: passwords, codes and what is counted of wrong ones; sessions, and what a person changes of the own account.

Passwords are hashed outside any transaction. What is decided is decided in one, on the account as it is then: of two wrong
passwords at once both count, and of two equal codes one is taken. Each deed leaves its row in the audit in the transaction of
what it changed; it names the key of the account, never the login. The request's own trail, if there is one, is left out of these.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from adapters.auditing.flood import Flood
from adapters.auditing.trail import leaving
from adapters.office import Office
from adapters.signin.passwords import Passwords, check_new
from exchange.auditing.event import NODE_WIDE, UNKNOWN, Actor, ActorKind, AuditEvent
from exchange.errors import WoshouError
from exchange.ledger import ApiKey, Ledger, LedgerBusy
from exchange.node import Node
from exchange.signin.account import Account, plain_login
from exchange.signin.claims import Claims
from exchange.signin.refusals import (
    AccountLocked,
    CodeNeeded,
    CodeWrong,
    PasswordElsewhere,
    PasswordUnfit,
    SecondFactorSet,
    SignedOut,
    SignInRefused,
)
from exchange.signin.session import NOTED_EVERY, Session
from exchange.signin.totp import is_secret, matching_step, new_secret, provisioning_uri
from exchange.verbs.signin.keep import follow_claims

SIGN_IN, LOCK_OUT, SIGN_OUT = "sign-in", "lock-out", "sign-out"
CHANGE_PASSWORD, ADD_FACTOR, REMOVE_FACTOR = "change-password", "add-second-factor", "remove-second-factor"
_TOKEN_BYTES = 32
T = TypeVar("T")
Known = tuple[Session, Account, ApiKey]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Opened:
    """Somebody signed in: `token` goes into the cookie and is nowhere else. If `account.must_change`, that comes first."""

    token: str
    session: Session
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Enrolment:
    """A second factor that is offered: nothing is stored of it before a code has confirmed it."""

    secret: str
    uri: str


class SigningIn:
    """What the pages ask about who is there."""

    def __init__(self, office: Office, passwords: Passwords | None = None) -> None:
        self._office, self._passwords = office, passwords or Passwords()
        self._flood = Flood()

    def by_password(self, login: str, password: str, code: str = "") -> Opened:
        """Sign in; SignInRefused, CodeNeeded, AccountLocked. No two sign-ins have the same token."""
        with self._transaction(read_only=True) as ledger:
            found = ledger.accounts.named(plain_login(login))
        right = self._is_right(found, password)
        stored = found.password_hash if found is not None and right else None
        newer = self._passwords.hash(password) if stored is not None and self._passwords.is_outdated(stored) else stored

        def proven(account: Account) -> Account:
            return replace(self._coded(account, code).unlocked(), password_hash=newer)

        return self._judged(SIGN_IN, found, right, proven, self._open)

    def by_claims(self, claims: Claims) -> Opened:
        """Sign in whom a provider has named; the first time makes the account, and each time its rights follow. SignInRefused."""
        with self._transaction() as ledger:
            account = follow_claims(ledger, claims, self._office.now())
            if self._has_ended(ledger, account):
                refusal = SignInRefused()
                self._tell(ledger, SIGN_IN, account, refusal)
            else:
                opened = self._open(ledger, account)
                self._tell(ledger, SIGN_IN, account)
                return opened
        raise refusal

    def sign_out(self, token: str) -> None:
        """End a session; nothing happens if there is none."""
        with self._transaction() as ledger:
            session = ledger.accounts.session(hash_token(token))
            if session is not None and ledger.accounts.close(session.id, self._office.now()):
                self._tell(ledger, SIGN_OUT, ledger.accounts.of_key(session.key))

    def session_of(self, token: str) -> Known | None:
        """Who a token stands for; None if it is unknown or closed, too old or idle, or the account has ended."""
        now = self._office.now()
        with self._transaction(read_only=True) as ledger:
            self._office.look_up(ledger)
            session = ledger.accounts.session(hash_token(token))
            if session is None or not session.holds(now):
                return None
            account, key = ledger.accounts.of_key(session.key), ledger.access.api_key(session.key)
        if account is None or key is None or key.revoked_at is not None:
            return None
        if now - session.seen_at < NOTED_EVERY:
            return session, account, key
        # Who only reads does not fail because another one writes.
        with suppress(LedgerBusy), self._transaction() as ledger:
            if not ledger.accounts.seen(session.id, now):
                return None
        return replace(session, seen_at=now), account, key

    def change_password(self, token: str, password: str, new: str) -> Opened:
        """Take another password; SignInRefused, AccountLocked, PasswordUnfit, PasswordElsewhere.

        As with every change of how somebody signs in, all sessions are closed, and one is opened that goes on.
        """
        account = self._own(token)
        check_new(new, account.login)
        if new == password:
            raise PasswordUnfit
        right = self._is_right(account, password)
        stored = self._passwords.hash(new) if right else ""
        return self._judged(CHANGE_PASSWORD, account, right, lambda held: held.with_password(stored), self._open_anew)

    def enrol_totp(self, token: str, *, again: str = "") -> Enrolment:
        """Offer a second factor: its secret, and what an authenticator app reads from a QR code. SecondFactorSet.

        `again` is the secret that was offered before, which the app may hold already.
        """
        account = self._own(token)
        if account.totp is not None:
            raise SecondFactorSet
        secret = again if is_secret(again) else new_secret()
        return Enrolment(secret=secret, uri=provisioning_uri(secret, account.login, self._office.node.title))

    def confirm_totp(self, token: str, password: str, secret: str, code: str) -> Opened:
        """Take the second factor that was offered, by the password and a code of it.

        CodeWrong, SignInRefused, AccountLocked, SecondFactorSet.
        """
        account = self._own(token)
        step = matching_step(secret, code, self._office.now(), 0) if is_secret(secret) else None
        if step is None:
            raise CodeWrong

        def take(held: Account) -> Account:
            if held.totp is not None:
                raise SecondFactorSet
            return held.with_totp(secret, step)

        return self._judged(ADD_FACTOR, account, self._is_right(account, password), take, self._open_anew)

    def remove_totp(self, token: str, password: str, code: str) -> Opened:
        """Give the second factor up, by the password and a code of it; SignInRefused, CodeNeeded, AccountLocked."""
        account = self._own(token)

        def give_up(held: Account) -> Account:
            return self._coded(held, code).with_totp(None)

        return self._judged(REMOVE_FACTOR, account, self._is_right(account, password), give_up, self._open_anew)

    def _own(self, token: str) -> Account:
        """Whose session it is, if they have a password here; SignedOut, PasswordElsewhere."""
        known = self.session_of(token)
        if known is None:
            raise SignedOut
        _, account, _ = known
        if account.password_hash is None:
            raise PasswordElsewhere
        return account

    def _is_right(self, account: Account | None, password: str) -> bool:
        """Whether it is the password. Of a locked account nobody learns that, so that no work is done."""
        if account is not None and account.is_locked(self._office.now()):
            return False
        return self._passwords.matches(account.password_hash if account is not None else None, password)

    def _coded(self, account: Account, code: str) -> Account:
        """The account with the code used up, where it has a second factor; CodeNeeded, SignInRefused."""
        if account.totp is None:
            return account
        if not code.strip():
            raise CodeNeeded
        step = matching_step(account.totp, code, self._office.now(), account.totp_step)
        if step is None:
            raise SignInRefused
        return replace(account, totp_step=step)

    def _judged(
        self,
        action: str,
        found: Account | None,
        right: bool,
        change: Callable[[Account], Account],
        do: Callable[[Ledger, Account], T],
    ) -> T:
        """Do it if the password was right and `change` allows it; else count what was wrong, and refuse."""
        now = self._office.now()
        with self._transaction() as ledger:
            account = ledger.accounts.of_key(found.key, lock=True) if found is not None else None
            if found is not None and account is not None and account.password_hash != found.password_hash:
                raise LedgerBusy  # changed since it was looked at
            try:
                changed = self._changed(ledger, account, right, change)
            except (SignInRefused, CodeNeeded, AccountLocked, SecondFactorSet) as exc:
                refusal: WoshouError = exc
            else:
                ledger.accounts.save(changed)
                done = do(ledger, changed)
                self._tell(ledger, action, changed)
                return done
            if isinstance(refusal, SignInRefused) and account is not None and account.password_hash is not None:
                failed = account.failed(now)
                ledger.accounts.save(failed)
                if failed.is_locked(now):
                    action, refusal = LOCK_OUT, AccountLocked()
            self._tell(ledger, action, account, refusal)
        raise refusal

    def _changed(self, ledger: Ledger, account: Account | None, right: bool, change: Callable[[Account], Account]) -> Account:
        """What becomes of the account; SignInRefused, AccountLocked, and what `change` raises."""
        if account is not None and account.is_locked(self._office.now()):
            raise AccountLocked
        if account is None or not right or self._has_ended(ledger, account):
            raise SignInRefused
        return change(account)

    def _has_ended(self, ledger: Ledger, account: Account) -> bool:
        key = ledger.access.api_key(account.key)
        return key is None or key.revoked_at is not None

    def _open(self, ledger: Ledger, account: Account) -> Opened:
        now, token = self._office.now(), secrets.token_urlsafe(_TOKEN_BYTES)
        csrf = secrets.token_urlsafe(_TOKEN_BYTES)
        session = Session(id=hash_token(token), key=account.key, csrf=csrf, opened_at=now, seen_at=now)
        ledger.accounts.open(session)
        return Opened(token=token, session=session, account=account)

    def _open_anew(self, ledger: Ledger, account: Account) -> Opened:
        ledger.accounts.close_all(account.key, self._office.now())
        return self._open(ledger, account)

    @contextmanager
    def _transaction(self, *, read_only: bool = False) -> Iterator[Ledger]:
        with leaving(None), self._office.ledgers.transaction(read_only=read_only) as ledger:
            yield ledger

    def _tell(self, ledger: Ledger, action: str, account: Account | None, refusal: WoshouError | None = None) -> None:
        """Leave a row: of a deed one, of a flood of refusals some and a count."""
        key = ledger.access.api_key(account.key) if account is not None else None
        event = AuditEvent(
            at=self._office.now(),
            jurisdiction=chain_of(self._office.node, key.jurisdiction) if key is not None else NODE_WIDE,
            actor=Actor(kind=ActorKind.KEY, id=key.id, role=key.role) if key is not None else UNKNOWN,
            action=action,
            problem=refusal.code if refusal is not None else None,
            subjects=(f"key:{key.id}",) if key is not None else (),
        )
        ledger.audit.append(self._flood.admit(event) if refusal is not None else [event])


def hash_token(token: str) -> str:
    """By what a session is found: a token has 256 random bits, so that a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def chain_of(node: Node, jurisdiction: str) -> str:
    """In whose chain of the audit it is told what somebody of a jurisdiction did: the one county's, or the node's."""
    divisions = node.divisions
    counties = [county for county in node.jurisdictions if divisions.contains(jurisdiction, county)]
    if not counties and (around := divisions.county_of(jurisdiction)) in node.jurisdictions:
        counties = [around]
    return counties[0] if len(counties) == 1 else NODE_WIDE
