#include "tests/transcript/protocol_page.h"

#include <fstream>
#include <string_view>

namespace sluice {

ProtocolPage ReadProtocolPage() {
  ProtocolPage page;
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/protocol.md");
  PageBlock block;
  bool in_block = false;
  size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    page.text += line + '\n';
    ++number;
    const std::string_view view = line;
    if (view.starts_with("```")) {
      if (in_block) page.sections.back().blocks.push_back(block);
      block = {.line = number, .info = line.substr(3), .lines = {}};
      in_block = !in_block;
    } else if (in_block) {
      block.lines.push_back(line);
    } else if (view.starts_with("## ") || view.starts_with("### ")) {
      page.sections.push_back({.title = line.substr(line.find(' ') + 1), .blocks = {}});
    }
  }
  return page;
}

}  // namespace sluice
