"""Finished bundles at work: alone, beside others, in a host without Python, and what files they open."""


import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_bundles import EXAMPLES, PLAY, ROOT, has, in_a_process, made_driver

from tympan.bundle import build_bundle, link, toolchain, verify_bundle


def test_two_bundles_and_a_copy_in_one_process(gain, tmp_path):
    """Each with an interpreter of its own, beside the one that runs this test."""
    kind = verify_bundle(gain).runtime
    other = build_bundle(made_driver(tmp_path / "quiet", "Quiet", 0.25), tmp_path / "dist", kind)
    copy = tmp_path / "copy" / gain.name
    shutil.copytree(gain, copy)
    played = [f"0.5={gain}", f"0.25={other}", f"0.5={copy}", f"0.5={gain}"]
    assert str(sys.version_info[:2]) in in_a_process(PLAY, *played)
    peaks = {float(line) for line in in_a_process(AT_ONCE, gain, copy).split()}
    assert len(peaks) == 1 and 0.0 not in peaks


AT_ONCE = """
import sys
from made_bundles import AUDIO, rendered
from tympan.testing import Host
with Host() as hal:
    devices = [hal.load(path).devices[0] for path in sys.argv[1:]]
    for device in devices + devices:
        out = device.render(AUDIO, 512, 4800)
        print(float(abs(out).max()))
"""


def test_different_bundles_at_once(gain, tmp_path):
    kind = verify_bundle(gain).runtime
    other = build_bundle(made_driver(tmp_path / "quiet", "Quiet", 0.25), tmp_path / "dist", kind)
    peaks = [float(line) for line in in_a_process(AT_ONCE, gain, other).split()]
    assert peaks[0] == peaks[2] == 2 * peaks[1] == 2 * peaks[3] > 0


def test_static_and_vendored_in_one_process(private_cache, tmp_path):
    if not (has("static") and has("vendored")):
        pytest.skip("this Python has only one kind of runtime")
    bundles = [build_bundle(EXAMPLES / "gain", tmp_path / kind, kind) for kind in ("static", "vendored")]
    in_a_process(PLAY, *(f"0.5={bundle}" for bundle in bundles))


def test_pure_modules_are_frozen(private_cache, tmp_path):
    """A module beside the driver, with one of its own, and a standard one; nothing is read when the driver runs."""
    path = made_driver(tmp_path, "Helped", 0.125, "import helper", "assert helper.word() == 'half a word'; ")
    (tmp_path / "helper.py").write_text(
        "import string\nfrom parts import words\n\n"
        "def word():\n    return words.join('half', string.Template('a word').substitute())\n",
        encoding="utf-8",
    )
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").touch()
    (tmp_path / "parts" / "words.py").write_text(
        "from . import glue\n\ndef join(*words):\n    return glue.GLUE.join(words)\n", encoding="utf-8"
    )
    (tmp_path / "parts" / "glue.py").write_text("GLUE = ' '\n", encoding="utf-8")
    bundle = build_bundle(path, tmp_path / "dist")
    shutil.move(bundle, tmp_path.parent / "Helped.driver")
    shutil.rmtree(tmp_path)
    in_a_process(PLAY, f"0.125={tmp_path.parent / 'Helped.driver'}")
    shutil.rmtree(tmp_path.parent / "Helped.driver")


@pytest.mark.skipif(not has("vendored"), reason="this Python has no shared library")
@pytest.mark.skipif("math" in sys.builtin_module_names, reason="math is built in here")
def test_vendored_extension_modules(private_cache, tmp_path):
    """math.so comes along, is bound to the bundle's Python, and is found after a change of folder."""
    path = made_driver(
        tmp_path, "Maths", 0.5, "import math, random", "assert math.sqrt(4) == 2 and random.random() < 1; "
    )
    bundle = build_bundle(path, tmp_path / "dist", "vendored")
    inside = {file.name.partition(".")[0] for file in (bundle / "Contents" / "Resources" / "lib").glob("*")}
    assert {"math", "_random"} <= inside
    in_a_process(
        "import os; os.chdir('/')\n"
        + PLAY.replace("import sys\n", f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r})\n", 1),
        f"0.5={bundle}",
    )


def strange(bundle, paths):
    """Paths that are neither files of the bundle nor folders above it.

    A static bundle asks for nothing that is not there. For a vendored one the
    loader searches Frameworks, and libpython's zipimport wants the time zone.
    glibc's malloc reads a setting of the kernel when a thread gives memory back.
    """
    vendored = (bundle / "Contents" / "Frameworks").is_dir()

    def expected(path):
        known = path.startswith(f"{bundle}/") or str(bundle).startswith(path)
        return (known and Path(path).exists()) or (vendored and (known or path == "/etc/localtime"))

    return {path for path in paths if not expected(path)} - {"/proc/sys/vm/overcommit_memory"}


def traced_paths(trace, begin, end):
    """Every path that a program named to the system between two marks."""
    lines = trace.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if f'"{begin}"' in line)
    last = next(number for number, line in enumerate(lines) if f'"{end}"' in line)
    named = [line.split('"')[1] for line in lines[first + 1 : last] if '"' in line]
    return [path for path in named if path]  # none: a call about an open file


def traced(command, trace):
    """Run a command under strace."""
    strace = ["strace", "-f", "-e", "trace=%file", "-o", str(trace)]
    done = subprocess.run(
        [*strace, *map(str, command)], capture_output=True, text=True, check=False, cwd=ROOT / "tests"
    )
    if done.returncode and "ptrace" in done.stderr.lower():
        pytest.skip("processes cannot be traced here")
    assert done.returncode == 0, done.stderr


needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@needs_strace
def test_no_file_outside_is_opened(gain, tmp_path):
    """From before the factory's first call until audio has been played."""
    code = """
import os, sys
from made_bundles import AUDIO, rendered
from tympan.testing import Host
with Host() as hal:
    rendered(hal, sys.argv[2])          # everything that the host itself needs is loaded now
    os.path.exists("/begin")
    rendered(hal, sys.argv[1])
    os.path.exists("/end")
"""
    warm = build_bundle(made_driver(tmp_path / "warm", "Warm", 1.0), tmp_path / "dist")
    traced([sys.executable, "-c", code, gain, warm], tmp_path / "trace")
    paths = traced_paths(tmp_path / "trace", "/begin", "/end")
    assert paths
    assert strange(gain, paths) == set()


#: A program without Python, like the process that loads drivers on macOS: argv is PATH and COUNT.
C_HOST = """
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "coreaudio.h"

CFUUIDBytes CFUUIDGetUUIDBytes(CFUUIDRef uuid) { return *(const CFUUIDBytes *)uuid; }
void tympan_os_log(const char *line) { fprintf(stderr, "%s\\n", line); }

int main(int count, char **words)
{
    static const UInt8 other[16] = {1, 2, 3};
    void *image = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
    void *(*factory)(CFAllocatorRef, CFUUIDRef) = image ? dlsym(image, "TympanFactory") : NULL;
    if (!factory)
        return puts(dlerror()), 1;
    access("/begin", F_OK);
    printf("%d ", factory(NULL, (CFUUIDRef)other) == NULL);
    access("/between", F_OK);
    AudioServerPlugInDriverRef first = factory(NULL, (CFUUIDRef)tympan_kAudioServerPlugInTypeUUID);
    AudioServerPlugInDriverRef second = factory(NULL, (CFUUIDRef)tympan_kAudioServerPlugInTypeUUID);
    access("/end", F_OK);
    if (!first || first != second)
        return printf("%p %p", (void *)first, (void *)second), 1;
    for (int up = 0; up < 2; up++)
        printf("%u ", up ? (*first)->Release(first) : (*first)->AddRef(first));
    printf("%u\\n", (*first)->Release(first));
    return 0;
}
"""


@pytest.fixture
def c_host(gain, tmp_path):
    """The program, with an empty function for everything else that the bundle wants of the platform."""
    (part,) = verify_bundle(gain).slices
    wanted = [name for name, origin in part.imports if name.startswith(link.PLATFORM) and not origin]
    stubs = "".join(f"void *{name}(void) {{ return 0; }}\n" for name in wanted if name not in C_HOST)
    (tmp_path / "host.c").write_text(C_HOST, encoding="ascii")
    (tmp_path / "stubs.c").write_text(stubs, encoding="ascii")
    sources = [str(tmp_path / "host.c"), str(tmp_path / "stubs.c")]
    command = [
        *toolchain.compiler(),
        "-w",
        "-rdynamic",
        f"-I{ROOT / 'tympan'}",
        *sources,
        "-o",
        str(tmp_path / "host"),
        "-ldl",
    ]
    subprocess.run(command, check=True)
    return tmp_path / "host"


@pytest.mark.skipif(sys.platform != "linux", reason="supplies CoreFoundation's names itself")
def test_host_without_python(gain, c_host):
    """NULL for another type; one reference per call of the factory; a relative path will do."""
    for folder, path in (("/", gain / "Contents" / "MacOS" / "Gain"), (gain / "Contents" / "MacOS", "./Gain")):
        done = subprocess.run([c_host, path], capture_output=True, text=True, check=False, cwd=folder)
        assert (done.stdout, done.stderr, done.returncode) == ("1 3 2 1\n", "", 0)


@needs_strace
@pytest.mark.skipif(sys.platform != "linux", reason="supplies CoreFoundation's names itself")
def test_start_reads_nothing(gain, c_host, tmp_path):
    """No pyvenv.cfg, no time zone, no codec: nothing but the bundle's own binary is asked for."""
    traced([c_host, gain / "Contents" / "MacOS" / "Gain"], tmp_path / "trace")
    assert traced_paths(tmp_path / "trace", "/begin", "/between") == [], (
        "the type is checked before anything is started"
    )
    paths = traced_paths(tmp_path / "trace", "/between", "/end")
    assert strange(gain, paths) == set()


def test_control_calls_on_other_threads(gain):
    """The thread that called the factory does not keep the interpreter to itself."""
    code = """
import sys, threading
from made_bundles import AUDIO, rendered
from tympan.testing import Host
with Host() as hal:
    device = hal.load(sys.argv[1]).devices[0]
    played = []
    for _ in range(3):
        thread = threading.Thread(target=lambda: played.append(device.render(AUDIO, 512, 4800)))
        thread.start()
        thread.join()
    print(len(played))
"""
    assert in_a_process(code, gain) == "3\n"


def test_asked_twice_a_host_has_one_plug_in(gain):
    code = """
import sys
from made_bundles import AUDIO, rendered
from tympan.testing import Host
with Host() as hal:
    assert hal.load(sys.argv[1]) is hal.load(sys.argv[1])
    assert (rendered(hal, sys.argv[1]) == AUDIO * type(AUDIO[0, 0])(0.5)).all()
"""
    in_a_process(code, gain)
