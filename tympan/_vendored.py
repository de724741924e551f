"""Make ``import assert_no_alloc`` work: an installed one if there is one, otherwise the copy that comes with tympan.

Only one of them may live in a process, because the guard changes the whole process. So the copy goes by the
same name as the distribution: whoever imports it later gets the one that is there already.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

_NAME = "assert_no_alloc"


def assert_no_alloc():
    """The package; ImportError when neither is usable. Any thread, off the IO path."""
    try:
        return importlib.import_module(_NAME)
    except ModuleNotFoundError as error:
        if error.name != _NAME:
            raise
    return _load(_folder() / _NAME)


def _folder():
    """In a wheel inside the simulated host; in a checkout, where the distribution of its own is made."""
    here = Path(__file__).parent
    places = (here / "testing" / "_vendor", here.parent / "assert-no-alloc")
    for place in places:
        if (place / _NAME / "__init__.py").is_file():
            return place
    raise ModuleNotFoundError(f"{_NAME} is neither installed nor in {places[0]}", name=_NAME)


def _load(folder):
    spec = importlib.util.spec_from_file_location(
        _NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(_NAME, None)
        raise
    return module
