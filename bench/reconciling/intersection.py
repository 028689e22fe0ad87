"""What a keyed token costs, what trying a county's ID numbers costs who holds the key, and what private set intersection costs.

    python -m bench.reconciling.intersection [--json]

The intersection is the one from Diffie-Hellman (Meadows 1986; Huberman, Franklin, Hogg 1999): each side raises its own hashed
persons and then the other's blinded ones to its secret, and both learn who is in both. It is over X25519 as `cryptography`
has it, which takes any 32 bytes as a point: right for the cost, but no implementation to deploy, since one can see whether a
hash lies on the curve or on its twist. Counts above those measured are extrapolated, and called so.
"""

import argparse
import hmac
import json
import os
import time
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

COUNTS = (1_000, 10_000)
FOR = 1_000_000
COUNTY, YEARS = "420106", 80
_ONE_YEAR = 1985
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def numbers(first: date, days: int) -> Iterator[str]:
    """Every ID number that can have been issued in the county for these days of birth."""
    for day in range(days):
        head = f"{COUNTY}{first + timedelta(days=day):%Y%m%d}"
        weight = sum(int(digit) * by for digit, by in zip(head, _WEIGHTS, strict=False))
        for order in range(1_000):
            tail = f"{order:03d}"
            rest = weight + sum(int(digit) * by for digit, by in zip(tail, _WEIGHTS[14:], strict=True))
            yield head + tail + _CHECKS[rest % 11]


def token(key: bytes, number: str) -> bytes:
    """The token of protocol.md, Reconciliation 2, under a key that both nodes hold."""
    return hmac.digest(key, b"id_number\0" + number.encode(), "sha256")


class Side:
    """One of the two: its persons, and a secret of its own for this run."""

    def __init__(self, persons: list[str]) -> None:
        self.persons = persons
        self._secret = X25519PrivateKey.generate()

    def blinded(self) -> list[bytes]:
        return self.raised([sha256(person.encode()).digest() for person in self.persons])

    def raised(self, points: list[bytes]) -> list[bytes]:
        """In the order in which they came, so that who sent them knows whose each is."""
        return [self._secret.exchange(X25519PublicKey.from_public_bytes(point)) for point in points]

    def alone(self, mine_twice: list[bytes], theirs_twice: list[bytes]) -> set[str]:
        """Who is on this side only."""
        held = set(theirs_twice)
        return {person for person, point in zip(self.persons, mine_twice, strict=True) if point not in held}


def intersect(count: int) -> dict[str, float]:
    """Both sides' CPU and bytes for registers of so many, a hundredth of whom is on one side only; checked."""
    everybody = list(numbers(date(_ONE_YEAR, 1, 1), 2 + count * 101 // 100_000))
    apart = count // 100
    left, right = Side(everybody[:count]), Side(everybody[apart : count + apart])
    began = time.process_time()
    from_left, from_right = left.blinded(), right.blinded()
    right_twice, left_twice = left.raised(from_right), right.raised(from_left)
    alone = left.alone(left_twice, right_twice), right.alone(right_twice, left_twice)
    spent = time.process_time() - began
    if alone != (set(everybody[:apart]), set(everybody[count : count + apart])):
        raise RuntimeError("others are alone than were planted")
    sent = sum(map(len, from_left + from_right + left_twice + right_twice))
    return {"cpu": round(spent, 3), "bytes": sent, "microseconds_a_person_and_side": round(spent / count / 2 * 1e6, 1)}


def tokens(count: int) -> dict[str, float]:
    """CPU of both sides for the tokens of so many, as if none were kept."""
    key, persons = os.urandom(32), list(numbers(date(_ONE_YEAR, 1, 1), 1 + count // 1_000))[:count]
    began = time.process_time()
    for _ in ("left", "right"):
        held = {token(key, person) for person in persons}
    spent = time.process_time() - began
    if len(held) != count:
        raise RuntimeError("two persons have one token")
    return {"cpu": round(spent, 4), "microseconds_a_person_and_side": round(spent / count / 2 * 1e6, 2)}


def guessing() -> dict[str, float]:
    """Who holds the key tries every number of one year of birth, and finds the person who was looked for."""
    key, days = os.urandom(32), 365
    sought = token(key, next(numbers(date(_ONE_YEAR, 12, 31), 1)))
    began = time.process_time()
    found = [number for number in numbers(date(_ONE_YEAR, 1, 1), days) if token(key, number) == sought]
    spent = time.process_time() - began
    if len(found) != 1:
        raise RuntimeError("the number was not found")
    a_second = days * 1_000 / spent
    return {"numbers_a_second": round(a_second), "seconds_a_county_extrapolated": round(YEARS * 365.25 * 1_000 / a_second, 1)}


def measured() -> dict[str, Any]:
    intersection = {count: intersect(count) for count in COUNTS}
    keyed = {count: tokens(count) for count in COUNTS}
    times = FOR / COUNTS[-1]
    return {
        "bench": "intersection",
        "intersection": intersection,
        "tokens": keyed,
        "extrapolated": {
            "entries": FOR,
            "intersection": {what: round(intersection[COUNTS[-1]][what] * times) for what in ("cpu", "bytes")},
            "tokens": {"cpu": round(keyed[COUNTS[-1]]["cpu"] * times, 2)},
        },
        "guessing": guessing(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    chosen = parser.parse_args()
    found = measured()
    if chosen.json:
        print(json.dumps(found))
        return
    print(f"{'both sides':<28}{'CPU s':>10}{'bytes':>14}{'µs a person and side':>24}")
    for name in ("intersection", "tokens"):
        for count, took in found[name].items():
            sent = f"{took['bytes']:,}" if "bytes" in took else "–"
            print(f"{name + f', {count:,}':<28}{took['cpu']:>10.3f}{sent:>14}{took['microseconds_a_person_and_side']:>24.2f}")
    further = found["extrapolated"]
    print(f"extrapolated to {FOR:,} entries: intersection {further['intersection']['cpu']:,.0f} s of CPU and ", end="")
    print(f"{further['intersection']['bytes']:,} bytes; tokens {further['tokens']['cpu']:.1f} s of CPU")
    guessed, rate = found["guessing"]["seconds_a_county_extrapolated"], found["guessing"]["numbers_a_second"]
    print(f"who holds the key tries {rate:,} numbers a second on one core,")
    print(f"all of a county's {YEARS} years of birth in {guessed:.0f} s (extrapolated from one year)")


if __name__ == "__main__":
    main()
