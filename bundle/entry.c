/*
 * The one function a .driver exports, and the start of its private interpreter.
 *
 * The host calls the factory on any thread, any number of times. The first
 * call for the right type starts the interpreter, imports the driver's module
 * and makes the plug-in; every call answers that plug-in with one reference
 * more. Nothing is ever finalised: the host may keep the table for as long as
 * the process lives, and the image is never unloaded.
 *
 * What differs from bundle to bundle (names, frozen modules) is in table.c,
 * which tympan.bundle.table writes.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr, RTLD_DEEPBIND */
#endif

#include <Python.h>

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coreaudio.h"
#include "table.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static AudioServerPlugInDriverRef driver; /* NULL if the interpreter or the driver did not start */

static void log_failure(const char *what, const char *why)
{
    char line[1024];
    snprintf(line, sizeof line, "tympan: %s.%s: %s: %s", tympan_module, tympan_class, what, why);
    tympan_os_log(line);
}

/* Report the pending exception as "Type: message". GIL held. */
static void log_exception(const char *what)
{
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    PyObject *text = value ? PyObject_Str(value) : NULL;
    const char *message = text ? PyUnicode_AsUTF8(text) : NULL;
    char why[768];
    snprintf(why, sizeof why, "%s: %s", type ? ((PyTypeObject *)type)->tp_name : "error", message ? message : "");
    PyErr_Clear();
    log_failure(what, why);
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
}

/*
 * The binary's path and `.../NAME.driver/Contents`. A host that gave an
 * absolute path (CFBundle always does) makes this ask nothing of the file system.
 */
static int find_contents(char *contents, char binary[PATH_MAX])
{
    Dl_info info;
    if (!dladdr((const void *)&once, &info) || !info.dli_fname || strlen(info.dli_fname) >= PATH_MAX)
        return 0;
    if (info.dli_fname[0] == '/')
        strcpy(binary, info.dli_fname);
    else if (!realpath(info.dli_fname, binary))
        return 0;
    strcpy(contents, binary);
    for (int parts = 0; parts < 2; parts++) { /* MacOS/NAME */
        char *slash = strrchr(contents, '/');
        if (!slash)
            return 0;
        *slash = 0;
    }
    return 1;
}

static PyStatus set(PyConfig *config, wchar_t **field, const char *value)
{
    return PyConfig_SetBytesString(config, field, value);
}

/*
 * Every path is given, `home` first of all: a path left out is searched for
 * beside the host's program (pyvenv.cfg, ._pth, lib/python3.x).
 */
static PyStatus set_paths(PyConfig *config, const char *contents, const char *binary)
{
    wchar_t **folders[] = {&config->home, &config->prefix, &config->base_prefix, &config->exec_prefix,
                           &config->base_exec_prefix, &config->stdlib_dir};
    wchar_t **programs[] = {&config->program_name, &config->executable, &config->base_executable};
    PyStatus status = set(config, &config->platlibdir, "lib");
    for (size_t i = 0; i < sizeof folders / sizeof *folders && !PyStatus_Exception(status); i++)
        status = set(config, folders[i], contents);
    for (size_t i = 0; i < sizeof programs / sizeof *programs && !PyStatus_Exception(status); i++)
        status = set(config, programs[i], binary);
    return status;
}

/* A vendored runtime finds its extension modules in one folder; a static one has no folder at all. */
static PyStatus set_search(PyConfig *config, const char *contents)
{
    config->module_search_paths_set = 1;
    if (!tympan_library[0])
        return PyStatus_Ok();
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", contents, tympan_library);
    wchar_t *wide = Py_DecodeLocale(path, NULL);
    if (!wide)
        return PyStatus_NoMemory();
    PyStatus status = PyWideStringList_Append(&config->module_search_paths, wide);
    PyMem_RawFree(wide);
    return status;
}

/* No environment, no site, no signal handlers, no locale: the process is not ours. */
static PyStatus start_interpreter(const char *contents, const char *binary)
{
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    PyStatus status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status))
        return status;
    PyImport_FrozenModules = tympan_frozen;
    if (PyImport_ExtendInittab(tympan_builtin) < 0)
        return PyStatus_NoMemory();

    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    config.install_signal_handlers = 0;
    config.pathconfig_warnings = 0;
    config.write_bytecode = 0;
    config.use_frozen_modules = 1;
    status = set_paths(&config, contents, binary);
    if (!PyStatus_Exception(status))
        status = set_search(&config, contents);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    return status;
}

/*
 * On Linux the symbols of a host's own CPython come first, also for extension
 * modules that our interpreter loads later. macOS binds each name to a library.
 */
static void bind_deeply(void)
{
#ifdef RTLD_DEEPBIND
    if (!tympan_library[0])
        return;
    PyObject *set_flags = PySys_GetObject("setdlopenflags"); /* borrowed */
    PyObject *done = set_flags ? PyObject_CallFunction(set_flags, "i", RTLD_NOW | RTLD_DEEPBIND) : NULL;
    PyErr_Clear();
    Py_XDECREF(done);
#endif
}

/* The plug-in object is kept for ever: its address is the driver reference. GIL held. */
static AudioServerPlugInDriverRef create_driver(void)
{
    void *address = NULL;
    PyObject *finder = PyImport_ImportModule("_tympan_boot"); /* boot.py */
    PyObject *module = finder ? PyImport_ImportModule(tympan_module) : NULL;
    PyObject *class = module ? PyObject_GetAttrString(module, tympan_class) : NULL;
    PyObject *core = class ? PyImport_ImportModule("tympan._hal") : NULL;
    PyObject *plugin = core ? PyObject_CallMethod(core, "create", "O", class) : NULL;
    PyObject *number = plugin ? PyObject_GetAttrString(plugin, "address") : NULL;
    if (number)
        address = PyLong_AsVoidPtr(number);
    if (!address)
        log_exception("cannot import the driver");
    Py_XDECREF(number);
    Py_XDECREF(core);
    Py_XDECREF(class);
    Py_XDECREF(module);
    Py_XDECREF(finder);
    return address;
}

static void boot(void)
{
    char contents[PATH_MAX], binary[PATH_MAX];
    if (!find_contents(contents, binary)) {
        log_failure("cannot start Python", "the bundle's own path is unknown or too long");
        return;
    }
    /* A second copy of a vendored bundle finds the library, and its interpreter, already there. */
    if (Py_IsInitialized()) {
        PyGILState_STATE state = PyGILState_Ensure();
        driver = create_driver();
        PyGILState_Release(state);
        return;
    }
    PyStatus status = start_interpreter(contents, binary);
    if (PyStatus_Exception(status)) {
        log_failure("cannot start Python", status.err_msg ? status.err_msg : "unknown reason");
        return;
    }
    bind_deeply();
    driver = create_driver();
    PyEval_SaveThread(); /* control calls take the GIL with PyGILState_Ensure, on whatever thread they come */
}

__attribute__((visibility("default"))) void *TYMPAN_FACTORY(CFAllocatorRef allocator, CFUUIDRef type)
{
    (void)allocator;
    if (!type || !tympan_uuid_equal(CFUUIDGetUUIDBytes(type), tympan_kAudioServerPlugInTypeUUID))
        return NULL;
    pthread_once(&once, boot);
    if (driver)
        (*driver)->AddRef(driver);
    return driver;
}
