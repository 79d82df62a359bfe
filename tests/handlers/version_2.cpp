#include <cstdint>

extern const std::uint8_t codeVersion;
const std::uint8_t codeVersion = 102;
