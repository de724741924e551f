"""The scripts that a Mac's runner would run, run here with stand-ins for every command; what workflows name."""

import re
import subprocess

import pytest
from documents import ROOT
from fake_mac import HEAD

COMMANDS = (
    "cc", "codesign", "csrutil", "find", "installer", "log", "pkgutil", "plutil", "ps", "sw_vers", "system_profiler",
)  # fmt: skip
#: pkgutil knows no receipt any more; plutil answers with what is asked for.
ANSWERS = {"pkgutil": "exit 1", "plutil": 'echo "$2"', "cc": 'for last; do :; done; cp "$0" "$last"'}


@pytest.fixture
def runner(tmp_path):
    """run(script, broken): (exit code, output, calls); ``broken`` is a text in a call that then fails."""
    places = [tmp_path / name for name in ("bin", "state", "work")]
    for place in places:
        place.mkdir()

    def run(script, broken="no such call"):
        # The uninstaller is called by an absolute path that is not there: sudo answers for it.
        sudo = 'case "$1" in /Library/*) exit 0 ;; esac; exec "$@"'
        for name in ("fake-python", "sudo", *COMMANDS):
            body = sudo if name == "sudo" else ANSWERS.get(name, "")
            text = f'{HEAD}case "${{0##*/}} $*" in *"{broken}"*) exit 1 ;; esac\n{body}\n'
            (places[0] / name).write_text(text)
            (places[0] / name).chmod(0o755)
        (places[1] / "calls").write_text("")
        path = {"PATH": f"{places[0]}:/usr/bin:/bin", "PYTHON": "fake-python", "WORK": str(places[2])}
        command = [str(ROOT / "tests" / "macos" / script), "dist"]
        done = subprocess.run(command, capture_output=True, text=True, env=path, cwd=tmp_path, timeout=60)
        calls = [line.replace("\t", " ") for line in (places[1] / "calls").read_text().splitlines()]
        return done.returncode, done.stdout + done.stderr, calls

    return run


def test_ci(runner):
    code, out, calls = runner("ci.sh")
    assert (code, "FAILED" in out) == (0, False), out
    steps = [line.removeprefix("passed: ") for line in out.splitlines() if line.startswith("passed: ")]
    one = ["check {} on real CoreFoundation", "install {}", "doctor {}", "loopback {}", "uninstall {}"]
    package = ["package {}", "install the package of {}", "doctor {} from its package", "loopback {} from its package",
               "the uninstaller of {}", "nothing of {} is left"]  # fmt: skip
    assert steps == ["compile the client", *(step.format(name) for name, course in
                     (("MinimalLoopback", one), ("Gain", one), ("Gain", package)) for step in course)]  # fmt: skip
    installs = [call for call in calls if call.startswith("sudo fake-python -m tympan install")]
    assert installs == [f"sudo fake-python -m tympan install dist/{name}.driver --wait 180"
                        for name in ("MinimalLoopback", "Gain")]  # fmt: skip
    assert sum("loopback.py compare" in call for call in calls) == 3
    assert "sudo /Library/Application Support/CFBundleIdentifier/uninstall.sh" in calls


@pytest.mark.parametrize(
    ("broken", "failed", "absent"),
    [
        ("loopback.c", "compile the client", "install"),
        ("tympan check dist/Gain", "check Gain on real CoreFoundation", None),
        ("tympan install dist/Gain", "install Gain", "tympan uninstall Gain"),
        ("loopback.py compare", "loopback MinimalLoopback", None),
        ("tympan package", "package Gain", "installer -pkg"),
        ("installer -pkg", "install the package of Gain", "/Library/Application Support"),
        ("tympan uninstall Gain", "uninstall Gain", None),
    ],
)
def test_a_step_that_fails(runner, broken, failed, absent):
    code, out, calls = runner("ci.sh", broken)
    assert code == 1 and f"FAILED: {failed}" in out
    assert absent is None or not any(absent in call for call in calls if "uninstall.sh" in call or "Gain" in call)


def test_diagnostics_go_on_whatever_fails(runner):
    """It reads, and ends with 0: the job has failed already."""
    for broken in ("no such call", "fake-python", "sw_vers"):
        code, out, calls = runner("diagnostics.sh", broken)
        assert code == 0 and out.count("::group::") == out.count("::endgroup::") >= 9
        assert any("tympan doctor --last 1h" in call for call in calls)
    assert not any(word in call for call in calls for word in ("rm ", "kill", "install "))


# ---- the workflows ----

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.skipif(not WORKFLOWS, reason="the sdist has none")
def test_workflows_say_that_they_have_not_run():
    assert {path.name for path in WORKFLOWS} >= {"ci.yml", "macos.yml"}
    assert all(path.read_text().startswith("# NOT RUN YET") for path in WORKFLOWS)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_workflows_name_is_there(path):
    text = path.read_text()
    files = re.findall(r"\b((?:tests|scripts)/[\w./-]+)", text)
    assert all((ROOT / name.rstrip("/.")).exists() for name in files)
    targets = (ROOT / "Makefile").read_text().partition(".PHONY: ")[2].splitlines()[0].split()
    for name in re.findall(r"\bmake ([\w-]+)", text):
        assert any(target.startswith(name) for target in targets), name
    examples = re.findall(r"for name in ([\w ]+);", text)
    assert all((ROOT / "examples" / name).is_dir() for names in examples for name in names.split())
