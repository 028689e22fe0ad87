"""Notify: tell own systems (webhooks) what has happened, where an address for it is set."""

from jobs.shift import Shift


def notify(shift: Shift) -> str:
    """Start what is due and do not wait for it: a slow receiver delays nobody else."""
    if shift.notifier is not None:
        shift.notifier.start()
    return ""


def notify_all(shift: Shift) -> int:
    """Post what is due now; how many were taken."""
    return 0 if shift.notifier is None else shift.notifier.start().result()
