/* Property calls with one pointer missing, for the rule that a driver survives them; included by _host.pyx. */

#include "coreaudio.h"

#include <string.h>

/* In the order of NULLS in _host.pyx. */
enum host_null {
    NULL_ADDRESS_HAS,
    NULL_ADDRESS_SETTABLE,
    NULL_ADDRESS_SIZE,
    NULL_ADDRESS_GET,
    NULL_ADDRESS_SET,
    NULL_OUT_SETTABLE,
    NULL_OUT_SIZE,
    NULL_OUT_GET_SIZE,
    NULL_OUT_GET_DATA,
    NULL_DATA_SET,
    NULL_DRIVER_HAS,
    NULL_DRIVER_GET,
};

/* The status, or what HasProperty answers. Any thread that may make control calls. */
static OSStatus host_call_with_null(AudioServerPlugInDriverRef r, int what, AudioObjectID object,
                                    const AudioObjectPropertyAddress *address)
{
    AudioServerPlugInDriverInterface *t = *r;
    char data[256];
    UInt32 size = 0;
    Boolean flag = 0;
    memset(data, 0, sizeof data);
    switch (what) {
    case NULL_ADDRESS_HAS: return t->HasProperty(r, object, 0, NULL) != 0;
    case NULL_ADDRESS_SETTABLE: return t->IsPropertySettable(r, object, 0, NULL, &flag);
    case NULL_ADDRESS_SIZE: return t->GetPropertyDataSize(r, object, 0, NULL, 0, NULL, &size);
    case NULL_ADDRESS_GET: return t->GetPropertyData(r, object, 0, NULL, 0, NULL, 256, &size, data);
    case NULL_ADDRESS_SET: return t->SetPropertyData(r, object, 0, NULL, 0, NULL, 8, data);
    case NULL_OUT_SETTABLE: return t->IsPropertySettable(r, object, 0, address, NULL);
    case NULL_OUT_SIZE: return t->GetPropertyDataSize(r, object, 0, address, 0, NULL, NULL);
    case NULL_OUT_GET_SIZE: return t->GetPropertyData(r, object, 0, address, 0, NULL, 256, NULL, data);
    case NULL_OUT_GET_DATA: return t->GetPropertyData(r, object, 0, address, 0, NULL, 256, &size, NULL);
    case NULL_DATA_SET: return t->SetPropertyData(r, object, 0, address, 0, NULL, 8, NULL);
    case NULL_DRIVER_HAS: return t->HasProperty(NULL, object, 0, address) != 0;
    default: return t->GetPropertyData(NULL, object, 0, address, 0, NULL, 256, &size, data);
    }
}
