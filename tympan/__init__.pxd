# What a driver may cimport: `from tympan cimport Driver, IoBuffer, RealtimeContext`.

from tympan._driver cimport Driver
from tympan._types cimport IoBuffer, IoOperation, RealtimeContext
