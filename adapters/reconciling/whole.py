"""A node's reconciling with all its parts, as the job and the command line use it."""

from adapters.comparing import Comparer
from adapters.office import Office
from adapters.partner_http import PartnerClient
from adapters.reconciling.ledgers import LedgerReconciler
from adapters.reconciling.lines import Pace
from adapters.reconciling.night import Reconciling
from adapters.reconciling.registers import RegisterReconciler
from adapters.reconciling.tokens import TokenKeeper
from adapters.renewal import Renewals


def reconciling_of(
    office: Office, client: PartnerClient, renewals: Renewals, keeper: TokenKeeper, pace: Pace | None = None
) -> Reconciling:
    """Ledgers first, link by link, and then registers, pair by pair."""
    ledgers = LedgerReconciler(office, client, renewals, Comparer(office, client, renewals))
    registers = RegisterReconciler(office, client, renewals, keeper)
    return Reconciling(office, ledgers.reconcile, registers.reconcile, pace)
