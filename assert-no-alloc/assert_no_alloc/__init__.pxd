# What nogil Cython may cimport; explained in _guard.pxd.
from assert_no_alloc._guard cimport (
    GUARD_ABORT,
    GUARD_REPORT,
    ana_api,
    guard_active,
    guard_api,
    guard_enter,
    guard_leave,
    guard_prepare,
    guard_refresh,
    guard_set_policy,
    guard_total,
    guard_violations,
    permit_enter,
    permit_leave,
)
