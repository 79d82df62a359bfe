// A limit of the process that is lower for a while (getrlimit(2)).
#pragma once

#include <sys/resource.h>

#include <doctest/doctest.h>

namespace taut {

class ResourceLimit {
 public:
  // `resource` is RLIMIT_NOFILE or another one; `limit` counts as that does.
  ResourceLimit(__rlimit_resource_t resource, rlim_t limit) : resource_(resource) {
    REQUIRE(::getrlimit(resource_, &before_) == 0);
    const rlimit lower{limit, before_.rlim_max};
    REQUIRE(::setrlimit(resource_, &lower) == 0);
  }
  ResourceLimit(const ResourceLimit&) = delete;
  ResourceLimit& operator=(const ResourceLimit&) = delete;
  ~ResourceLimit() { ::setrlimit(resource_, &before_); }

 private:
  __rlimit_resource_t resource_;
  rlimit before_{};
};

}  // namespace taut
