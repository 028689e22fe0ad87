"""Look at a partner's node document anew when it may have changed: an unknown key, or an hour gone by.

Anyone can send a request that names an unknown key, so the looks are rationed: one a minute for each partner.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from adapters.keys.errors import BadSignature, UnknownKey
from adapters.office import Office
from adapters.partner_http import PartnerClient
from exchange.errors import NotAuthentic, PartnerTrouble, Refused, WoshouError
from exchange.partners import Partner
from exchange.verbs.onboard import renew_partner

T = TypeVar("T")
_log = structlog.get_logger("renewal")
_SECONDS = 60.0


class Renewals:
    """Takes over newer documents of partners that are trusted already."""

    def __init__(self, office: Office, client: PartnerClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._office, self._client, self._clock = office, client, clock
        self._lock = threading.Lock()
        self._looked: dict[str, float] = {}

    def renew(self, node: str) -> Partner | None:
        """The partner by a newer document; None if there is no newer one, or the last look was less than a minute ago.

        PartnerTrouble if the partner cannot be reached, NotAuthentic for a document that no trusted key has signed. No
        transaction may be open: the partner is called.
        """
        with self._lock:
            last = self._looked.get(node)
            if last is not None and self._clock() - last < _SECONDS:
                return None
            self._looked[node] = self._clock()
        with self._office.ledgers.transaction(read_only=True) as ledger:
            known = ledger.partners.get(node)
        if known is None:
            return None
        fresh = self._client.look_again(known)
        with self._office.ledgers.transaction() as ledger:
            known = ledger.partners.get(node)
            if known is None or fresh.document_version == known.document_version:
                return None
            renewed = renew_partner(ledger, known, fresh, self._office.now())
        _log.info("partner renewed", partner=node, version=fresh.document_version)
        return renewed

    def trusting(self, partner: Partner, check: Callable[[Partner], T]) -> T:
        """The check's value; if it failed for want of a key, the partner's document is looked at and the check made once more.

        A refusal of the second check, or of the first if there was nothing newer, goes to the caller.
        """
        try:
            return check(partner)
        except NotAuthentic as refusal:
            if not wants_key(refusal):
                raise
            try:
                renewed = self.renew(partner.node)
            except (PartnerTrouble, NotAuthentic, Refused) as trouble:
                _log.warning("partner not renewed", partner=partner.node, trouble=trouble.code)
                renewed = None
            if renewed is None:
                raise
        return check(renewed)


def wants_key(refusal: WoshouError) -> bool:
    """Whether a signature was refused because the key is not known here, or is not the one that signed."""
    return isinstance(refusal, UnknownKey | BadSignature) or isinstance(refusal.__cause__, UnknownKey | BadSignature)
