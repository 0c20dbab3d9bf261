"""Fetch what the site needs in the reader's browser, from npm: letters of formulas, and what keeps exercises."""

import base64
import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinxcontrib.katex import katex_version

logger = logging.getLogger(__name__)

CACHE = Path(__file__).resolve().parents[2] / "_build" / "vendor"
NPM_PACK = [
    "npm",
    "pack",
    "--json",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=5000",
]


class Package(NamedTuple):
    """One npm package: its name and version, npm's own checksum of it, and where its files go; a folder ends in /."""

    spec: str
    sha512: str
    places: dict[str, list[str]]


PACKAGES = [
    Package(
        f"katex@{katex_version}",  # the one that sets the formulas
        "XCHRdUw4lf3SKBaJe4EvgqIuWwkPSo9XoeO8GjQW94Bp7TWv9hNhzZjZ+OH9yf1UmLygb7DIT5GSFQiyt16zYg==",
        {
            "LICENSE": ["vendor/katex/LICENSE"],
            "dist/katex.min.css": ["vendor/katex/katex.min.css"],
            "dist/fonts/": ["vendor/katex/fonts/"],
        },
    ),
    Package(  # JupyterLite keeps its files with it, and the page of all exercises reads them
        "localforage@1.10.0",
        "14/H1aX7hzBBmmh7sGPd+AOMkkIrHM3Z1PAyGgZigA1H1p5O5ANnMyWzvpAETtG68/dC4pC0ncy3+PPGzXZHPg==",
        {
            "LICENSE": ["vendor/localforage.LICENSE"],
            "dist/localforage.min.js": ["vendor/localforage.js"],
        },
    ),
]


def fetch(cache=CACHE, packages=PACKAGES):
    """The folder that holds the files of `packages` below `vendor/`; it is fetched on the first call only.

    Raises OSError where npm or the network is missing, and ValueError when a package is not the one expected.
    """

    def fill(complete, work):
        for package, tarball in zip(packages, _download(packages, work), strict=True):
            _check(package, tarball)
            _unpack(package, tarball, complete)

    return once(cache, packages, fill)


def do_without(consequence, error):
    """Say what the site is built without; in CI, from which it may be published, raise ExtensionError instead."""
    if os.environ.get("CI"):
        raise ExtensionError(f"{consequence}: {error}") from error
    logger.info("%s: %s", consequence, error)


def once(cache, key, fill):
    """The folder below `cache` for `key`, which `fill(folder, work)` fills on the first call: all of it, or nothing."""
    folder = cache / hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="unfinished-") as work:
        complete = Path(work, "complete")
        complete.mkdir()
        fill(complete, work)
        try:
            complete.rename(folder)
        except OSError:
            if not folder.is_dir():  # no other build has been faster: a real failure
                raise
    return folder


def _download(packages, work):
    command = [*NPM_PACK, "--pack-destination", work, *(package.spec for package in packages)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if line.startswith("npm error")), "npm pack failed")
        raise OSError(reason)
    return [Path(work, packed["filename"].replace("@", "").replace("/", "-")) for packed in json.loads(done.stdout)]


def _check(package, tarball):
    got = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if got != package.sha512:
        raise ValueError(f"{package.spec} from npm has sha512 {got}, expected {package.sha512}; nothing was installed")


def _unpack(package, tarball, folder):
    with tarfile.open(tarball) as tar:
        for member in filter(tarfile.TarInfo.isfile, tar):
            name = member.name.removeprefix("package/")
            for source, targets in package.places.items():
                if name == source or (source.endswith("/") and name.startswith(source)):
                    for target in targets:
                        path = folder / (target + name.removeprefix(source))
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(tar.extractfile(member).read())
