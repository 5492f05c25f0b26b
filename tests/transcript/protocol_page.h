#pragma once

#include <string>
#include <vector>

namespace sluice {

// A fenced block of docs/protocol.md: its info string, such as "sse", and its lines.
struct PageBlock {
  size_t line = 0;  // of the page, for messages
  std::string info;
  std::vector<std::string> lines;
};

// A section of the page with the examples in it.
struct PageSection {
  std::string title;
  std::vector<PageBlock> blocks;
};

struct ProtocolPage {
  std::string text;
  std::vector<PageSection> sections;
};

ProtocolPage ReadProtocolPage();

}  // namespace sluice
