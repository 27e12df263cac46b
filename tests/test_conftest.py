from pathlib import Path

import pytest

USES_A_TOOL = """
def test_present(tool):
    assert tool("python3")

def test_absent(tool):
    tool("no-such-program")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("PODFSM_REQUIRE_TOOLS", raising=False)
    pytester.makeconftest((Path(__file__).parent / "conftest.py").read_text())
    pytester.makepyfile(USES_A_TOOL)
    return pytester


def test_missing_tool_is_a_skip_with_its_reason(suite: pytest.Pytester) -> None:
    result = suite.runpytest("-rs", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*missing: the program 'no-such-program' is not on PATH*"])


def test_missing_tool_is_a_failure_where_tools_are_required(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODFSM_REQUIRE_TOOLS", "1")
    result = suite.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*PODFSM_REQUIRE_TOOLS is set: the program 'no-such-program'*"])
