/* All definitions of platform.h, for the one translation unit that has them (_platform.pyx). */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr, dl_iterate_phdr; Python's header says it too */
#endif

#include "platform.h"
#include "platform_names.h"

#ifdef __APPLE__
#include "platform_apple.h"
#else
#include "platform_clock.h"
#include "platform_log.h"
#include "platform_ledger.h"
#include "platform_objects.h"
#include "platform_contents.h"
#include "platform_constant.h"
#include "platform_text.h"
#include "platform_string.h"
#include "platform_string_edit.h"
#include "platform_describe.h"
#include "platform_format.h"
#include "platform_number.h"
#include "platform_date.h"
#include "platform_data.h"
#include "platform_array.h"
#include "platform_dictionary.h"
#include "platform_url.h"
#include "platform_bundle.h"
#include "platform_plist.h"
#include "platform_cf.h"
#include "platform_block.h"
#include "platform_queue.h"
#include "platform_timer.h"
#include "platform_semaphore.h"
#endif
