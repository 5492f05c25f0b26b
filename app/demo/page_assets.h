#pragma once

#include <span>
#include <string_view>

namespace sluice::demo {

// A file of app/demo/page, as it was when the binary was built.
struct PageAsset {
  std::string_view file;  // "third_party/uplot/uPlot.min.css"
  std::string_view bytes;
};

// All of them. Defined in a source that embed_assets.cmake writes. Thread: any (constant).
std::span<const PageAsset> PageAssets();

}  // namespace sluice::demo
