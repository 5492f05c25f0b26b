#include "core/quantity.h"

#include <charconv>
#include <limits>
#include <span>

namespace sluice {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Smallest first: formatting takes the largest that divides the value.
constexpr Unit kDurationUnits[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr Unit kSizeUnits[] = {{"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};

struct Quantity {
  uint64_t number;
  std::string_view unit;
};

std::optional<Quantity> SplitUnit(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return Quantity{number, text.substr(static_cast<size_t>(end - text.data()))};
}

// nullopt if the unit is not in `units` or the product is above `max`.
std::optional<uint64_t> Scale(const Quantity& quantity, std::span<const Unit> units, uint64_t max) {
  for (const Unit& unit : units) {
    if (unit.name != quantity.unit) continue;
    if (quantity.number > max / unit.factor) return std::nullopt;
    return quantity.number * unit.factor;
  }
  return std::nullopt;
}

std::string Format(uint64_t value, std::span<const Unit> units) {
  Unit best = units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = unit;
  }
  return std::to_string(value / best.factor).append(best.name);
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const std::optional<Quantity> quantity = SplitUnit(text);
  if (!quantity) return std::nullopt;
  if (quantity->number == 0 && quantity->unit.empty()) return std::chrono::milliseconds(0);
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const std::optional<uint64_t> ms = Scale(*quantity, kDurationUnits, kMax);
  if (!ms) return std::nullopt;
  return std::chrono::milliseconds(static_cast<int64_t>(*ms));
}

std::optional<uint64_t> ParseByteSize(std::string_view text) {
  std::optional<Quantity> quantity = SplitUnit(text);
  if (!quantity) return std::nullopt;
  if (quantity->unit.empty()) quantity->unit = "B";
  return Scale(*quantity, kSizeUnits, std::numeric_limits<uint64_t>::max());
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  return Format(static_cast<uint64_t>(duration.count()), kDurationUnits);
}

std::string FormatByteSize(uint64_t bytes) { return Format(bytes, kSizeUnits); }

}  // namespace sluice
