"""What a job has at hand while its process leads."""

import threading
from dataclasses import dataclass

from adapters.office import Office
from adapters.renewal import Renewals
from jobs.couriers import Couriers


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The open node, its couriers, and the sign to stop: a job looks at `stopping` between two transactions."""

    office: Office
    couriers: Couriers
    renewals: Renewals
    stopping: threading.Event
