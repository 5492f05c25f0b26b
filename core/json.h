#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Appends `text` as a JSON string in quotes. Control characters, quote and backslash are escaped,
// as are U+2028 and U+2029; octets that are not UTF-8 become U+FFFD. For the few places that write
// JSON without a document in memory. Source: RFC 8259 section 7. Thread: any.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace sluice
