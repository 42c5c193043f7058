"""mypy reads of aws_cdk what is listed for it; what is not listed would go unchecked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_mypy_reads_every_service_that_infra_imports() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    [read] = [
        set(override["module"])
        for override in settings["overrides"]
        if override.get("follow_imports") == "normal"
    ]
    sources = [ROOT / "app.py", *(ROOT / "infra").rglob("*.py")]
    imported = {
        module
        for source in sources
        for module in re.findall(
            r"^(?:from|import) (aws_cdk[.\w]*)", source.read_text(), re.MULTILINE
        )
    }
    assert "aws_cdk.aws_lambda" in imported
    assert imported <= read
