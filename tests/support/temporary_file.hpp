// A file with the text a test wants, gone when the test ends.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace taut {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    std::string name = (std::filesystem::temp_directory_path() / "taut-test-XXXXXX").string();
    const int fd = ::mkstemp(name.data());
    if (fd >= 0) ::close(fd);
    path_ = name;
    write(text);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { remove(); }

  const std::string& path() const { return path_; }
  // Replaces the file as an editor does: writes another file under another name, and renames that.
  void write(std::string_view text) {
    const std::string other = path_ + ".new";
    std::ofstream(other, std::ios::binary) << text;
    std::filesystem::rename(other, path_);
  }
  void remove() const { std::filesystem::remove(path_); }

 private:
  std::string path_;
};

}  // namespace taut
