"""The static realtime check: what a driver's IO path can reach, read from its generated C and its machine code.

Nothing is run. Net (a), ``generated``, reads the C that Cython made of IO
functions. Net (b), ``walk``, follows the call graph of the binary from the
host's five realtime entries and the driver's process_io, on x86-64 and arm64,
in ELF and Mach-O.
"""

from tympan.bundle.realtime.check import check_realtime
from tympan.bundle.realtime.report import Finding, Report, allowances
from tympan.bundle.realtime.shipped import release, unstripped

__all__ = ["Finding", "Report", "allowances", "check_realtime", "release", "unstripped"]
