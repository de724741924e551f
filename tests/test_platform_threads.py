"""The platform library under sanitizers: tests/platform/stress.c, which has it compiled in."""

import subprocess
import sys
from pathlib import Path

import pytest
from platform_binaries import program

SOURCE = Path(__file__).parent / "platform" / "stress.c"
pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has Apple's libraries")


def run(target, rounds):
    done = subprocess.run([str(target), str(rounds)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.short
@pytest.mark.parametrize(
    "sanitizer",
    [pytest.param("thread", marks=pytest.mark.tsan), pytest.param("address,undefined", marks=pytest.mark.asan)],
)
def test_eight_threads(sanitizer, tmp_path):
    target = program(SOURCE, tmp_path / "stress", "-O1", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=undefined")
    code, text = run(target, 100)
    assert (code, text.splitlines()) == (0, ["800 done, 0 live, 0 problems, 26433 made"]), text


@pytest.mark.tsan
@pytest.mark.short
def test_the_sanitizer_sees_what_it_looks_for(tmp_path):
    """The same program with one count that nothing protects."""
    racy = tmp_path / "racy.c"
    text = SOURCE.read_text()
    racy.write_text(text.replace("static atomic_int over;", "static int over;").replace("atomic_load(&over)", "over")
                    .replace("atomic_store(&over, 1)", "over = 1"))  # fmt: skip
    assert racy.read_text() != text
    code, text = run(program(racy, tmp_path / "stress", "-O1", "-fsanitize=thread"), 20)
    assert code and "data race" in text


@pytest.mark.tsan
@pytest.mark.deep
def test_eight_threads_for_long(tmp_path):
    target = program(SOURCE, tmp_path / "stress", "-O1", "-fsanitize=thread")
    assert run(target, 5000)[0] == 0
