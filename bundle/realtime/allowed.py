"""Functions outside the binary that IO code may call, each with the reason; data only.

A name stands here when glibc's and Apple's versions neither allocate, lock,
wait nor make a system call. What is not here is refused. Mach-O's extra
underscore is taken off before a name is looked up.
"""

MEMORY = "copies or compares memory that it is given"
MATHS = "computes from its arguments; at most it writes errno, which is the thread's own"
COMPILER = "arithmetic that the compiler leaves to its runtime library"

_MEMORY = """
    memcpy memmove memset memcmp memchr bcopy bzero bcmp memset_pattern4 memset_pattern8 memset_pattern16
    strlen strnlen strcmp strncmp strchr strrchr strstr
    __memcpy_chk __memmove_chk __memset_chk __bzero __aeabi_memcpy
"""
_MATHS = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma
    fmax fmin fmod frexp hypot ilogb ldexp llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint
    nextafter nexttoward pow remainder remquo rint round roundeven scalbn scalbln sin sincos sinh sqrt tan tanh
    tgamma trunc
"""
_MORE_MATHS = """
    abs labs llabs div ldiv lldiv __sincos __sincosf __sincos_stret __sincosf_stret __sincospi __sincospif
    __sincospi_stret __sincospif_stret __cospi __cospif __sinpi __sinpif __tanpi __tanpif __exp10 __exp10f exp10 exp10f
    __isinf __isinff __isnan __isnanf __finite __finitef __fpclassify __fpclassifyf __fpclassifyd __signbit __signbitf
    __isnormald __isnormalf __isfinited __isfinitef __isnand __isinfd
"""
_COMPILER = """
    __divti3 __modti3 __udivti3 __umodti3 __udivmodti4 __divmodti4 __multi3 __ashlti3 __ashrti3 __lshrti3 __muloti4
    __popcountdi2 __clzdi2 __ctzdi2 __clzti2 __ctzti2 __floattidf __floattisf __floatuntidf __floatuntisf
    __fixdfti __fixsfti __fixunsdfti __fixunssfti __powidf2 __powisf2 __extendhfsf2 __truncsfhf2 __truncdfhf2
"""

ALLOWED = {
    **dict.fromkeys(_MEMORY.split(), MEMORY),
    **{name + suffix: MATHS for name in _MATHS.split() for suffix in ("", "f", "l")},
    **dict.fromkeys(_MORE_MATHS.split(), MATHS),
    **dict.fromkeys(_COMPILER.split(), COMPILER),
    "mach_absolute_time": "reads the processor's counter",
    "mach_continuous_time": "reads the processor's counter and an offset in the shared page",
    "mach_approximate_time": "reads the shared page",
    "pthread_self": "reads a register",
    "pthread_equal": "compares two numbers",
    "__errno_location": "the address of the thread's own errno",
    "__error": "the address of the thread's own errno",
    "___chkstk_darwin": "touches the pages of a frame that is about to be used",
    "__chkstk_darwin": "touches the pages of a frame that is about to be used",
    "__stack_chk_fail": "ends the process; reached only when the frame is overwritten already",
    "atomic_thread_fence": "a fence",
}

_WRITE_FIRST = """
    memcpy memmove memset __memcpy_chk __memmove_chk __memset_chk memset_pattern4 memset_pattern8 memset_pattern16
    bzero __bzero __aeabi_memcpy modf modff modfl frexp frexpf frexpl remquo remquof remquol
"""
_WRITE_TWO = "sincos sincosf sincosl __sincos __sincosf __sincospi __sincospif"

#: Which arguments point at what a function writes, numbers in floating point not counted; no other writes anything.
WRITES = {
    **dict.fromkeys(_WRITE_FIRST.split(), (0,)),
    **dict.fromkeys(_WRITE_TWO.split(), (0, 1)),
    **dict.fromkeys(["__udivmodti4", "__divmodti4", "__muloti4"], (4,)),
    "bcopy": (1,),
}

ONE_FRAME = "each turn moves at least one frame: at most two turns"
ONE_PART = "each turn moves at least one frame, MAX_BUFFER of them but for the last"
SAMPLES = "one turn for each sample of the buffer"
PLUG_INS = "one turn for each plug-in of the process, 256 at most"
IDS = "ends at the object or at a free place: at least half of the places of a graph are free"

#: Loops of the core whose end the machine code does not show: function -> why they end.
CORE_LOOPS = {
    "core_of": PLUG_INS,
    "BeginIOOperation": PLUG_INS,  # both do nothing but look the plug-in up, and gcc makes one of them
    "EndIOOperation": PLUG_INS,
    "object_of": IDS,
    "device_in": IDS,
    "enter_io": PLUG_INS,
    "line_in": PLUG_INS,
    "look_up": "one turn for each place of a table at most",
    "line_of": "repeats only when a device has come or gone during the call",
    "clock_compute": "repeats only when the control thread has started a new time line during the call",
    "ring_copy_in": ONE_FRAME,
    "ring_fill_silence": ONE_FRAME,
    "read_ring": ONE_FRAME,
    "write_plain": ONE_FRAME,
    "write_parts": ONE_PART,
    "read_parts": ONE_PART,
    "apply_gain": "one turn for each channel of the stream",
    "multiply_frames": SAMPLES,
    "scratch_take": "at most 8 slots; the exchange repeats only when another client took or gave one at that moment",
    "scratch_give": "repeats only when another client took or gave a slot at that moment",
    "float_to_int16": SAMPLES,
    "float_to_int24": SAMPLES,
    "float_to_int32": SAMPLES,
    "int16_to_float": SAMPLES,
    "int24_to_float": SAMPLES,
    "int32_to_float": SAMPLES,
    "remap_from_float": SAMPLES,
}

#: Divisions in the core whose divisor is never 0: function -> why.
CORE_DIVISIONS = {"remap_from_float": "a stream has at least one channel, which DeviceSpec.check sees to"}
