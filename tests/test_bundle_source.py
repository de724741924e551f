"""Reading a driver's source: which class, which imports, which paths."""

import shutil
from pathlib import Path

import pytest

from tympan._errors import BuildError
from tympan.bundle import project, source

GOOD = Path(__file__).parents[1] / "examples" / "gain" / "gain.pyx"


def inspected(tmp_path, text, class_name=None):
    """The Source of a driver with this text."""
    path = tmp_path / "made.pyx"
    path.write_text(text, encoding="utf-8")
    return source.inspect(path, class_name)


@pytest.mark.parametrize(
    "text",
    [
        "from tympan cimport Driver\ncdef class Made(Driver):\n    pass\n",
        "from tympan cimport Driver as Base\ncdef class Made(Base):\n    pass\n",
        "cimport tympan\ncdef class Made(tympan.Driver):\n    pass\n",
        "cimport tympan as t\ncdef class Made(t.Driver):\n    pass\n",
        "from tympan._driver cimport Driver\ncdef class Made(Driver):\n    pass\n",
        "from tympan import Driver as D\nfrom tympan cimport Driver\ncdef class Made(Driver):\n    pass\n",
        "from tympan cimport Driver\ncdef class Base(Driver):\n    pass\ncdef class Made(Base):\n    pass\n",
        "from tympan cimport Driver\ncdef class Helper:\n    pass\ncdef class Made(Driver):\n    pass\n",
        "from shared cimport Base\ncdef class Made(Base):\n    def device(self):\n        pass\n",
    ],
)
def test_ways_to_derive(tmp_path, text):
    assert inspected(tmp_path, text).class_name == "Made"


def test_class_can_be_chosen(tmp_path):
    text = "from tympan cimport Driver\ncdef class A(Driver):\n    pass\ncdef class B(Driver):\n    pass\n"
    with pytest.raises(BuildError, match="more than one driver"):
        inspected(tmp_path, text)
    assert inspected(tmp_path, text, "B").class_name == "B"


@pytest.mark.parametrize(
    "method",
    [
        "def stop(self):\n        pass",
        "def devices(self):\n        pass\n    def device(self):\n        pass",
        "def _start_io(self):\n        pass",
        "@property\n    def initialized(self):\n        return True",
        "cdef double level(self) noexcept nogil:\n        return 0",
        "cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:\n        pass\n"
        "    cdef void process_in(self, IoBuffer* buffer) noexcept nogil:\n        pass",
    ],
)
def test_methods_that_are_no_mistake(tmp_path, method):
    inspected(
        tmp_path, f"from tympan cimport Driver, IoBuffer, RealtimeContext\ncdef class Made(Driver):\n    {method}\n"
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("initialise", "initialize"),
        ("start_IO", "start_io"),
        ("stopio", "stop_io"),
        ("Device", "device"),
        ("process", "process_io"),
    ],
)
def test_misspelt_methods(tmp_path, name, meant):
    text = f"from tympan cimport Driver\ncdef class Made(Driver):\n    def {name}(self):\n        pass\n"
    with pytest.raises(BuildError, match=f"^made.pyx:3: {meant} is misspelt as {name}$"):
        inspected(tmp_path, text)


def test_misspelt_io_method_without_arguments(tmp_path):
    text = "from tympan cimport Driver\ncdef class Made(Driver):\n    cdef void proces_io(self) noexcept nogil:\n"
    text += "        pass\n"
    with pytest.raises(BuildError, match=r"^made.pyx:3: process_io is misspelt as proces_io$"):
        inspected(tmp_path, text)


def test_imports_and_how_much_they_are_needed(tmp_path):
    found = inspected(
        tmp_path,
        "import json, os.path as p\n"
        "from tympan import DeviceSpec\n"
        "from tympan cimport Driver\n"
        "try:\n    import fast\nexcept ImportError:\n    import slow\n"
        "try:\n    import needed\nexcept ValueError:\n    pass\n"
        "cdef class Made(Driver):\n    def start_io(self):\n        from a.b import c\n",
    )
    needs = {item.name: item.need for item in found.imports}
    assert needs == {
        "json": "must",
        "os.path": "must",
        "tympan": "must",
        "tympan.DeviceSpec": "perhaps",
        "fast": "may",
        "slow": "must",
        "needed": "must",
        "a.b": "must",
        "a.b.c": "perhaps",
    }


def test_places(tmp_path):
    shutil.copy(GOOD, tmp_path / "gain.pyx")
    assert project.find(tmp_path / "gain.pyx").path == tmp_path / "gain.pyx"
    assert project.find(tmp_path).path == tmp_path / "gain.pyx"
    shutil.copy(GOOD, tmp_path / "other.pyx")
    settings = '[tool.tympan]\ndriver = "gain.pyx"\nbundle-id = "com.example.Other"\nclass = "Gain"\n'
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    for path in (tmp_path, tmp_path / "pyproject.toml", tmp_path / "gain.pyx"):
        found = project.find(path)
        assert found.path == tmp_path / "gain.pyx"
        assert found.settings["bundle-id"] == "com.example.Other"
    assert project.find(tmp_path / "other.pyx").settings == {}, "the settings are of another file"


def test_helper_files_beside_a_driver(tmp_path):
    shutil.copy(GOOD, tmp_path / "gain.pyx")
    (tmp_path / "dsp.pyx").write_text(
        "cdef double half(double x) noexcept nogil:\n    return x / 2\n", encoding="utf-8"
    )
    assert project.find(tmp_path).path.name == "gain.pyx"
