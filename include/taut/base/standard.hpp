// Included before all else by the low headers, so that a compiler without the flag says this first.
#pragma once

#if __cplusplus < 202002L
#error "taut needs C++20: compile with -std=c++20"
#endif
