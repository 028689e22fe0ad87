"""The daily limits of clerks, where persons are shown or queries are started."""

from adapters.office import Office
from api.access import Caller
from api.rights import LocalRole
from exchange.ledger import Ledger
from exchange.verbs.work.count_deed import count_deed
from exchange.work.daily import Deed


def started(ledger: Ledger, office: Office, caller: Caller) -> None:
    """Count one query in the request's own transaction; DailyLimit."""
    if caller.role is LocalRole.CLERK:
        count_deed(ledger, office.node, caller.key, Deed.QUERIES, 1, office.now())


def shown(office: Office, caller: Caller, persons: int = 1, *, sheet: bool = False) -> None:
    """Count persons, or a sheet of them, before they are shown, in a transaction of its own; DailyLimit."""
    if caller.role is LocalRole.CLERK and persons:
        with office.ledgers.transaction() as ledger:
            deed, times = (Deed.SHEETS, 1) if sheet else (Deed.PERSONS, persons)
            count_deed(ledger, office.node, caller.key, deed, times, office.now())
