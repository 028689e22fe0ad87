"""The keeper of the tokens: derives the keys that they are made under, and sees to it that they are there and up to date."""

from collections.abc import Iterable
from datetime import datetime
from threading import Event
from typing import TypeAlias

import structlog

from adapters.keys import agreeing
from adapters.keys.errors import KeyringTrouble
from adapters.office import Office
from exchange.codes import Item
from exchange.ledger import Ledger
from exchange.partners import PartnerKey
from exchange.reconciling.keys import KidNotTrusted, TokenKey, TokenKeyGone
from exchange.reconciling.pairs import Comparable
from exchange.reconciling.tokens import Tokening
from exchange.verbs.reconciling import keep_tokens as verb
from exchange.verbs.reconciling.keep_tokens import AT_ONCE

_log = structlog.get_logger("tokens")
# Entries whose tokens one call may make before it answers: about half a second's work.
PREPARED_AT_ONCE = 20_000
TokenName: TypeAlias = tuple[bytes, str, tuple[Item, ...]]


class TokenKeeper:
    """Keeps the tokens of one node; safe for many threads. What was derived stays in this process's memory, and nowhere else."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._known: dict[TokenName, Tokening] = {}

    def kids(self, what: Comparable, own: str, now: datetime) -> tuple[str, str]:
        """The newest encryption keys of origin and destination; KidNotTrusted if the partner has none, NoUsableKey if we."""
        mine = self._office.keyring.newest_encryption_kid(now)
        with self._office.ledgers.transaction(read_only=True) as ledger:
            trusted = [key for key in self._keys(ledger, what.partner) if key.use == "enc" and key.trusted_at(now)]
        if not trusted:
            raise KidNotTrusted("")
        theirs = mine if what.partner == self._office.node.name else max(trusted, key=_newness).kid
        return (mine, theirs) if own == what.pair.origin else (theirs, mine)

    def key_for(self, what: Comparable, own: str, month: str, kids: tuple[str, str]) -> TokenKey:
        """The key of this name, found or added; KidNotTrusted unless both encryption keys may be used now."""
        now = self._office.now()
        wanted = TokenKey(
            agreement=what.agreement,
            partner=what.partner,
            pair=what.pair,
            own=own,
            month=month,
            kids=kids,
            items=what.terms.items,
            made_at=now,
        )
        with self._office.ledgers.transaction(read_only=True) as ledger:
            mine, theirs = _sides(wanted)
            _require(agreeing.own_encryption_keys(self._office.keyring), mine, now)
            _require(self._keys(ledger, what.partner), theirs, now)
            found = ledger.tokens.find(wanted)
        if found is not None:
            return found
        with self._office.ledgers.transaction() as ledger:
            return verb.add_key(ledger, wanted)

    def tokening(self, key: TokenKey) -> Tokening:
        """What makes tokens under a key; KidNotTrusted if one of its encryption keys is not held any more."""
        known = self._known.get(_name(key))
        if known is not None:
            return known
        with self._office.ledgers.transaction(read_only=True) as ledger:
            return self._tokening(ledger, key)

    def prepare(self, key: TokenKey, limit: int) -> TokenKey | None:
        """Take up the queue, then make what is missing: about `limit` entries of work, some thousands in each transaction.

        The key as it now stands once all is done, None if work is left; TokenKeyGone if it was dropped meanwhile.
        """
        left = limit
        while True:
            done = self._ready(key.id)
            if done is not None:
                return done
            if left <= 0:
                return None
            left -= self.take_up(left)
            if left > 0:
                with self._office.ledgers.transaction() as ledger:
                    left -= verb.make_some(ledger, key.id, self._tokening, min(left, AT_ONCE)).entries

    def take_up(self, limit: int) -> int:
        """Bring at most about so many changed entries up to date; how many were, less than `limit` once none waits."""
        done = 0
        while done < limit:
            with self._office.ledgers.transaction(read_only=True) as ledger:
                waits = bool(ledger.tokens.queued(1))
            if not waits:
                break
            self._drop_underivable()
            with self._office.ledgers.transaction() as ledger:
                done += verb.take_up(ledger, self._tokening, min(limit - done, AT_ONCE))
        return done

    def make_some(self, key: TokenKey) -> TokenKey:
        """Make the next of a key's missing tokens in one transaction; TokenKeyGone."""
        with self._office.ledgers.transaction() as ledger:
            return verb.make_some(ledger, key.id, self._tokening).key

    def _ready(self, key_id: int) -> TokenKey | None:
        with self._office.ledgers.transaction(read_only=True) as ledger:
            key = ledger.tokens.get(key_id)
            if key is None:
                raise TokenKeyGone
            return key if key.ready and not ledger.tokens.queued(1) else None

    def _drop_underivable(self) -> None:
        """Drop what cannot be kept any more, or one lost encryption key would hold up the queue of all others."""
        lost = []
        with self._office.ledgers.transaction(read_only=True) as ledger:
            for key in ledger.tokens.all():
                try:
                    self._tokening(ledger, key)
                except (KidNotTrusted, KeyringTrouble) as trouble:
                    _log.warning("tokens dropped", partner=key.partner, month=key.month, trouble=trouble.code)
                    lost.append(key.id)
        for key_id in lost:
            self.drop(key_id)

    def drop(self, key_id: int, stopping: Event | None = None) -> bool:
        """Erase a key and its tokens, some thousands in each transaction; False if `stopping` was set before it was gone."""
        gone = False
        while not gone and not (stopping is not None and stopping.is_set()):
            with self._office.ledgers.transaction() as ledger:
                gone = verb.drop_some(ledger, key_id)
        return gone

    def _tokening(self, ledger: Ledger, key: TokenKey) -> Tokening:
        name = _name(key)
        known = self._known.get(name)
        if known is None:
            mine, theirs = _sides(key)
            other = agreeing.encryption_key(self._keys(ledger, key.partner), theirs)
            if other is None:
                raise KidNotTrusted(theirs)
            secret = agreeing.agree(self._office.keyring, mine, other, key.info)
            known = self._known[name] = Tokening(secret, key.items)
        return known

    def _keys(self, ledger: Ledger, partner: str) -> tuple[PartnerKey, ...]:
        if partner == self._office.node.name:
            return agreeing.own_encryption_keys(self._office.keyring)
        known = ledger.partners.get(partner)
        return () if known is None else known.keys


def _sides(key: TokenKey) -> tuple[str, str]:
    """The kid of our side of the pair, and that of the other."""
    origin, destination = key.kids
    return (origin, destination) if key.own == key.pair.origin else (destination, origin)


def _require(keys: Iterable[PartnerKey], kid: str, now: datetime) -> None:
    key = agreeing.encryption_key(keys, kid)
    if key is None or not key.trusted_at(now):
        raise KidNotTrusted(kid)


def _newness(key: PartnerKey) -> datetime:
    return key.not_before


def _name(key: TokenKey) -> TokenName:
    return key.info, key.own, key.items
