"""Rules about the plug-in object's properties (hal-protocol B0, B1)."""

from pathlib import PurePosixPath

from tympan.testing.rules import _rows
from tympan.testing.rules._rule import Group, advise, require

rule = Group("plugin", "Plug-in object", "B1")


@rule(
    "plugin-required-properties",
    "The plug-in has its M properties: bcls clas stdv ownd lmak dev# uidd rsrc, and box# uidb clk# uidc "
    "where it has boxes or clock devices.",
    "The driver is loaded and has no devices.",
    "tympan-aspl E4",
)
def plugin_required_properties(s):
    _rows.required(s, "plug-in")


@rule(
    "plugin-recommended-properties",
    "The plug-in has the properties that hosts ask for as well: piid box# uidb.",
    "Messages of failed calls in the log.",
    "tympan-aspl E4",
)
def plugin_recommended_properties(s):
    _rows.recommended(s, "plug-in")


@rule(
    "plugin-settable",
    "No property of the plug-in of B1 is settable.",
    "An application may set what the driver then ignores.",
)
def plugin_settable(s):
    _rows.settable(s, "plug-in")


@rule(
    "plugin-value-sizes",
    "Every property of the plug-in has the size of its type, and writes as many bytes as it said.",
    "Values are cut or read beyond their end.",
    "BlackHole #665",
)
def plugin_value_sizes(s):
    _rows.sizes(s, "plug-in")


@rule(
    "plugin-global-only",
    "The plug-in's properties are there in global scope, element 0, and nowhere else.",
    "Messages of failed calls in the log.",
)
def plugin_global_only(s):
    _rows.global_only(s, "plug-in")


@rule("plugin-manufacturer", "'lmak' of the plug-in is not empty.", "The driver has no name in Audio MIDI Setup.")
def plugin_manufacturer(s):
    _rows.texts(s, "plug-in", "lmak")


@rule(
    "plugin-bundle-id",
    "'piid' is the bundle's CFBundleIdentifier.",
    "An application cannot find its driver by its identifier.",
)
def plugin_bundle_id(s):
    with s.open() as session:
        if session.plugin.has(1, "piid"):
            found, wanted = session.plugin.get_string(1, "piid"), s.bundle.info.get("CFBundleIdentifier")
            advise(found == wanted, f"'piid' is {found!r}, and CFBundleIdentifier {wanted!r}")


@rule(
    "plugin-resource-bundle",
    "'rsrc' is a path inside the bundle, relative to it (\"\" is the bundle itself), and there is something.",
    "The device has no icon, and its names are not translated.",
    "NullAudio",
)
def plugin_resource_bundle(s):
    with s.open() as session:
        if not session.plugin.has(1, "rsrc"):
            return
        text = session.plugin.get_string(1, "rsrc")
    path = PurePosixPath(text)
    require(not path.is_absolute() and ".." not in path.parts, f"'rsrc' is {text!r}")
    require((s.path / path).exists(), f"'rsrc' is {text!r}, which is not in the bundle")
