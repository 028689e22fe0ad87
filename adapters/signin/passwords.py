"""Passwords: Argon2id with the library's parameters, and which ones are refused.

There are no rules of composition: they make passwords that are written down. What is tried first is refused.
"""

import base64
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from exchange.signin.refusals import PasswordUnfit

SHORTEST, LONGEST = 12, 128
# Of a password that has the login in it, so much must be left without it.
_BESIDE_LOGIN = 8
_FEWEST_CHARACTERS = 4
# Each takes 64 MiB and four threads for some 50 ms: more at a time would be a way to bring the node down.
_AT_ONCE = 4
# Twelve characters or more, and on every list of what is tried first; without what lies between letters and digits.
_OBVIOUS = frozenset(
    {
        *("password1234", "password12345", "password123456", "passwordpassword", "administrator", "administrator1"),
        *("adminadmin123", "admin12345678", "admin123456789", "welcome12345", "welcome123456", "letmeinletmein"),
        *("changemechangeme", "changeme1234", "qwertyuiop12", "qwertyuiop123", "qwertyuiopasdf", "qwerty123456", "1qaz2wsx3edc"),
        *(
            "1qaz2wsx3edc4rfv",
            "qazwsxedcrfv",
            "abcdefghijkl",
            "abcdefghijklmnop",
            "abcd12345678",
            "abc123456789",
            "a123456789012",
        ),
        *("123456789012", "1234567890123", "12345678901234", "123456789abc", "12345678abcd", "1234567890ab", "123qweasdzxc"),
        *("112233445566", "123123123123", "123456123456", "123321123321", "987654321098", "520131415920", "woaini1314520"),
        *("woaini520520", "iloveyou1234", "woshou123456", "woshouwoshou", "woshou2026woshou", "liudongrenkou", "weijianwei123"),
        *("weishengjiankang", "jisheng123456", "hunyu12345678"),
    }
)


class Passwords:
    """Hashes and checks passwords, a few at a time whoever asks; `hasher` is other than the library's in tests alone."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._nobodys = _impossible(self._hasher)

    def hash(self, password: str) -> str:
        """What is stored of a password."""
        with self._places:
            return self._hasher.hash(_bytes(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the password; the same work where there is none (`NO_PASSWORD`, None), so that the time tells nothing."""
        if not stored or len(password) > LONGEST:
            stored, password = self._nobodys, ""
        with self._places:
            try:
                return self._hasher.verify(stored, _bytes(password))
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, stored: str) -> bool:
        """Whether it was hashed by other parameters than passwords are now."""
        return self._hasher.check_needs_rehash(stored)


def check_new(password: str, login: str) -> None:
    """PasswordUnfit for one that is not to be anybody's."""
    plain = _plain(password)
    bare = "".join(filter(str.isalnum, plain.casefold()))
    fits = len(plain) >= SHORTEST and len(password) <= LONGEST and plain.isprintable()
    beside = bare.replace("".join(filter(str.isalnum, login)), "")
    own = len(beside) < len(bare) and len(beside) < _BESIDE_LOGIN
    if not fits or own or bare in _OBVIOUS or len(set(plain)) < _FEWEST_CHARACTERS:
        raise PasswordUnfit


def _plain(password: str) -> str:
    """However an input method writes its characters, they are the same."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    return _plain(password).encode("utf-8", "surrogatepass")


def _impossible(hasher: PasswordHasher) -> str:
    """A hash that takes the work of any other, and that no password has: to find one is to break Argon2."""
    salt, digest = (base64.b64encode(bytes(size)).rstrip(b"=").decode() for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"
