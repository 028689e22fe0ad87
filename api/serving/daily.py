"""The daily limits of clerks on what they ask; on whom they are shown it is `api.serving.shown`."""

from adapters.office import Office
from api.access import Caller
from api.rights import LocalRole
from exchange.ledger import Ledger
from exchange.verbs.work.count_deed import count_deed
from exchange.work.daily import Deed


def started(ledger: Ledger, office: Office, caller: Caller, times: int = 1) -> None:
    """Count queries in the request's own transaction, below 0 take them back; DailyLimit."""
    if caller.role is LocalRole.CLERK:
        count_deed(ledger, office.node, caller.key, Deed.QUERIES, times, office.now())


def asked_of_one(office: Office, caller: Caller) -> None:
    """Count a question about a person that is answered without showing one, in a transaction of its own; DailyLimit."""
    if caller.role is LocalRole.CLERK:
        with office.ledgers.transaction() as ledger:
            count_deed(ledger, office.node, caller.key, Deed.PERSONS, 1, office.now())
