"""Open and end accounts: each with the API key whose rights it has."""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime

from exchange.errors import Invalid
from exchange.jurisdiction import Level
from exchange.ledger import ApiKey, Ledger
from exchange.node import Node, NotServed
from exchange.signin.account import NO_SECRET, Account, AccountRole
from exchange.signin.claims import Claims
from exchange.signin.refusals import LoginTaken


class TownshipRole(Invalid):
    """A township answers what is assigned to it; it has no coordinators, operators and auditors of its own."""

    code = "township-role"
    zh = "乡镇、街道的密钥或账号只能是经办人（clerk）或系统（system）的。"
    en = "A township's key or account is a clerk's or a system's."


def new_key() -> str:
    """The id of a new API key."""
    return secrets.token_hex(6)


def check_bound(node: Node, bound: str, *, handles_people: bool) -> None:
    """NotServed for a place that has nothing to do with this node, TownshipRole for a role that a township has not.

    UnknownJurisdiction for a place that is none.
    """
    divisions, served = node.divisions, node.jurisdictions
    divisions.get(bound)
    if divisions.level_of(bound) is Level.TOWNSHIP:
        if divisions.county_of(bound) not in served:
            raise NotServed
        if not handles_people:
            raise TownshipRole
    elif not any(divisions.contains(bound, county) for county in served):
        raise NotServed


def open_account(ledger: Ledger, account: Account, *, name: str, role: AccountRole, jurisdiction: str, now: datetime) -> None:
    """Add an account and its key; LoginTaken. Whether the jurisdiction may have that role was checked."""
    if ledger.accounts.named(account.login) is not None:
        raise LoginTaken
    ledger.access.save_api_key(
        ApiKey(id=account.key, secret_hash=NO_SECRET, name=name, jurisdiction=jurisdiction, role=role.value, created_at=now)
    )
    ledger.accounts.add(account)


def follow_claims(ledger: Ledger, claims: Claims, now: datetime) -> Account:
    """The account of who signed in elsewhere, with the rights that they were given there; made if there was none."""
    account = ledger.accounts.of_subject(claims.subject, lock=True)
    if account is None:
        account = Account(key=new_key(), login=_login_of(claims.subject), password_hash=None, subject=claims.subject)
        open_account(ledger, account, name=claims.name, role=claims.role, jurisdiction=claims.jurisdiction, now=now)
        return account
    key = ledger.access.api_key(account.key)
    if key is not None:
        followed = replace(key, name=claims.name, role=claims.role.value, jurisdiction=claims.jurisdiction)
        if followed != key:
            ledger.access.save_api_key(followed)
    return account


def end_account(ledger: Ledger, account: Account, now: datetime) -> None:
    """Nobody signs in with it any more, and who is signed in no longer is."""
    key = ledger.access.api_key(account.key)
    if key is not None and key.revoked_at is None:
        ledger.access.save_api_key(replace(key, revoked_at=now))
    ledger.accounts.close_all(account.key, now)


def _login_of(subject: str) -> str:
    """A login that tells nothing, and that nobody signs in with."""
    return f"oidc-{hashlib.sha256(subject.encode()).hexdigest()[:24]}"
