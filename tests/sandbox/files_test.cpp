// Which files there are for a thread that has shut itself in.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "child.hpp"
#include "support/temporary_folder.hpp"
#include "taut/base/input_file.hpp"
#include "taut/base/shut_in.hpp"
#include "taut/base/user_name.hpp"

namespace files_test {

using namespace taut::sandbox;
using taut::TemporaryFolder;

namespace {

int tryToOpen(const std::string& path) {
  return errorOf(::open(path.c_str(), O_RDONLY));
}

void write(const std::string& path) {
  std::ofstream(path) << "x";
}

// A folder that is left to the process and one that is not, with a file in each.
struct TwoFolders {
  TwoFolders() {
    write(inside.path("file"));
    write(outside.path("file"));
  }
  Policy policy() const { return policyFor({{inside.path()}}); }

  TemporaryFolder inside;
  TemporaryFolder outside;
};

}  // namespace

TEST_CASE("a file is read below the folders that are left, and nowhere else" * doctest::skip(!hasLandlock())) {
  const TwoFolders folders;
  const Policy policy = folders.policy();
  CHECK(shutInChild(policy, [&] { return tryToOpen(folders.inside.path("file")); }) == 0);
  CHECK(shutInChild(policy, [&] { return tryToOpen(folders.inside.path()); }) == 0);
  CHECK(shutInChild(policy, [&] { return tryToOpen(folders.outside.path("file")); }) == EACCES);
  CHECK(shutInChild(policy, [&] { return tryToOpen(folders.outside.path()); }) == EACCES);
  for (const char* const path : {"/etc/shadow", "/", "/etc", "/usr/bin/env"})
    CHECK(shutInChild(policy, [&] { return tryToOpen(path); }) == EACCES);
#ifndef TAUT_SANITIZED
  CHECK(shutInChild(policy, [&] { return tryToOpen("/proc/1/status"); }) == EACCES);
#endif
}

TEST_CASE("where files are written, one takes the place of another in that folder" * doctest::skip(!hasLandlock())) {
  const TwoFolders folders;
  Policy policy = policyFor({{folders.inside.path(), Access::write}, {folders.outside.path()}});
  policy.features.push_back(Feature::writing);
  const auto replace = [](const TemporaryFolder& folder) {
    const std::string path = folder.path("new");
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) return errno;
    if (::write(fd, "y", 1) != 1 || ::fsync(fd) != 0 || ::ftruncate(fd, 0) != 0) return errno;
    return errorOf(::rename(path.c_str(), folder.path("file").c_str()));
  };
  CHECK(shutInChild(policy, [&] { return replace(folders.inside); }) == 0);
  CHECK(shutInChild(policy, [&] { return tryToOpen(folders.inside.path("file")); }) == 0);
  CHECK(shutInChild(policy, [&] { return errorOf(::unlink(folders.inside.path("file").c_str())); }) == 0);
  CHECK(shutInChild(policy, [&] { return replace(folders.outside); }) == EACCES);
  CHECK(shutInChild(policy, [&] { return errorOf(::mkdir(folders.inside.path("folder").c_str(), 0700)); }) == -SIGSYS);
}

TEST_CASE("a file that takes the place of another one is read, and so is one that is new") {
  const TwoFolders folders;
  const auto readReplaced = [&](int ready, int replaced) {
    Sandbox cage(folders.policy());
    shutIn(cage);
    char octet = 0;
    if (::write(ready, "r", 1) != 1 || ::read(replaced, &octet, 1) != 1) return 1;
    if (const int error = tryToOpen(folders.inside.path("file")); error != 0) return error;
    return tryToOpen(folders.inside.path("new"));
  };
  int ready[2];
  int replaced[2];
  REQUIRE((::pipe(ready) == 0 && ::pipe(replaced) == 0));
  std::thread replacing([&] {
    char octet = 0;
    CHECK(::read(ready[0], &octet, 1) == 1);
    for (const char* const name : {"file", "new"}) {
      write(folders.inside.path("temporary"));
      std::filesystem::rename(folders.inside.path("temporary"), folders.inside.path(name));
    }
    CHECK(::write(replaced[1], "r", 1) == 1);
  });
  CHECK(inChild([&] { return readReplaced(ready[1], replaced[0]); }) == 0);
  replacing.join();
  for (const int fd : {ready[0], ready[1], replaced[0], replaced[1]}) ::close(fd);
}

TEST_CASE("a symbolic link leads to no file outside" * doctest::skip(!hasLandlock())) {
  const TwoFolders folders;
  std::filesystem::create_symlink(folders.outside.path("file"), folders.inside.path("link"));
  CHECK(shutInChild(folders.policy(), [&] { return tryToOpen(folders.inside.path("link")); }) == EACCES);
  const Policy both = policyFor({{folders.inside.path()}, {folders.outside.path()}});
  CHECK(shutInChild(both, [&] { return tryToOpen(folders.inside.path("link")); }) == 0);
}

TEST_CASE("a file is removed in the folder for that, which leaves no other one to be removed or read" *
          doctest::skip(!hasLandlock())) {
  const TwoFolders folders;
  Policy policy = policyFor({{folders.inside.path(), Access::remove}});
  policy.features.push_back(Feature::control);
  CHECK(shutInChild(policy, [&] { return tryToOpen(folders.inside.path("file")); }) == EACCES);
  CHECK(shutInChild(policy, [&] { return errorOf(::unlink(folders.outside.path("file").c_str())); }) == EACCES);
  CHECK(shutInChild(policy, [&] { return errorOf(::unlink(folders.inside.path("file").c_str())); }) == 0);
}

TEST_CASE("threads of before are shut in one by one, and those of later with their maker" *
          doctest::skip(!hasLandlock())) {
  const TwoFolders folders;
  const std::string path = folders.outside.path("file");
  const int before = inChild([&] {
    Sandbox cage(folders.policy());
    std::promise<void> main;
    std::promise<void> other;
    int error = 0;
    std::thread thread([&] {
      cage.restrictThread();
      other.set_value();
      main.get_future().wait();
      error = tryToOpen(path);
    });
    other.get_future().wait();
    shutIn(cage);
    main.set_value();
    thread.join();
    return error;
  });
  CHECK(before == EACCES);
  const int after = shutInChild(folders.policy(), [&] {
    int error = 0;
    std::thread([&] { error = tryToOpen(path); }).join();
    return error;
  });
  CHECK(after == EACCES);
}

TEST_CASE("a path that is not there is left out") {
  CHECK(shutInChild(policyFor({{"/nowhere/folder"}}), [] { return tryToOpen("/dev/null"); }) == 0);
}

TEST_CASE("a file outside is told from one that its permissions keep" * doctest::skip(!hasLandlock())) {
  const TwoFolders folders;
  CHECK_FALSE(taut::isShutOut(folders.outside.path("file")));
  const auto look = [&] {
    const bool right = taut::isShutOut(folders.outside.path("file")) && taut::isShutOut(folders.outside.path()) &&
                       !taut::isShutOut(folders.inside.path("file")) && !taut::isShutOut(folders.inside.path("none"));
    return right ? 0 : 1;
  };
  CHECK(shutInChild(folders.policy(), look) == 0);
  const auto read = [&] {
    try {
      taut::InputFile(folders.outside.path("file"), 1);
    } catch (const taut::FileError& error) {
      return std::string(error.what()).ends_with("needs a restart, for example by tautctl upgrade") ? 0 : 1;
    }
    return 2;
  };
  CHECK(shutInChild(folders.policy(), read) == 0);
}

TEST_CASE("users and groups of the system's files have their names") {
  const auto look = [] { return taut::userName(0) == "root" && taut::groupName(0) == "root" ? 0 : 1; };
  CHECK(shutInChild(policyFor(), look) == 0);
  const auto unknown = [] { return taut::userName(4'000'000'000) == "4000000000" ? 0 : 1; };
  CHECK(shutInChild(policyFor(), unknown) == 0);
}

}  // namespace files_test
