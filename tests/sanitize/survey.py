"""What RealtimeSanitizer says of each bad and each good driver, and rtsan.json, where that is written down.

    python tests/sanitize/survey.py [NAME ...]      try these drivers, or all, and write rtsan.json

It intercepts library calls, so it reports what calls the library on the way, and only what really ran. The table
in docs/realtime-safety.md is made from the file; test_sanitizers_realtime.py compares every line of it.
"""

import json
import sys
import tempfile
from pathlib import Path

from tympan._errors import BuildError

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from sanitize import build, tools

RESULTS = Path(__file__).with_name("rtsan.json")
DRIVERS = Path(__file__).parents[1] / "drivers"
BAD, GOOD = (sorted(DRIVERS.glob(f"rt_{kind}_*.pyx")) for kind in ("bad", "good"))

QUIET = "–"
HANGS = "– (does not come back)"
DIES = "– (the process dies)"
NOT_BUILT = "– (cannot be built)"


def judge(sanitizer, path, folder):
    """(the function that was intercepted, or why there is none; the program's ``Result`` or None)."""
    try:
        made = build.bundle(path, folder)
    except BuildError:
        return NOT_BUILT, None
    host = build.host(*sanitizer.command)
    found = sanitizer.run(host, "io", build.binary(made), "factor=0", "rounds=1", cpu=15)
    if found.call:
        return found.call, found
    return QUIET if found.code == 0 else HANGS if found.code is None else DIES, found


def save(results):
    known = {path.stem for path in [*BAD, *GOOD]}
    results = {name: results[name] for name in sorted(results) if name in known}
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(names):
    sanitizer = tools.find("realtime") or sys.exit(tools.MISSING["realtime"])
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for path in [*BAD, *GOOD]:
        if not names or path.stem in names:
            with tempfile.TemporaryDirectory() as folder:
                results[path.stem], _ = judge(sanitizer, path, Path(folder))
            print(path.stem, results[path.stem], flush=True)
            save(results)


if __name__ == "__main__":
    main(sys.argv[1:])
