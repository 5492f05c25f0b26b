#include "edge/http/http_date.h"

#include <chrono>
#include <string_view>

namespace sluice::edge {
namespace {

constexpr std::string_view kWeekdays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

void AppendDigits(unsigned value, size_t width, std::string* out) {
  out->append(width, '0');
  for (auto digit = out->rbegin(); value > 0 && width > 0; ++digit, --width, value /= 10) {
    *digit = static_cast<char>('0' + value % 10);
  }
}

}  // namespace

std::string HttpDate(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  const unsigned month = static_cast<unsigned>(date.month());

  std::string text;
  text += kWeekdays.substr(std::chrono::weekday(day).c_encoding() * size_t{3}, 3);
  text += ", ";
  AppendDigits(static_cast<unsigned>(date.day()), 2, &text);
  text += ' ';
  text += kMonths.substr((month - 1) * size_t{3}, 3);
  text += ' ';
  AppendDigits(static_cast<unsigned>(static_cast<int>(date.year())), 4, &text);
  text += ' ';
  AppendDigits(static_cast<unsigned>(clock.hours().count()), 2, &text);
  text += ':';
  AppendDigits(static_cast<unsigned>(clock.minutes().count()), 2, &text);
  text += ':';
  AppendDigits(static_cast<unsigned>(clock.seconds().count()), 2, &text);
  text += " GMT";
  return text;
}

}  // namespace sluice::edge
