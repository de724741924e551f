# What a driver may cimport: `from tympan cimport Driver, IoBuffer, RealtimeContext`.
#
# Cython makes a driver import, when it starts, every class that is named here. So
# the bundler leaves out the lines below "primitives" that the driver does not use.

from tympan._driver cimport Control, Driver
from tympan._types cimport IoBuffer, IoOperation, RealtimeContext

# primitives
from tympan._buffers cimport DoubleBuffer, SampleRing, StructRing
from tympan._log_sink cimport LogSink
from tympan._parameters cimport Parameter, SmoothedParameter
