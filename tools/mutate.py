"""Break the core in one place at a time and see whether a test notices.

Usage: python tools/mutate.py [NUMBER ...]. Works in a copy of the checkout; prints a line
per mutant and exits 1 when one survives. Not part of `make test`: each mutant is a build.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = (".git", ".venv", "build", "dist", "demo", "*.egg-info", "__pycache__", ".hypothesis")

# ruff: noqa: E501
#: file, what stands there, what it becomes, tests that must fail
MUTANTS = [
    ("tympan/_clock.pxd", "(elapsed + 1, den, num)", "(elapsed, den, num)", "test_clock"),
    ("tympan/_clock.pxd", "and stamp.seed == ty_load_acquire_u64(&clock.seed)", "", "test_clock"),
    ("tympan/_clock.pxd", "and stamp.host <= now < stamp.next_host", "and stamp.host <= now", "test_clock"),
    ("tympan/_ring.pxd", "time & (ring.capacity - 1)", "(time if time > 0 else -time) & (ring.capacity - 1)", "test_ring"),
    ("tympan/_ring.pxd", "ty_store_i64(&ring.start, min(oldest, time))", "pass", "test_ring"),
    ("tympan/_ring.pxd", "        ring_fill_silence(ring, end, gap)", "        pass", "test_ring"),
    ("tympan/_ring.pxd", "if epoch & 1 or ty_load_u32(&ring.epoch) != epoch:", "if epoch & 1:", "test_ring"),
    ("tympan/_convert.pxd", "x = x if x < 32767 else 32767", "pass", "test_convert"),
    ("tympan/_convert.pxd", "x = x if x == x else 0      # NaN", "pass", "test_convert"),
    ("tympan/_io.pxd", "and run >= frames", "", "test_loopback examples/gain"),
    ("tympan/_io.pxd", "rt.sample_time - io.read_offset", "rt.sample_time", "test_io"),
    ("tympan/_io.pxd", "rt.sample_time - device.io.read_offset", "rt.sample_time", "test_loopback"),
    ("tympan/_io.pxd", "elif ring_channels == stream.channels:", "elif True:", "test_loopback"),
    ("tympan/_objects.pyx", "IoOperation.WRITE_MIX if", "IoOperation.READ_INPUT if", "test_io examples/gain"),
    ("tympan/_objects.pyx", "_release(device.model_uid)", "pass", "test_lifecycle"),
    ("tympan/_hal.pyx", "    if device.running == 0:\n        status = call_for", "    if True:\n        status = call_for", "test_lifecycle"),
    ("tympan/_hal_changes.pxd", "ring_move(&device.rings[i], 0, 0)", "pass", "test_loopback"),
    ("tympan/_hal.pyx", "        _drop_driver(core, graph)\n        retire(core, graph)\n        return status", "        return status", "test_lifecycle"),
    ("tympan/_settings.pxd", "    elif device.change_id or rate != device.rate:", "    else:", "test_configuration"),
    ("tympan/_host_calls.pxd", "                forget_change(core, job.object_id, job.change_id)", "                pass", "test_configuration"),
    ("tympan/_spsc.h", "room < count ? room : count", "count", "test_rings"),
    ("tympan/_spsc.h", "while (places < capacity) places *= 2;", "while (places <= capacity / 2) places *= 2;", "test_rings"),
    ("tympan/_spsc.h", "if (count > run) memcpy(memory + run", "if (0) memcpy(memory + run", "test_rings"),
    ("tympan/_spsc.h", "if (there < count) ty_store_u64(&q->missed", "if (0) ty_store_u64(&q->missed", "test_rings"),
    ("tympan/_ramp.h", "if (moving && r->left == 0) values", "if (0) values", "test_parameters"),
    ("tympan/_ramp.h", "(r->done + (i + 1))", "(r->done + i)", "test_parameters"),
    ("tympan/_ramp.h", "r->start = r->now;", "r->start = r->aim;", "test_parameters"),
    ("tympan/_ramp.h", "ratio > 0 && isfinite(ratio)", "1", "test_parameters"),
    ("tympan/_ramp.h", "if (!isfinite(value)) return;", "", "test_parameters"),
    ("tympan/_double_buffer.h", "d->version[shown] + 1", "d->version[hidden] + 1", "test_double_buffer"),
    ("tympan/_double_buffer.h", "if (size != d->size) {", "if (0) {", "test_double_buffer"),
    ("tympan/_double_buffer.h", "return ty_double_wait(ty_double_readers(d, side), &patience);", "return 1;", "test_double_buffer"),
    ("tympan/_mpsc.h", "size == q->size && q->cells", "q->cells", "test_log_sink"),
    ("tympan/_mpsc.h", "if (ahead < 0) return NULL;", "", "test_log_sink"),
    ("tympan/_log_sink.pyx", "        records.reported = dropped\n", "", "test_log_sink"),
    ("tympan/_log_sink.pyx", "        _say_why(error)", "        pass", "test_log_sink"),
    ("tympan/_log_sink.pyx", "        _hand_over(records, decode, emit)\n    except", "        pass\n    except", "test_log_sink"),
    ("tympan/_log_sink.pyx", "    def __del__(self):\n        if self.stopping", "    def __del__(self):\n        if False and self.stopping", "test_log_sink"),
    ("tympan/_parameters.pxd", "0 if self is None else ty_ramp_next(&self.ramp)", "ty_ramp_next(&self.ramp)", "test_primitives"),
    ("tympan/_hal.pyx", "    out[0] = NULL\n", "", "test_properties"),
    ("tympan/_hal_changes.pxd", "    set_driver_rate(core, device, rate)\n    if", "    if", "test_configuration"),
    ("tympan/_answers.pxd", "CFRetain(<CFTypeRef>string)", "pass", "test_properties"),
    ("tympan/_properties.pyx", "if query.capacity < row.fixed_size:", "if False:", "test_properties"),
    ("tympan/_getters.pxd", "return in_scope(q, candidate.stream.is_input)", "return True", "test_properties"),
    ("tympan/_hal_io.pxd", " or item.stream.is_input != reading", "", "test_many_devices test_io"),
    ("tympan/_objects.pyx", "&device.outputs[i], &device.inputs[i], &device.rings[i]", "&device.outputs[i], &device.inputs[0], &device.rings[i]", "test_many_devices"),
    ("tympan/_objects.pyx", "    io.device = index\n", "    io.device = 0\n", "test_many_devices"),
    ("tympan/_answers.pxd", "        channel[0] -= stream.channels\n", "        channel[0] = 1\n", "test_update"),
    ("tympan/_hal.pyx", "for i in range(core.graph.device_count):\n        device", "for i in range(1):\n        device", "test_lifecycle test_many_devices"),
    ("tympan/_settings.pxd", "    if device.change_id:\n", "    if core.last_change_id:\n", "test_many_devices"),
    ("tympan/_settings.pxd", "    if value != place_of(control):", "    if True:", "test_controls"),
    ("tympan/_settings.pxd", "    if not is_number(value):", "    if False:", "test_controls"),
    ("tympan/_settings.pxd", "clamped(value, 0, 1)", "value", "test_controls"),
    ("tympan/_settings.pxd", "min(max(number[0], control.bounds[0]), control.bounds[1])", "number[0]", "test_controls"),
    ("tympan/_settings.pxd", "    elif not has_item(control, number[0]):", "    elif False:", "test_controls"),
    ("tympan/_settings.pxd", "    if item is not NULL and item.control.applied:", "    if False:", "test_controls"),
    ("tympan/_settings.pxd", "    if core.queue is not NULL:", "    if False:", "test_controls"),
    ("tympan/_properties.pyx", "and (item.control is NULL or item.control.settable)", "", "test_controls"),
    ("tympan/_graphs.pyx", "        (<Driver>driver)._controls.pop(handle.id, None)\n", "", "test_update_changes"),
    ("tympan/_hal_changes.pxd", "    settle(device, device.rate)\n", "", "test_controls"),
    ("tympan/_controls.pxd", "pow(clamped(place, 0, 1), control.curve)", "clamped(place, 0, 1)", "test_controls"),
    ("tympan/_controls.pxd", " and place > 0:", ":", "test_controls"),
    ("tympan/_gains.pxd", "if channel == control.bounds[0]:", "if channel == control.bounds[1]:", "test_controls"),
    ("tympan/_gains.pxd", "gain_for(&device.controls[k], channel + j)", "gain_for(&device.controls[k], 1 + j)", "test_controls"),
    ("tympan/_gains.pxd", "        source += part * stride\n", "", "test_controls"),
    ("tympan/_getters.pxd", "return candidate.control.scope == q.address.mScope", "return True", "test_controls"),
    ("tympan/_getters_device.pxd", "q.object.device.can_be_system_default[direction(q)]", "q.object.device.can_be_default[direction(q)]", "test_properties test_device_details"),
    ("tympan/_setting.py", "        if not same(before, value):\n", "        if True:\n", "test_settings"),
    ("tympan/_setting.py", "        if version != spec.version:\n            self._save", "        if False:\n            self._save", "test_settings"),
    ("tympan/_setting.py", "        return checked(\"plist\", self._values[name])", "        return self._values[name]", "test_settings"),
    ("tympan/_setting.py", " and type(stored[\"version\"]) is int", "", "test_settings"),
    ("tympan/_property_spec.py", "        if not same(before, value):\n", "        if before != value:\n", "test_custom_properties"),
    ("tympan/_property_spec.py", "        return {key: _copied(item, depth + 1) for key, item in value.items()}", "        return value", "test_custom_properties"),
    ("tympan/_client.py", "    if info.qualifier is not None and value is None:", "    if False:", "test_connect"),
    ("tympan/_client_macos.py", "            self._foundation.CFRelease(found)\n", "            pass\n", "test_connect"),
    ("tympan/_client_macos.py", "_in_utc(value), fmt", "value, fmt", "test_connect"),
    ("tympan/_extras.pyx", "if item.told == told and not same(", "if not same(", "test_custom_properties"),
    ("tympan/_extras.pyx", "if item.told == told and not same(before, _current(driver, item, more)):", "if item.told == told:", "test_custom_properties"),
    ("tympan/_extras.pyx", "or (kind == \"string\" and CFGetTypeID(reference) != CFStringGetTypeID())", "", "test_custom_properties"),
    ("tympan/_hal.pyx", "    control._save()\n", "", "test_settings"),
    ("tympan/_hal.pyx", '        call_driver_method(core, b"_begin_storing")', "        pass", "test_settings"),
    ("tympan/_hal_extras.pxd", "    if job.value is not NULL:\n        CFRelease(job.value)", "    if False:\n        CFRelease(job.value)", "test_settings"),
    ("tympan/_properties.pyx", " or address.mScope != kAudioObjectPropertyScopeGlobal or address.mElement != 0", "", "test_custom_properties"),
    ("tympan/_hal_changes.pxd", "    ty_wait_for_readers(&core.io, PATIENCE)\n", "", "test_stop_waits"),
    ("tympan/_hal_changes.pxd", "        enqueue(core, kAudioObjectPlugInObject, 0, kAudioPlugInPropertyDeviceList", "        enqueue(core, kAudioObjectPlugInObject, 0, kAudioPlugInPropertyBoxList", "test_update"),
    ("tympan/_hal_changes.pxd", "        retire(core, before)\n    reclaim(core)", "        pass\n    reclaim(core)", "test_update"),
    ("tympan/_hal_changes.pxd", "        halt(core, device)\n    forget_device", "        pass\n    forget_device", "test_update"),
    ("tympan/_hal_changes.pxd", "            swap(core, before, changed, device, write)\n", "            pass\n", "test_update_changes"),
    ("tympan/_hal_changes.pxd", "rate = rate if offers_rate(changed, rate) else changed.rate", "rate = rate", "test_update_changes"),
    ("tympan/_hal_changes.pxd", "    drop_change(device)\n", "    device.change_id = 0\n", "test_update_changes"),
    ("tympan/_host_calls.pxd", "    device.wants_spec = False\n", "", "test_update_changes"),
    ("tympan/_host_calls.pxd", "        device.outputs[i].wanted_format = 0\n", "        pass\n", "test_update_changes"),
    ("tympan/_graphs.pyx", "if was.format in stream.formats and was.format != stream.format else stream", "if False else stream", "test_update_changes"),
    ("tympan/_graphs.pyx", "    while index in taken:\n        index += 1\n", "    index = len(taken)\n", "test_update"),
    ("tympan/_graphs.pyx", "            told.append((device, kAudioObjectPropertyElementName, scope, first + i))\n", "            told.append((device, kAudioObjectPropertyElementName, scope, 1 + i))\n", "test_update"),
    ("tympan/_graphs.pyx", "        if graph.devices[i].holders == 0:", "        if False:", "test_update"),
    ("tympan/_objects.pyx", "        if handle.spec.name == spec.name and handle.spec.kind == spec.kind:", "        if False:", "test_update_changes"),
    ("tympan/_objects.pyx", "    device.running = before.running\n", "", "test_update_changes"),
    ("tympan/_objects.pyx", "store_place(control, spec.value if is_new else place_of(control))", "store_place(control, spec.value)", "test_update_changes"),
    ("tympan/_directory.pxd", "    ty_store_release_u64(&directory.version, directory.version + 1)\n", "    pass\n", "test_update"),
]


def build(checkout):
    """Compile what has changed; True when it worked."""
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    return subprocess.run(command, cwd=checkout, capture_output=True).returncode == 0


def tests(names):
    return [name if "/" in name else f"tests/{name}.py" for name in names.split()]


def noticed(checkout, names):
    """The first test that fails, or None."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not deep", "-p", "no:cacheprovider", *tests(names)]
    environment = dict(os.environ, PYTHONPATH=str(checkout))
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if failed:
        return failed[0].split(" - ")[0]
    return f"pytest ended with {done.returncode}" if done.returncode else None


def attempt(checkout, mutant):
    """Apply one mutant, test, and restore the file; what was seen."""
    name, old, new, which = mutant
    file = checkout / name
    text = file.read_text()
    if old not in text:
        return "STALE: the text is not there any more"
    file.write_text(text.replace(old, new, 1))
    try:
        return (noticed(checkout, which) or "SURVIVED") if build(checkout) else "does not compile"
    finally:
        file.write_text(text)


def main(numbers):
    chosen = [int(number) for number in numbers] or range(len(MUTANTS))
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*LEFT_OUT))
        alive = 0
        for number in chosen:
            seen = attempt(checkout, MUTANTS[number])
            alive += seen.startswith(("SURVIVED", "STALE"))
            print(f"{number:2} {MUTANTS[number][0]}: {MUTANTS[number][1].strip()[:50]!r} -> {seen}", flush=True)
        build(checkout)
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
