"""The environment that django-pyas2 runs in."""

from pathlib import Path

from bench import environments

PACKAGES = ("django-pyas2==1.2.3", "django==5.2.*", "gunicorn==23.*")
# oscrypto 1.3.0 reads OpenSSL's version with one digit after each dot: Debian 12 has 3.0.19. No newer release mends it.
_NARROW, _WIDE = r"(\\d\\.\\d\\.\\d[a-z]*)", r"(\\d+\\.\\d+\\.\\d+[a-z]*)"


def python() -> Path:
    """The Python of the environment, which is made if it is not there; NotInstalled if that fails."""
    return environments.python(PACKAGES, "oscrypto.asymmetric, pyas2lib, django, gunicorn", mend=_mend)


def _mend(folder: Path) -> None:
    for file in folder.glob("lib/python*/site-packages/oscrypto/_openssl/_libcrypto_c*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(_NARROW, _WIDE), encoding="utf-8")
