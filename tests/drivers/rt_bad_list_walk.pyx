# expect: warning rt_bad_list_walk.pyx:24: ListWalk.process_io has a loop whose end was not shown
# guard: no: a loop is no call
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext

cdef struct Node:
    float gain
    Node* next


cdef class ListWalk(Driver):
    """Follows a linked list of any length."""

    NAME, MANUFACTURER, VERSION = "ListWalk", "tympan", "1.0.0"
    cdef Node* first

    def device(self):
        spec = DeviceSpec("com.example.rt.ListWalk", self.NAME, self.MANUFACTURER)
        return spec.with_output(StreamSpec.output(StreamFormat.float32(48_000.0, channels=2)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef Node* node = self.first
        cdef float gain = 1
        while node is not NULL:
            gain *= node.gain
            node = node.next
        cdef size_t i
        for i in range(buffer.frames):
            buffer.output[i] = buffer.input[i] * gain
