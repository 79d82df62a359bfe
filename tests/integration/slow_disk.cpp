// A disk that takes its time, in front of the C library's call where this is loaded before it (LD_PRELOAD).
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern "C" int fdatasync(int descriptor) {
  const timespec delay{0, 400'000'000};
  ::nanosleep(&delay, nullptr);
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}
