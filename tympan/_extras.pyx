# cython: language_level=3
"""Properties of a driver's own and its settings, between its Python and the core.

In a bundle only when its driver has any. The core calls ``read`` and ``write`` by pointer on any control
thread; everything else here is called with the GIL.
"""

from libc.string cimport memcpy

from tympan._driver cimport Control, Driver
from tympan._extras_types cimport CoreCalls, ReadProperty, WriteProperty
from tympan._property_lists cimport cf_of, value_of
from tympan.coreaudio cimport (
    CFGetTypeID, CFRelease, CFStringGetTypeID, CFTypeRef, OSStatus, UInt32, kAudioHardwareBadObjectError,
    kAudioHardwareIllegalOperationError, kAudioHardwareNoError, kAudioHardwareUnknownPropertyError,
    kAudioObjectPlugInObject, tympan_os_log,
)

from tympan._property_spec import CustomProperty, checked, same
from tympan._setting import ControlSetting


ctypedef OSStatus (*Served)(
    Driver driver, object item, const void* qualifier, const void* data, void** out
) except? -1


cdef class Extras:
    """What a driver object has beyond streams and controls, from its Initialize to its last Release."""

    cdef CoreCalls calls
    cdef dict properties        # (object id, selector): CustomProperty

    def __cinit__(self):
        self.properties = {}

    def give(self, Driver driver, object specs, object places):
        """The properties that the driver and its devices, with these (object id, index), have now. One that was there
        already stays the same CustomProperty. [control]"""
        owners = [(kAudioObjectPlugInObject, None, driver.PROPERTIES)]
        owners += [(*place, spec.properties) for place, spec in zip(places, specs)]
        found = {}
        for object_id, device, specs in owners:
            for spec in specs:
                key = object_id, int.from_bytes(spec.selector.encode(), "big")
                known = self.properties.get(key)
                if known is None or known.spec != spec:
                    known = CustomProperty(spec, device, Teller(self, *key))
                found[key] = known
        self.properties = found

    def named(self, name, device):
        """The CustomProperty, or KeyError. [any]"""
        for item in list(self.properties.values()):
            if item.name == name and item.device == device:
                return item
        where = "the plug-in" if device is None else f"device {device}"
        raise KeyError(f"{where} has no property {name!r}")

    # ---- settings ----

    def restore(self, Driver driver, names):
        """Read these settings from the host's storage. Initialize only. [control & !running]"""
        for name in names:
            found, value = self.stored(name)
            if found:
                driver.settings.restore(name, value, driver.migrate_setting, _log)

    cdef object stored(self, name):
        """Whether the storage has something, and what; None for what Python has no value of."""
        cdef CFTypeRef key = cf_of(name)
        cdef CFTypeRef found = NULL
        with nogil:
            found = self.calls.load(&self.calls, key)
            CFRelease(key)
        if found is NULL:
            return False, None
        try:
            return True, value_of(found)
        except ValueError:
            return True, None
        finally:
            CFRelease(found)

    def save(self, name, stored):
        """WriteToStorage, or with None DeleteFromStorage, from the core's queue. [any]"""
        cdef CFTypeRef key = cf_of(name)
        cdef CFTypeRef value = NULL
        try:
            value = cf_of(stored) if stored is not None else NULL
        except BaseException:
            CFRelease(key)
            raise
        self.calls.store(&self.calls, key, value)

    def restored(self, Driver driver, specs):
        """The DeviceSpecs, with the controls as they were left that are persistent. Initialize only.
        [control & !running]"""
        return [self._restored(driver, spec) if any([c.persistent for c in spec.controls]) else spec for spec in specs]

    def _restored(self, Driver driver, spec):
        controls = list(spec.controls)
        for i, control in enumerate(controls):
            if control.persistent:
                setting = ControlSetting(spec.uid, control)
                driver.settings.add(setting)
                self.restore(driver, [setting.name])
                controls[i] = control._with(value=driver.settings[setting.name])
        return spec._with(controls=tuple(controls))

    def keep(self, Driver driver, uids):
        """From now on the settings follow the persistent controls of the devices with these {index: UID}. [control]"""
        cdef Control control
        for control in driver._controls.values():
            if control.spec.persistent and control.keep is None:
                setting = ControlSetting(uids[control.device], control.spec)
                if setting.name not in driver.settings:
                    driver.settings.add(setting)        # of a control that has come at run time
                control.keep = driver.settings, setting.name

    def close(self):
        """The driver is dropped: nothing reaches the host any more. [control]"""
        self.calls.core = NULL
        self.properties = {}


cdef class Teller:
    """Called without arguments: PropertiesChanged of one property, if the driver is still there. [any]"""

    cdef Extras extras
    cdef UInt32 object_id, selector

    def __init__(self, Extras extras, UInt32 object_id, UInt32 selector):
        self.extras, self.object_id, self.selector = extras, object_id, selector

    def __call__(self):
        if self.extras.calls.core is not NULL:
            self.extras.calls.tell(&self.extras.calls, self.object_id, self.selector)


def _log(line):
    tympan_os_log(f"tympan: {line}".replace("\n", " ").replace("\0", " ").encode("utf-8", "replace"))


# ---- what the core calls ----

cdef object _given(object kind, const void* place):
    """The Python value behind a host's pointer to a reference; ValueError for a wrong type."""
    cdef CFTypeRef reference = NULL
    memcpy(&reference, place, sizeof(reference))
    if reference is NULL or (kind == "string" and CFGetTypeID(reference) != CFStringGetTypeID()):
        raise ValueError
    return value_of(reference)


# Call one function for the property, with the driver; exceptions become a status.
cdef OSStatus _served(
    void** place, UInt32 object_id, UInt32 selector, Served serve, const void* qualifier, const void* data, void** out
) noexcept with gil:
    cdef Driver driver
    cdef Extras extras
    if place[0] is NULL:
        return kAudioHardwareBadObjectError
    driver = <Driver>place[0]
    extras = driver._extras
    try:
        item = extras.properties.get((object_id, selector))
        if item is None:
            return kAudioHardwareUnknownPropertyError
        return serve(driver, item, qualifier, data, out)
    except BaseException as error:
        return extras.calls.status_of(error, f"{type(driver).__name__}.{'set' if out is NULL else 'get'}_property")


cdef OSStatus _read(
    void** place, UInt32 object_id, UInt32 selector, const void* qualifier, void** out
) noexcept nogil:
    return _served(place, object_id, selector, _get_value, qualifier, NULL, out)


# The core's control mutex is held.
cdef OSStatus _write(
    void** place, UInt32 object_id, UInt32 selector, const void* qualifier, const void* data
) noexcept nogil:
    return _served(place, object_id, selector, _set_value, qualifier, data, NULL)


cdef OSStatus _get_value(
    Driver driver, object item, const void* qualifier, const void* data, void** out
) except? -1:
    try:
        more = _given(item.spec.qualifier, qualifier) if item.spec.qualifier else None
    except ValueError:
        return kAudioHardwareIllegalOperationError
    out[0] = <void*>cf_of(checked(item.spec.kind, driver.get_property(item, more)))
    return kAudioHardwareNoError


cdef OSStatus _set_value(
    Driver driver, object item, const void* qualifier, const void* data, void** out
) except? -1:
    try:
        value = _given(item.spec.kind, data)
        more = _given(item.spec.qualifier, qualifier) if item.spec.qualifier else None
    except ValueError:
        return kAudioHardwareIllegalOperationError
    _set(driver, item, value, more)
    return kAudioHardwareNoError


# The host hears of it once, and only when another value can be read now.
cdef int _set(Driver driver, object item, object value, object more) except -1:
    told, before = item.told, _current(driver, item, more)
    driver.set_property(item, value, more)
    if item.told == told and not same(before, _current(driver, item, more)):
        item.notify()
    return 0


# What it is now; while it cannot be read, something that equals nothing.
cdef object _current(Driver driver, object item, object more):
    try:
        return checked(item.spec.kind, driver.get_property(item, more))
    except Exception:
        return object()


def connect(Driver driver, size_t calls):
    """Give the driver its Extras, which know the core by ``calls``; answer two addresses and the Extras. [control]"""
    if driver._extras is None:
        driver._extras = Extras()
        (<Extras>driver._extras).calls = (<CoreCalls*>calls)[0]
    return <size_t><ReadProperty>_read, <size_t><WriteProperty>_write, driver._extras
