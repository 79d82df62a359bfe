// A disk that takes its time, in front of the C library's calls where this is loaded before it (LD_PRELOAD).
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace {

int syncSlowly(long call, int descriptor) {
  const timespec delay{0, 400'000'000};
  ::nanosleep(&delay, nullptr);
  return static_cast<int>(::syscall(call, descriptor));
}

}  // namespace

extern "C" int fdatasync(int descriptor) {
  return syncSlowly(SYS_fdatasync, descriptor);
}

extern "C" int fsync(int descriptor) {
  return syncSlowly(SYS_fsync, descriptor);
}
