"""`package`: a .pkg that installs a driver on any Mac, checks it there, and brings its own uninstaller."""

import os
import plistlib
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from tympan._errors import UsageError
from tympan.bundle.macos import copying, installed, scripts, sign
from tympan.bundle.macos.system import HAL, MacError, add_options, system_of
from tympan.bundle.verify import verify_bundle

SUPPORT = "Library/Application Support"
COMPONENT = "component.pkg"
TOOLS = ("pkgbuild", "productbuild")


def configure(parser):
    """Arguments of `package`."""
    parser.add_argument("path", metavar="BUNDLE", help="a .driver folder")
    parser.add_argument("--output", metavar="FILE", help="the package (default: NAME-VERSION.pkg beside the bundle)")
    sign.add_identity(parser)
    parser.add_argument("--installer-sign", metavar="IDENTITY", help="a Developer ID Installer identity")
    add_options(parser, root=False)


def run(args):
    """Make the package, and say what is still to do before others can open it."""
    system, source = system_of(args), Path(args.path)
    found = check(system, source)
    driver = installed.Installed(source)
    output = Path(args.output or source.with_name(f"{source.stem}-{driver.version}.pkg"))
    if output.suffix != ".pkg" or not output.absolute().parent.is_dir():
        raise UsageError(f"{output} is not the name of a .pkg in a folder that is there", "Choose another --output.")
    build(system, driver, {part.machine for part in found.slices}, output, args)
    if not system.dry_run:
        print(f"Created {output} (installs {driver.name}, {driver.bundle_id} {driver.version})")
    if not args.installer_sign:
        print("warning: the package is not signed, so only this Mac opens it: --installer-sign, then `notarize`")
    return 0


def check(system, source):
    """Apple's tools, and a bundle for macOS."""
    missing = [name for name in TOOLS if not system.has(name)]
    if missing:
        raise UsageError(
            f"a .pkg is made by {' and '.join(TOOLS)}, which only macOS has",
            f"Copy {source} to a Mac and run there: python -m tympan package {source.name}",
        )
    found = verify_bundle(source)
    if found.slices[0].system != "macOS":
        raise UsageError(f"{source} is for {found.platform}, not for macOS", "Build it with a --target for macOS.")
    return found


def build(system, driver, machines, output, args):
    """Stage, sign, pack; the package takes its name only when it is done."""
    with tempfile.TemporaryDirectory(prefix=".tympan-", dir=output.absolute().parent) as folder:
        stage = Path(folder)
        lay_out(stage, driver)
        seal(system, stage / "root" / HAL / driver.name, args)
        pack_component(system, stage, driver)
        product = pack_product(system, stage, driver, machines, args.installer_sign)
        if not system.dry_run:
            os.replace(product, output)


def lay_out(stage, driver):
    """The files as they will be installed, the scripts, and what pkgbuild must know about the bundle."""
    (stage / "root" / HAL).mkdir(parents=True)
    copying.plain_copy(driver.path, stage / "root" / HAL / driver.name)
    scripts.write(stage / "root" / SUPPORT / driver.bundle_id / "uninstall.sh", "uninstall", driver)
    for name in ("preinstall", "postinstall"):
        scripts.write(stage / "scripts" / name, name, driver)
    (stage / "component.plist").write_bytes(plistlib.dumps([component(driver)], sort_keys=True))
    for path in (stage / "root").rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)  # the installer gives these modes to folders that are not there yet


def component(driver):
    """Installed where it belongs, also when a copy lies elsewhere on the disk, and also over a newer one."""
    return {
        "BundleHasStrictIdentifier": True,
        "BundleIsRelocatable": False,
        "BundleIsVersionChecked": False,
        "BundleOverwriteAction": "upgrade",
        "RootRelativeBundlePath": f"{HAL}/{driver.name}",
    }


def seal(system, bundle, args):
    """Attributes of the machine that packs have no place in a package; the signature comes last."""
    if system.has("xattr"):
        system.must(f"clearing the attributes of {bundle.name}", "xattr", "-cr", bundle)
    if args.sign:
        sign.require(system, bundle.name, args.sign)
        sign.sign(system, bundle, args.sign, args.p12_password_file)
    else:
        copying.seal(system, bundle)
    copying.set_modes(bundle)  # codesign adds files with the modes of who runs it


def pack_component(system, stage, driver):
    """The files and scripts."""
    arguments = ["--root", stage / "root", "--component-plist", stage / "component.plist"]
    arguments += ["--scripts", stage / "scripts", "--identifier", driver.receipt, "--version", driver.version or "1.0"]
    arguments += ["--install-location", "/", "--ownership", "recommended"]
    system.must("packing the files", "pkgbuild", *arguments, stage / COMPONENT)


def pack_product(system, stage, driver, machines, identity):
    """What a person opens: a title, the systems and processors it is for, and a signature if there is one."""
    (stage / "distribution.xml").write_bytes(distribution(driver, machines))
    product = stage / "product.pkg"
    arguments = ("--distribution", stage / "distribution.xml", "--package-path", stage)
    system.must("packing the package", "productbuild", *arguments, product)
    if not identity:
        return product
    signed, hint = stage / "signed.pkg", "security find-identity -v lists the identities of this Mac."
    arguments = ("--sign", identity, "--timestamp", product, signed)
    system.must("signing the package", "productsign", *arguments, hint=hint)
    done = system.run("pkgutil", "--check-signature", signed)
    if done.code != 0:
        raise MacError(f"the package does not have a valid signature: {done.first}", hint)
    return signed


def distribution(driver, machines):
    """distribution.xml, always the same bytes for the same driver."""
    script = ElementTree.Element("installer-gui-script", minSpecVersion="2")
    ElementTree.SubElement(script, "title").text = driver.info.get("CFBundleName") or driver.name
    ElementTree.SubElement(script, "options", customize="never", hostArchitectures=",".join(sorted(machines)))
    where = {"enable_anywhere": "false", "enable_currentUserHome": "false", "enable_localSystem": "true"}
    ElementTree.SubElement(script, "domains", where)
    if driver.minimum_system:
        versions = ElementTree.SubElement(ElementTree.SubElement(script, "volume-check"), "allowed-os-versions")
        ElementTree.SubElement(versions, "os-version", min=driver.minimum_system)
    lines = ElementTree.SubElement(script, "choices-outline")
    ElementTree.SubElement(lines, "line", choice="driver")
    choice = ElementTree.SubElement(script, "choice", id="driver", visible="false")
    ElementTree.SubElement(choice, "pkg-ref", id=driver.receipt)
    last = {"id": driver.receipt, "version": driver.version or "1.0", "onConclusion": "none"}
    ElementTree.SubElement(script, "pkg-ref", last).text = COMPONENT
    ElementTree.indent(script)
    return ElementTree.tostring(script, encoding="utf-8", xml_declaration=True) + b"\n"
