"""Code of functions and layers, packed without Docker.

The hash of an asset is taken from what goes into it, so the same sources give the same asset on
every machine. Third-party packages are installed once per target into ``.build`` and copied.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, cast

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk.aws_lambda import AssetCode, Code

from infra.config import StageConfig

ROOT: Final = Path(__file__).resolve().parent.parent
_FUNCTIONS: Final = ROOT / "functions"
_PACKAGE: Final = ROOT / "layers" / "baccarat" / "src" / "baccarat"
_REQUIREMENTS: Final = ROOT / "layers" / "runtime" / "requirements.txt"
_CACHE: Final = ROOT / ".build" / "layers"
_INSTALL_TIMEOUT_SECONDS: Final = 600

# The runtime's own boto3 and what it stands on. A second copy would double the layer, and its
# urllib3 would be found before the one that the runtime's botocore was tested with.
_IN_THE_RUNTIME: Final = frozenset(
    {"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"}
)
# Amazon Linux 2023 has glibc 2.34; pip tries the tags in turn.
_GLIBC_TAGS: Final = ("manylinux_2_34", "manylinux_2_28", "manylinux2014")
_WHEEL_MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
_NOT_NEEDED: Final = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", ".DS_Store")


@jsii.implements(ILocalBundling)
class _Filled:
    """Lets ``fill`` write the asset into the directory that CDK gives."""

    def __init__(self, fill: Callable[[Path], None]) -> None:
        self._fill = fill

    def try_bundle(self, output_dir: str, _options: object) -> bool:
        self._fill(Path(output_dir))
        return True


def function_code(name: str) -> AssetCode:
    """Return the code of one function: ``functions/{name}`` and nothing of the others."""
    trees = {f"functions/{name}": _FUNCTIONS / name}
    files = {"functions/__init__.py": _FUNCTIONS / "__init__.py"}
    return _asset(_FUNCTIONS / name, _sources_hash(trees, files), _copier(trees, files))


def package_code() -> AssetCode:
    """Return the layer with the ``baccarat`` package."""
    trees = {"python/baccarat": _PACKAGE}
    return _asset(_PACKAGE, _sources_hash(trees, {}), _copier(trees, {}))


def runtime_code(config: StageConfig) -> AssetCode:
    """Return the layer with the third-party packages for the stage's target.

    On one machine the emulator runs functions with the Python of its own tools, which has these
    packages in the same versions; the layer then has their list alone. Unpacked for every function,
    a copy of each would be most of what the machine does.
    """
    requirements = _requirements()
    options = _pip_options(config) if config.on_aws else []
    key = _hash([*requirements, *options, config.python_version, config.architecture])

    def fill(output: Path) -> None:
        if config.on_aws:
            shutil.copytree(_installed(key, requirements, options), output, dirs_exist_ok=True)
        else:
            (output / "python").mkdir()
            shutil.copy(_REQUIREMENTS, output / "python" / "requirements.txt")

    return _asset(_REQUIREMENTS.parent, key, fill)


def _requirements() -> list[str]:
    lines = [line.strip() for line in _REQUIREMENTS.read_text().splitlines()]
    return [
        line
        for line in lines
        if line and not line.startswith("#") and line.split("==")[0].lower() not in _IN_THE_RUNTIME
    ]


def _pip_options(config: StageConfig) -> list[str]:
    machine = _WHEEL_MACHINES[config.architecture]
    platforms = [option for tag in _GLIBC_TAGS for option in ("--platform", f"{tag}_{machine}")]
    return [*platforms, "--python-version", config.python_version, "--only-binary=:all:"]


def _installed(key: str, requirements: list[str], options: list[str]) -> Path:
    """Return a directory with the packages; installed at most once for each key."""
    target = _CACHE / key
    if target.exists():
        return target
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE, prefix=".installing-") as work:
        python_dir = Path(work) / "layer" / "python"
        subprocess.run(  # noqa: S603  pip of this interpreter, with our own pinned list
            [
                *(sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--no-compile"),
                *("--disable-pip-version-check", "--target", str(python_dir)),
                *options,
                *requirements,
            ],
            check=True,
            timeout=_INSTALL_TIMEOUT_SECONDS,
        )
        shutil.rmtree(python_dir / "bin", ignore_errors=True)
        try:
            # Complete or not there at all: a synthesis beside this one may want it too.
            (Path(work) / "layer").rename(target)
        except OSError:
            if not target.exists():
                raise
    return target


def _asset(source: Path, asset_hash: str, fill: Callable[[Path], None]) -> AssetCode:
    return Code.from_asset(
        str(source),
        asset_hash=asset_hash,
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(
            # CDK wants an image even where the local bundler never declines.
            image=DockerImage.from_registry("none"),
            local=cast("ILocalBundling", _Filled(fill)),
        ),
    )


def _copier(trees: Mapping[str, Path], files: Mapping[str, Path]) -> Callable[[Path], None]:
    def fill(output: Path) -> None:
        for name, source in trees.items():
            shutil.copytree(source, output / name, ignore=_NOT_NEEDED)
        for name, source in files.items():
            shutil.copy(source, output / name)

    return fill


def _sources_hash(trees: Mapping[str, Path], files: Mapping[str, Path]) -> str:
    parts: list[str] = []
    named = dict(files)
    for name, source in trees.items():
        for folder, folders, leaves in os.walk(source):
            ignored = _NOT_NEEDED(folder, [*folders, *leaves])
            folders[:] = [found for found in folders if found not in ignored]
            for leaf in set(leaves) - ignored:
                path = Path(folder) / leaf
                named[f"{name}/{path.relative_to(source).as_posix()}"] = path
    for name in sorted(named):
        parts += [name, hashlib.sha256(named[name].read_bytes()).hexdigest()]
    return _hash(parts)


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
