"""What is installed is what lies in the repository."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("exchange", "adapters", "api", "jobs", "woshou")


def test_every_file_of_the_packages_travels_with_the_wheel(tmp_path: Path):
    """The image installs a wheel; a data file that stays behind would be missed only there."""
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(ROOT / "pyproject.toml", source)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    expected = sorted(
        str(path.relative_to(source)) for package in PACKAGES for path in (source / package).rglob("*") if path.is_file()
    )

    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    built = subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=source, capture_output=True, text=True, check=False)

    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = sorted(name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name)
    assert packed == expected
