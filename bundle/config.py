"""What identifies a bundle: the few facts that Info.plist is made of."""

import uuid

from tympan.bundle import permissions, recipe

#: Factory UUIDs are UUIDv5 of the bundle identifier below this one, so they cannot be forgotten or change.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://tympan.invalid/factory")

MINIMUM_SYSTEM = "12.0"


class BundleConfig:
    """Identity of one ``.driver``.

    ``bundle_id``: reverse DNS, never changes; macOS keeps settings under it.
    ``name``: for people (CFBundleName). ``executable``: the file in
    Contents/MacOS. ``version``: one to three numbers. ``factory_uuid``: of the
    plug-in's factory; UUIDv5 of ``bundle_id`` unless given. ``factory_name``:
    the one exported symbol. ``copyright``: a line for Finder, or "".
    ``minimum_system``: the oldest macOS. ``icon``: the path of an .icns file, or
    None. ``devices``: a dictionary (UID, Name, InputChannels, OutputChannels) of
    each device that is there from the start. ``resources``: paths of files and folders that are
    copied to Contents/Resources; ``resource_bundle`` (a path in the bundle) and ``icons`` (names) must then be there.
    ``permissions``: the values of ``permissions.KEYS``.
    """

    def __init__(
        self,
        bundle_id,
        name,
        executable,
        version="1.0.0",
        *,
        factory_uuid=None,
        factory_name=recipe.FACTORY,
        copyright="",
        minimum_system=MINIMUM_SYSTEM,
        icon=None,
        devices=(),
        permissions=None,
        resources=(),
        resource_bundle="",
        icons=(),
    ):
        self.bundle_id = bundle_id
        self.name = name
        self.executable = executable
        self.version = version
        self.factory_uuid = str(factory_uuid or uuid.uuid5(NAMESPACE, bundle_id)).upper()
        self.factory_name = factory_name
        self.copyright = copyright
        self.minimum_system = minimum_system
        self.icon = icon
        self.devices = tuple(devices)
        self.permissions = dict(permissions or {})
        self.resources = tuple(resources)
        self.resource_bundle = resource_bundle
        self.icons = tuple(icons)

    @classmethod
    def of(cls, source, declaration, settings):
        """The configuration of a driver: its declaration, with what ``[tool.tympan]`` sets over it."""
        chosen = {key: settings[key] for key in permissions.KEYS if key in settings}
        return cls(
            settings.get("bundle-id", declaration["BUNDLE_ID"]),
            declaration["NAME"],
            settings.get("name", source.class_name),
            declaration["VERSION"],
            factory_uuid=settings.get("factory-uuid"),
            factory_name=settings.get("factory", recipe.FACTORY),
            copyright=settings.get("copyright", ""),
            icon=settings.get("icon"),
            devices=declaration.get("devices", ()),
            permissions={**declaration.get("permissions", {}), **chosen},
            resources=settings.get("resources", ()),
            resource_bundle=declaration.get("resource_bundle", ""),
            icons=declaration.get("icons", ()),
        )
