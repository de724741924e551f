"""README.md does what it says: its blocks are compiled and run together."""

import re

import building

import assert_no_alloc

README = (building.HERE.parent / "README.md").read_text()


def blocks(language):
    return dict(re.findall(rf"```{language}\n# (\S+)\n(.*?)```", README, re.DOTALL))


def pattern(promised):
    """A line of the README's output, whatever Python, thread and process it comes from."""
    text = re.escape(promised).replace("4711", r"\d+").replace("'pytest'", r"'\S+'")
    return re.sub(r"gain\\.cpython.*?\\.so", r"gain\\.\\S+\\.so", text)


def test_the_first_example(pytester):
    source = pytester.path / "gain.pyx"
    source.write_text("# gain.pyx\n" + blocks("cython")["gain.pyx"])
    building.cython_module(source, pytester.path, "-g", "-fno-optimize-sibling-calls")
    (pytester.path / "test_gain.py").write_text(blocks("python")["test_gain.py"])
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    promised = re.search(r"```text\n(.*?)```", README, re.DOTALL)[1]
    for line in promised.splitlines():
        assert any(re.search(pattern(line), printed) for printed in result.outlines), line


def test_the_host_example(tmp_path):
    source = tmp_path / "host.pyx"
    source.write_text(blocks("cython")["host.pyx"])
    host = building.load(building.cython_module(source, tmp_path / "built"))
    assert host.run(10) == host.run(0)


def test_every_public_name_is_mentioned():
    results = {"Frame", "Violation", "Violations"}
    assert [name for name in assert_no_alloc.__all__ if name not in README and name not in results] == []
