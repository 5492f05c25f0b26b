#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// One incarnation of a log, 1-13 characters of [0-9a-z]. A log that lost its events or started its
// sequence again has a new epoch; cursors of another epoch mean nothing to it. Thread: any.
class Epoch {
 public:
  static constexpr size_t kMaxLength = 13;

  Epoch() = default;
  // nullopt unless `text` has the form above.
  static std::optional<Epoch> Parse(std::string_view text);
  // The number in base 36: for logs that know their creation time.
  static Epoch FromNumber(uint64_t number);

  const std::string& text() const { return text_; }
  friend bool operator==(const Epoch&, const Epoch&) = default;

 private:
  explicit Epoch(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// A place in the log, `<epoch>-<sequence>` on the wire: "everything up to here has been seen".
// It is also the id of the event at that place. Thread: any.
struct Cursor {
  // nullopt unless `text` is an epoch, one dash and a decimal uint64 without sign or leading zeros.
  static std::optional<Cursor> Parse(std::string_view text);
  std::string ToString() const;
  friend bool operator==(const Cursor&, const Cursor&) = default;

  Epoch epoch;
  uint64_t sequence = 0;
};

}  // namespace sluice
