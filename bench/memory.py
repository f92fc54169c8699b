"""The largest PSS of a program over its run, in bytes.

The program runs traced and stops at the entry of every system call. Its pages can only get fewer in system calls
(munmap, brk, madvise, exit), so the largest of the values at these stops is the peak and not a sample of it. PSS and not
RSS: of a library that others have mapped too, the program answers for its share.
"""
import ctypes
import os
import signal

PTRACE_TRACEME, PTRACE_SYSCALL, PTRACE_SETOPTIONS = 0, 24, 0x4200
OPTION_SYSGOOD, OPTION_EXITKILL = 0x1, 0x100000
SYSCALL_STOP = signal.SIGTRAP | 0x80

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, data=0):
    if libc.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace request {request}")


def pss(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            for line in f:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has given up its memory: past exit
    return 0


def child(command, environment):
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    ptrace(PTRACE_TRACEME, 0)
    os.execvpe(command[0], command, environment)


def peak_pss(command, environment):
    command = [str(word) for word in command]
    pid = os.fork()
    if pid == 0:
        try:
            child(command, environment)
        finally:
            os._exit(127)
    os.waitpid(pid, 0)  # the stop at exec
    ptrace(PTRACE_SETOPTIONS, pid, OPTION_SYSGOOD | OPTION_EXITKILL)
    peak, signal_due = 0, 0
    while True:
        ptrace(PTRACE_SYSCALL, pid, signal_due)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            return peak
        stop = os.WSTOPSIG(status)
        signal_due = 0 if stop == SYSCALL_STOP else stop
        if stop == SYSCALL_STOP:
            peak = max(peak, pss(pid))
