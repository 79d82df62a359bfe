"""Runs a program where the kernel refuses io_uring, as the profile of a container does. What it starts is refused too.

    without_io_uring.py PROGRAM [ARGUMENT]...
"""
import ctypes
import errno
import os
import struct
import sys

IO_URING_CALLS = (425, 426, 427)  # io_uring_setup, io_uring_enter, io_uring_register: the same on every architecture


def refuse_call(error, call, first_argument=None):
    """Returns a function that forbids the calling process a system call by a seccomp filter, as containers do: the call
    of this number, or only where its first argument is the one given."""
    load, jump_equal, ret = 0x20, 0x15, 0x06
    at_number, at_first_argument = 0, 16
    allow, fail = 0x7FFF0000, 0x00050000 | error
    checks = [(at_number, call)] + ([] if first_argument is None else [(at_first_argument, first_argument)])
    rows = []
    for index, (offset, value) in enumerate(checks):
        to_allow = 2 * (len(checks) - index) - 1
        rows += [(load, 0, 0, offset), (jump_equal, 0, to_allow, value)]
    rows += [(ret, 0, 0, fail), (ret, 0, 0, allow)]
    program = b"".join(struct.pack("HBBI", *row) for row in rows)
    libc = ctypes.CDLL(None, use_errno=True)

    def apply():
        code = ctypes.create_string_buffer(program)
        filter_program = struct.pack("HxxxxxxP", len(rows), ctypes.addressof(code))
        no_new_privileges, seccomp, filter_mode = 38, 22, 2
        if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(seccomp, filter_mode, filter_program, 0, 0):
            os._exit(99)

    return apply


if __name__ == "__main__":
    for number in IO_URING_CALLS:
        refuse_call(errno.EPERM, number)()
    os.execvp(sys.argv[1], sys.argv[1:])
