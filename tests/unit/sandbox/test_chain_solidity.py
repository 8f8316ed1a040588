"""Our own contracts compile, once, and what is wrong with compiling is said in one line."""

import pytest

from router.domain.error import ConfigError
from venues.sandbox.chain import solidity

HEAD = "// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.26;\n"


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """Compile what a test writes, into a place where nothing is kept yet."""
    place = tmp_path / "sources"
    place.mkdir()
    (place / "Small.sol").write_text(f"{HEAD}contract Small {{}}")
    monkeypatch.setattr(solidity, "_SOURCES", place)
    monkeypatch.setattr(solidity, "_CACHE", tmp_path / "kept")
    solidity._compiled.cache_clear()  # noqa: SLF001 - what was compiled before this test
    yield place
    solidity._compiled.cache_clear()  # noqa: SLF001


def take_node_away(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(solidity, "_NODE_IN_ENVIRONMENT", tmp_path / "node")


@pytest.mark.usefixtures("sources")
def test_what_was_compiled_is_kept_and_used_without_a_compiler(tmp_path, monkeypatch):
    first = solidity.creation_code("Small")
    take_node_away(tmp_path, monkeypatch)
    solidity._compiled.cache_clear()  # noqa: SLF001

    again = solidity.creation_code("Small")

    assert first
    assert again == first
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".json"]


def test_a_changed_source_is_compiled_again(sources):
    first = solidity.creation_code("Small")
    (sources / "Small.sol").write_text(f"{HEAD}contract Small {{ uint256 public one = 1; }}")
    solidity._compiled.cache_clear()  # noqa: SLF001

    assert solidity.creation_code("Small") != first


def test_a_source_that_does_not_compile_is_named(sources):
    (sources / "Broken.sol").write_text(f"{HEAD}contract Broken {{ nothing }}")

    with pytest.raises(ConfigError, match=r"do not compile: (?s:.*)Broken\.sol"):
        solidity.creation_code("Broken")


@pytest.mark.usefixtures("sources")
def test_without_a_compiler_the_user_is_told_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setattr(solidity, "NODE_MODULES", tmp_path)

    with pytest.raises(ConfigError, match=r"compiler is missing: run scripts/run"):
        solidity.creation_code("Small")


@pytest.mark.usefixtures("sources")
def test_without_node_the_user_is_told_what_to_run(tmp_path, monkeypatch):
    take_node_away(tmp_path, monkeypatch)

    with pytest.raises(ConfigError, match=r"no Node\.js was found"):
        solidity.creation_code("Small")
