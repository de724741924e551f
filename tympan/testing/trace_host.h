/* The table that the driver sees instead of the host's; included by trace.h. */

static trace_driver *host_owner(AudioServerPlugInHostRef self)
{
    trace_driver *t = trace_drivers;
    while (t && &t->host.table != self)
        t = t->next;
    return t ? t : trace_recent ? trace_recent : trace_drivers;
}

static OSStatus host_properties_changed(AudioServerPlugInHostRef self, AudioObjectID object, UInt32 count,
                                        const AudioObjectPropertyAddress *addresses)
{
    trace_driver *t = host_owner(self);
    trace_record r;
    if (call_begin(&r, t, TRACE_HOST)) {
        UInt32 kept = addresses ? (count < 32 ? count : 32) : 0;
        put(&r, object);
        put(&r, count);
        put(&r, kept);
        for (UInt32 i = 0; i < kept; i++) {
            put_code(&r, addresses[i].mSelector);
            put_code(&r, addresses[i].mScope);
            put(&r, addresses[i].mElement);
        }
        put_end(&r);
    }
    OSStatus status = t->real_host->PropertiesChanged(t->real_host, object, count, addresses);
    answer(status);
    return status;
}

static OSStatus host_copy(AudioServerPlugInHostRef self, CFStringRef key, CFPropertyListRef *out)
{
    trace_driver *t = host_owner(self);
    trace_text text;
    text.far = NULL;
    trace_record r;
    if (call_begin(&r, t, TRACE_HOST + 1)) {
        put_object(&r, (CFTypeRef)key, &text);
        put_end(&r);
        text_done(&text);
    }
    OSStatus status = t->real_host->CopyFromStorage(t->real_host, key, out);
    if (answer_begin(&r, status)) {
        put_object(&r, out ? *out : NULL, &text);
        put_end(&r);
        text_done(&text);
    }
    return status;
}

static OSStatus host_write(AudioServerPlugInHostRef self, CFStringRef key, CFPropertyListRef value)
{
    trace_driver *t = host_owner(self);
    trace_text text, value_text;
    text.far = value_text.far = NULL;
    trace_record r;
    if (call_begin(&r, t, TRACE_HOST + 2)) {
        put_object(&r, (CFTypeRef)key, &text);
        put_object(&r, value, &value_text);
        put_end(&r);
        text_done(&text);
        text_done(&value_text);
    }
    OSStatus status = t->real_host->WriteToStorage(t->real_host, key, value);
    answer(status);
    return status;
}

static OSStatus host_delete(AudioServerPlugInHostRef self, CFStringRef key)
{
    trace_driver *t = host_owner(self);
    trace_text text;
    text.far = NULL;
    trace_record r;
    if (call_begin(&r, t, TRACE_HOST + 3)) {
        put_object(&r, (CFTypeRef)key, &text);
        put_end(&r);
        text_done(&text);
    }
    OSStatus status = t->real_host->DeleteFromStorage(t->real_host, key);
    answer(status);
    return status;
}

static OSStatus host_request(AudioServerPlugInHostRef self, AudioObjectID device, UInt64 action, void *info)
{
    trace_driver *t = host_owner(self);
    change_begin(t, TRACE_HOST + 4, device, action, info);
    OSStatus status = t->real_host->RequestDeviceConfigurationChange(t->real_host, device, action, info);
    answer(status);
    return status;
}
