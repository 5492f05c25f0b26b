#pragma once

#include <vector>

#include "edge/http/route.h"

namespace sluice::demo {

// GET routes for the pages: `/`, `/chat`, and their files under `/demo/`. They refer to nothing but
// constants.
std::vector<edge::HttpRoute> PageRoutes();

}  // namespace sluice::demo
