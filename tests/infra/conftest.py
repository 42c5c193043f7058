from __future__ import annotations

import pytest

from tests.infra.templates import Templates, synthesise


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return synthesise("dev", tmp_path_factory.mktemp("dev"))


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return synthesise("prod", tmp_path_factory.mktemp("prod"))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return synthesise("sandbox", tmp_path_factory.mktemp("sandbox"))


@pytest.fixture(scope="session")
def stages(dev: Templates, prod: Templates, sandbox: Templates) -> tuple[Templates, ...]:
    return dev, prod, sandbox
