# Calls to the driver: GIL, exceptions to a status. Control threads. Header only: part of _hal.

from tympan._core cimport Core
from tympan._driver cimport Driver
from tympan._objects cimport Device
from tympan.coreaudio cimport *


cdef inline void log_exception(object error, str where):
    """One line for the log: what failed, where in the source, why. Never raises."""
    try:
        frames = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename}:{trace.tb_lineno} in {code.co_name}")
            trace = trace.tb_next
        place = " > ".join(frames)
        line = f"tympan: {where} raised {type(error).__name__}: {error} (traceback, outermost first: {place})"
        tympan_os_log(line.replace("\n", " ").replace("\0", " ").encode("utf-8", "replace"))
    except BaseException:
        tympan_os_log(b"tympan: a driver raised an exception that could not be described")


# Never 0 and never raises, whatever the exception looks like: 0 would mean success.
cdef inline OSStatus status_of(object error, str where) noexcept:
    cdef OSStatus status = 0
    log_exception(error, where)
    try:
        from tympan._errors import HalError
        if isinstance(error, HalError):
            status = <OSStatus><UInt32>(int(error.status) & 0xFFFFFFFF)
    except BaseException:
        pass
    return status or kAudioHardwareUnspecifiedError


# Call a method of the driver. The control mutex is held.
cdef inline OSStatus call(Core* core, str name, tuple arguments) noexcept:
    cdef str where = "driver"
    try:
        driver = <object>core.driver
        where = f"{type(driver).__name__}.{name}"
        getattr(driver, name)(*arguments)
        return kAudioHardwareNoError
    except BaseException as error:
        return status_of(error, where)


# The same without the GIL, and without arguments.
cdef inline OSStatus call_driver_method(Core* core, const char* method) noexcept with gil:
    return call(core, method.decode(), ())


# The same for a device: the method for one device if the driver has it, else that for all. Method: b"start" or b"stop".
cdef inline OSStatus call_for(Core* core, const char* method, const Device* device) noexcept with gil:
    cdef str name = method.decode() + "_device"
    if getattr(<object>core.driver_class, name) is getattr(Driver, name):
        return call(core, method.decode() + "_io", ())
    return call(core, name, (device.io.device,))
