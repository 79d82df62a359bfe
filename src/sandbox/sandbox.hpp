// The sandbox: what the process may still ask of the kernel once it serves. An attacker who takes the process over by
// a fault in it gets no more than that.
//
// Three layers, of which the first is that of the rings themselves (io/ring_setup.hpp):
//  - Landlock leaves the files below some folders, for every thread and for what comes through a ring;
//  - a seccomp filter leaves the system calls that are in use, and kills the process at any other;
//  - the capabilities that are not used any more are given up.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace taut::sandbox {

// Each has a row in the table of sandbox.cpp.
enum class Feature : std::uint8_t {
  runtime,  // memory, threads, clocks, what the C library asks for
  files,    // reading them
  sockets,  // those of UDP, TCP and socket files, also new ones
  ioUring,
  epoll,
  writing,   // files, beside others and then in their places
  control,   // its socket file is removed at the end
  handlers,  // they are loaded anew, with the libraries that they need
};

enum class Access : std::uint8_t {
  read,    // files, and what is in the folder
  remove,  // files
  write,   // likewise, new ones too, and what reading leaves
};

// Below a folder, or of the file alone where the path is one. Symbolic links are followed when the sandbox is made.
struct AllowedPath {
  std::string path;
  Access access = Access::read;
};

struct Policy {
  std::vector<Feature> features;
  std::vector<AllowedPath> paths;  // beside those of the features; one that is not there is left out
};

// Whether this build has a sanitizer whose search for lost memory, at the end, stops the threads from another process.
bool isObserved();

class Landlock;

// It lives as long as the process is to read the paths of /proc.
class Sandbox {
 public:
  // Finds the paths. Throws std::system_error.
  explicit Sandbox(Policy policy);
  ~Sandbox();

  // Shuts in the calling thread, and those that it starts from then on: Landlock and capabilities are of a thread. Each
  // thread that runs calls it before `restrictProcess`. Throws std::system_error.
  void restrictThread() const;
  // Loads the filter of system calls, for all threads that run, once.
  void restrictProcess();

  // What holds, and what this kernel does not offer: for the log, after all of the above.
  std::string description() const;

 private:
  Policy policy_;
  std::unique_ptr<const Landlock> landlock_;
  std::string refusal_;  // why there is no filter of system calls; empty: there is one
};

}  // namespace taut::sandbox
