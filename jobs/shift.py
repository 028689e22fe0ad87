"""What a job has at hand while its process leads."""

import threading
from dataclasses import dataclass

from adapters.office import Office
from adapters.partner_http import PartnerClient
from adapters.reconciling.night import Reconciling
from adapters.reconciling.tokens import TokenKeeper
from adapters.renewal import Renewals
from jobs.couriers import Couriers
from jobs.notifier import Notifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The open node, its couriers, and the sign to stop: a job looks at `stopping` between two transactions.

    `client` calls partners; `keeper` remembers the keys that it derived. There is a `notifier` only where own systems are to be
    told of anything.
    """

    office: Office
    client: PartnerClient
    couriers: Couriers
    renewals: Renewals
    keeper: TokenKeeper
    reconciling: Reconciling
    stopping: threading.Event
    notifier: Notifier | None = None
