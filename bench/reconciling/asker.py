"""The asking node of the bench, in a process of its own: for each line that it reads it compares the pair, and tells how.

python -m bench.reconciling.asker DATA_FOLDER
"""

import json
import sys
import time
from pathlib import Path

from adapters.partner_calls import PartnerUnavailable
from adapters.partner_http import PartnerClient, http_client
from adapters.reconciling.registers import RegisterReconciler
from adapters.reconciling.tokens import TokenKeeper
from adapters.renewal import Renewals
from bench.reconciling.nodes import PAIR, compared_by
from exchange.reconciling.pairs import Comparable
from exchange.reconciling.results import RegisterRun
from woshou.settings import Settings
from woshou.wiring import open_office


def compared(reconciler: RegisterReconciler, what: Comparable) -> RegisterRun:
    """One run; while the partner makes its tokens for the first time it is asked again."""
    while True:
        try:
            return reconciler.reconcile(what, PAIR.origin, reconciliation=None)
        except PartnerUnavailable as trouble:
            if trouble.wait is None:
                raise
            time.sleep(trouble.wait.total_seconds())


def main() -> None:
    settings = Settings(data=Path(sys.argv[1]))  # type: ignore[call-arg] # the others come from the file
    with open_office(settings) as office, http_client(reach=office.reach) as client:
        calling = PartnerClient(office, client)
        reconciler = RegisterReconciler(office, calling, Renewals(office, calling), TokenKeeper(office))
        what = compared_by(office, office.ledgers)
        print("ready", flush=True)
        for _ in sys.stdin:
            run = compared(reconciler, what)
            print(json.dumps({"outcome": run.outcome, "calls": run.calls}), flush=True)


if __name__ == "__main__":
    main()
