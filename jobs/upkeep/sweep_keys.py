"""Sweep ledger and key store: what an older ledger brought back is erased again, and data keys that no value uses are found.

They are destroyed once they have been so for a week.
"""

from jobs.shift import Shift


def sweep_keys(shift: Shift) -> str:
    """Sweep, if the ledger is sealed."""
    keys = shift.office.data_keys
    if keys is None:
        return "nothing is sealed here"
    again = keys.erase_again()
    swept = keys.sweep()
    return f"{again} erased again, {swept.idle} data keys that nothing uses, {swept.destroyed} of them destroyed"
