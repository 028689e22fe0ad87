"""A signing key that never leaves its device: a command signs with it.

It is run without a shell, gets the bytes to sign on stdin, and prints the ES256 signature (r ‖ s, 64 bytes) in base64url within
ten seconds; the device hashes.
"""

import shlex
import subprocess
from dataclasses import dataclass

from adapters.keys.errors import SigningDeviceFailed
from adapters.keys.jose import PublicKey
from exchange.wire import ijson

SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKey:
    """The key `public`, whose other half a command uses."""

    public: PublicKey
    command: str

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint of the public half."""
        return self.public.kid

    def sign(self, data: bytes) -> bytes:
        """The raw 64-byte signature over these bytes; SigningDeviceFailed also for one that does not fit the key."""
        try:
            ended = subprocess.run(shlex.split(self.command), input=data, stdout=subprocess.PIPE, timeout=SECONDS, check=True)
            signature = ijson.b64url_decode(ended.stdout.decode("ascii").strip())
        except (OSError, subprocess.SubprocessError, ValueError) as exc:
            raise SigningDeviceFailed from exc
        if not self.public.fits(data, signature):
            raise SigningDeviceFailed
        return signature
