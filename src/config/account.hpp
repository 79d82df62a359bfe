// The user that the server is to become.
#pragma once

#include "configuration.hpp"
#include "origin.hpp"

namespace taut::config {

// What is wrong with the user that the configuration names: there has to be one of this name.
Mistakes checkUser(const Configuration& configuration);

// The place that names the user.
Origin placeOfUser(const Configuration& configuration);

}  // namespace taut::config
