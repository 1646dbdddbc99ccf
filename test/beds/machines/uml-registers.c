/*
 * Preloaded into User Mode Linux's kernel (6.1) on a processor with AMX. It hands extended registers to ptrace(2) in a buffer of the
 * size that they had before; a host takes them only in its own size (xstateregs_set in arch/x86/kernel/fpu/regset.c), so that no
 * program of the machine would ever start. What the host has is read, overlaid with what is given, and written back.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long call(long request, long pid, void *address, void *data) {
  /* As libc does: what is peeked at comes back as the answer. */
  long peeked = 0;
  int peeks = request >= PTRACE_PEEKTEXT && request <= PTRACE_PEEKUSER;
  long answer = syscall(SYS_ptrace, request, pid, address, peeks ? &peeked : data);
  if (!peeks || answer < 0) return answer;
  errno = 0;
  return peeked;
}

long ptrace(enum __ptrace_request request, ...) {
  va_list arguments;
  va_start(arguments, request);
  long pid = va_arg(arguments, pid_t);
  void *address = va_arg(arguments, void *);
  void *data = va_arg(arguments, void *);
  va_end(arguments);
  if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE) {
    /* Not on the stack: that of a kernel of this kind has 16 KiB. It runs on one processor. */
    static char whole[32768] __attribute__((aligned(64)));
    struct iovec *given = data;
    struct iovec all = {whole, sizeof whole};
    if (call(PTRACE_GETREGSET, pid, address, &all) == 0 && all.iov_len > given->iov_len) {
      memcpy(whole, given->iov_base, given->iov_len);
      return call(PTRACE_SETREGSET, pid, address, &all);
    }
  }
  return call(request, pid, address, data);
}
