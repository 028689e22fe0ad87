"""Sweep the key store: data keys that no value uses are found, and destroyed once they have been so for a week."""

from jobs.shift import Shift


def sweep_keys(shift: Shift) -> str:
    """Sweep, if the ledger is sealed."""
    keys = shift.office.data_keys
    if keys is None:
        return "nothing is sealed here"
    swept = keys.sweep()
    return f"{swept.idle} data keys that nothing uses, {swept.destroyed} of them destroyed"
