"""Write docs/properties.md from the core's rows and the names in Apple's headers. ``--check`` only compares."""

import json
import sys
from pathlib import Path

from tympan import testing  # noqa: F401  supplies CoreFoundation to the core, off macOS
from tympan._properties import rows

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "properties.md"
CLASSES = {
    "aplg": ("Plug-in", "kAudioPlugIn"), "adev": ("Device", "kAudioDevice"), "astr": ("Stream", "kAudioStream"),
    "levl": ("Level controls", "kAudioLevelControl"), "togl": ("Boolean controls", "kAudioBooleanControl"),
    "slct": ("Selector controls", "kAudioSelectorControl"), "sldr": ("Slider controls", "kAudioSliderControl"),
    "span": ("Stereo pan controls", "kAudioStereoPanControl"),
}  # fmt: skip
HEAD = """\
# Properties

Written by `python tools/generate_properties.py` from the rows of `tympan/_properties.pyx`; do not edit.
Everything a host can ask of a property (is it there, may it be set, how large is it, what is it) comes from its row.
"""


#: Of the SDK of macOS 26; the table is older, so no test of ours compares these.
NEWER = {
    "resc": ["kAudioDevicePropertyWantsControlsRestored"], "resf": ["kAudioDevicePropertyWantsStreamFormatsRestored"],
}  # fmt: skip


def names():
    """{code: [constant, ...]} of the property selectors."""
    table = json.loads((ROOT / "tests" / "data" / "coreaudio_abi.json").read_text())
    found = dict(NEWER)
    for header in ("AudioHardwareBase.h", "AudioServerPlugIn.h"):
        for name in table["constants_by_header"][header]:
            if "Property" in name and name in table["fourcc"]:
                found.setdefault(table["fourcc"][name], []).append(name)
    return found


def constant(candidates, prefix):
    """The constant for a class: its own first, then an object's."""
    return min(candidates, key=lambda name: (not name.startswith(prefix), not name.startswith("kAudioObject"), name))


def page():
    known, lines = names(), [HEAD]
    for class_code, (title, prefix) in CLASSES.items():
        lines += [f"## {title} (`{class_code}`)", ""]
        lines += ["| selector | constant | scopes | bytes | settable |", "|---|---|---|--:|---|"]
        for cls, selector, scopes, size, settable in rows():
            if cls == class_code:
                name = constant(known[selector], prefix)
                row = f"`{selector}`", name, ", ".join(scopes), str(size or "varies"), "yes" if settable else ""
                lines.append("| " + " | ".join(row) + " |")
        lines.append("")
    return "\n".join(lines)


def main(arguments):
    if arguments == ["--check"]:
        if PAGE.read_text() != page():
            print("docs/properties.md differs from the rows: run python tools/generate_properties.py")
            return 1
    else:
        PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
