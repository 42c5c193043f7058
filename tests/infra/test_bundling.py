"""What goes into the assets, and that the same sources give the same hash."""

from __future__ import annotations

from pathlib import Path

from infra import bundling
from infra.config import load


def _tree(root: Path) -> Path:
    source = root / "source"
    (source / "inner" / "__pycache__").mkdir(parents=True)
    (source / "a.py").write_text("A = 1\n")
    (source / "inner" / "b.py").write_text("B = 2\n")
    (source / "inner" / "__pycache__" / "b.cpython-313.pyc").write_bytes(b"compiled")
    return source


def test_a_copy_has_the_sources_and_nothing_compiled(tmp_path: Path) -> None:
    source = _tree(tmp_path)
    output = tmp_path / "output"
    output.mkdir()
    bundling._copier({"python/package": source}, {})(output)
    files = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    assert files == {"python/package/a.py", "python/package/inner/b.py"}


def test_the_hash_follows_the_sources_and_nothing_else(tmp_path: Path) -> None:
    source = _tree(tmp_path)
    first = bundling._sources_hash({"x": source}, {})
    (source / "inner" / "__pycache__" / "b.cpython-313.pyc").write_bytes(b"compiled again")
    assert bundling._sources_hash({"x": source}, {}) == first
    (source / "inner" / "b.py").write_text("B = 3\n")
    changed = bundling._sources_hash({"x": source}, {})
    assert changed != first
    (source / "inner" / "b.py").rename(source / "inner" / "c.py")
    assert bundling._sources_hash({"x": source}, {}) not in {first, changed}


def test_the_runtimes_own_sdk_stays_out_of_the_layer() -> None:
    names = {line.split("==")[0] for line in bundling._requirements()}
    assert {"aws-lambda-powertools", "cryptography", "pydantic", "pynamodb"} <= names
    assert not {"boto3", "botocore", "urllib3", "s3transfer"} & names


def test_wheels_are_chosen_for_the_target() -> None:
    options = bundling._pip_options(load({"stage": "prod"}))
    assert "manylinux2014_aarch64" in options
    assert "--only-binary=:all:" in options


def test_the_tools_have_what_the_layer_has() -> None:
    # The functions of the one-machine run take their packages from there.
    tools = (bundling.ROOT / "requirements.txt").read_text().splitlines()
    assert set(bundling._requirements()) <= set(tools)
