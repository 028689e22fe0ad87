"""One django-pyas2 site in one file: set it up, serve it, send from it. Run by the Python of its own environment.

Everything is pyas2's own: its models, its view behind gunicorn, and the three calls that its `sendas2message` command makes.
Two sites with a key each: messages and receipts (MDN) are signed with SHA-256, receipts come in the same connection.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import django  # type: ignore[import-not-found]  # only in its own environment
from django.conf import settings  # type: ignore[import-not-found]  # only in its own environment
from django.core.management import call_command  # type: ignore[import-not-found]  # only in its own environment
from django.urls import include, path  # type: ignore[import-not-found]  # only in its own environment

HOME = Path(os.environ["AS2_HOME"])
PASSPHRASE = "bench"
NAMES = ("origin", "destination")

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "pyas2"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(HOME / "db.sqlite3")}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATA_UPLOAD_MAX_MEMORY_SIZE=64 * 1024 * 1024,
    LOGGING_CONFIG=None,
    MEDIA_ROOT=str(HOME),
    ROOT_URLCONF=__name__,
    USE_TZ=True,
)
django.setup()

urlpatterns = [path("pyas2/", include("pyas2.urls"))]


def make_keys(folder: Path) -> None:
    """As pyas2's documentation says: an RSA key of 2048 bits under a passphrase, with a certificate signed by itself."""
    for name in NAMES:
        key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-days", "30", "-subj", f"/CN={name}"]
        subprocess.run(
            [*command, "-passout", f"pass:{PASSPHRASE}", "-keyout", key, "-out", certificate], check=True, capture_output=True
        )
        key.write_bytes(key.read_bytes() + certificate.read_bytes())


def set_up(keys: Path, mine: str, other: str, other_url: str) -> None:
    from pyas2.models import Organization, Partner, PrivateKey, PublicCertificate  # type: ignore[import-not-found]  # only in its own environment

    call_command("migrate", verbosity=0)
    key = PrivateKey.objects.create(name=mine, key=(keys / f"{mine}.key").read_bytes(), key_pass=PASSPHRASE)
    certificate = PublicCertificate.objects.create(
        name=other, certificate=(keys / f"{other}.pem").read_bytes(), verify_cert=False
    )
    Organization.objects.create(name=mine, as2_name=mine, signature_key=key)
    Partner.objects.create(
        name=other,
        as2_name=other,
        target_url=other_url,
        content_type="application/octet-stream",
        signature="sha256",
        signature_cert=certificate,
        mdn=True,
        mdn_mode="SYNC",
        mdn_sign="sha256",
    )


def send(mine: str, other: str, payload: bytes) -> None:
    from pyas2.models import Message, Organization, Partner
    from pyas2lib import Message as As2Message  # type: ignore[import-not-found]  # only in its own environment

    organization, partner = Organization.objects.get(as2_name=mine), Partner.objects.get(as2_name=other)
    as2message = As2Message(sender=organization.as2org, receiver=partner.as2partner)
    as2message.build(
        payload,
        filename="records.ndjson",
        subject=partner.subject,
        content_type=partner.content_type,
        disposition_notification_to="no-reply@pyas2.com",
    )
    message, _ = Message.objects.create_from_as2message(
        as2message=as2message, payload=payload, filename="records.ndjson", direction="OUT", status="P"
    )
    message.send_message(as2message.headers, as2message.content)
    if message.status != "S":
        raise SystemExit(f"pyas2 did not deliver: {message.status} {message.detailed_status}")


def serve_sender(mine: str, other: str) -> None:
    """Each line of standard input names a file of records and how many go into a message."""
    for order in sys.stdin:
        file, size = json.loads(order)
        lines = Path(file).read_bytes().splitlines(keepends=True)
        messages = [b"".join(lines[at : at + size]) for at in range(0, len(lines), size)]
        for message in messages:
            send(mine, other, message)
        print("sent", flush=True)


def application(environ: Any, start_response: Any) -> Any:
    """For gunicorn."""
    from django.core.handlers.wsgi import WSGIHandler  # type: ignore[import-not-found]  # only in its own environment

    return WSGIHandler()(environ, start_response)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["keys", folder]:
            make_keys(Path(folder))
        case ["setup", keys, mine, other, other_url]:
            set_up(Path(keys), mine, other, other_url)
        case ["send", mine, other]:
            serve_sender(mine, other)
        case _:
            raise SystemExit(__doc__)
