// What nearly every test includes, compiled once for all test programs; see src/base/pch/precompiled.hpp.

#include <doctest/doctest.h>

#include "../../src/base/pch/precompiled.hpp"
