"""The image of the video servers runs the loop in C: it is built there, where it is looked for."""

import re
import shlex
import tomllib
from pathlib import Path

from media_sfu.forwarding import accelerator
from tests.support.cloud import ROOT

PACKAGE = ROOT / "media_sfu"


def stages() -> list[list[list[str]]]:
    """The Dockerfile's stages, each a list of instructions as words."""
    text = re.sub(r"^#.*\n", "", (PACKAGE / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = [shlex.split(line) for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    starts = [at for at, line in enumerate(lines) if line[0] == "FROM"]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def test_the_loop_is_built_by_the_python_that_the_image_runs() -> None:
    build, final = stages()
    installed = next(at for at, line in enumerate(build) if line[1].endswith("/bin/pip"))
    environment = build[installed][1].removesuffix("/bin/pip")
    made = ["RUN", f"{environment}/bin/python", "-m", accelerator.__name__]
    assert made in build[installed:]
    assert ["COPY", "--from=build", environment, environment] in final
    assert f"PATH={environment}/bin:$PATH" in next(line for line in final if line[0] == "ENV")


def test_the_package_carries_the_source_of_the_loop() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())
    carried = project["tool"]["setuptools"]["package-data"]["media_sfu"]
    package = Path(accelerator.__file__).parents[2]
    assert str(accelerator.SOURCE.relative_to(package)) in carried
