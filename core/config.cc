#include "core/config.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/listen_address.h"
#include "core/quantity.h"
#include "core/settings.h"

namespace sluice {
namespace {

constexpr std::string_view kPrefix = "SLUICE_";
constexpr std::string_view kFileVariable = "SLUICE_CONFIG";

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

// Levenshtein's distance; the texts are names of settings, so short.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

// "unknown setting", with the nearest known name if it looks like a slip of the pen.
template <typename NameOf>
std::string UnknownName(std::string_view name, NameOf name_of) {
  constexpr size_t kMaxSlips = 4;
  constexpr size_t kMaxNameBytes = 64;
  std::string nearest;
  size_t least = kMaxSlips;
  for (const Setting& setting : Settings()) {
    if (name.size() > kMaxNameBytes) break;
    const std::string known(name_of(setting));
    const size_t distance = EditDistance(name, known);
    if (distance < least) {
      least = distance;
      nearest = known;
    }
  }
  if (nearest.empty()) return "is not a setting";
  return absl::StrCat("is not a setting; did you mean ", nearest, "?");
}

void ApplyFile(const std::string& path, Config* config) {
  ConfigFile file = ReadConfigFile(path);
  config->errors = std::move(file.errors);
  for (const FileEntry& entry : file.entries) {
    const std::string origin = absl::StrCat(path, ":", entry.line);
    const Setting* setting = FindSetting(entry.key);
    if (setting == nullptr) {
      config->errors.push_back(
          {origin, entry.key, UnknownName(entry.key, [](const Setting& s) { return s.key; })});
    } else if (absl::Status status = Assign(*setting, entry.text, &config->options); !status.ok()) {
      config->errors.push_back({origin, entry.key, std::string(status.message())});
    }
  }
}

void ApplyVariable(const std::string& name, const std::string& text, Config* config) {
  const auto settings = Settings();
  const auto setting = std::find_if(settings.begin(), settings.end(), [&name](const Setting& s) {
    return EnvironmentName(s) == name;
  });
  if (setting == settings.end()) {
    config->errors.push_back(
        {"environment", absl::CHexEscape(name), UnknownName(name, EnvironmentName)});
  } else if (absl::Status status = Assign(*setting, text, &config->options); !status.ok()) {
    config->errors.push_back({"environment", name, std::string(status.message())});
  }
}

void ApplyFlag(const FlagSetting& flag, Config* config) {
  const Setting* setting = FindSetting(flag.key);
  const absl::Status status = setting == nullptr ? absl::InternalError("stands for no setting")
                                                 : Assign(*setting, flag.text, &config->options);
  if (!status.ok()) config->errors.push_back({flag.flag, "", std::string(status.message())});
}

// The forms that the kubelet derives from a Service's name: X_SERVICE_HOST, X_SERVICE_PORT[_NAME],
// X_PORT and X_PORT_8080_TCP[_ADDR]. No setting has such a name.
bool IsServiceLink(std::string_view name) {
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_PORT")) return true;
  if (name.find("_SERVICE_PORT_") != std::string_view::npos) return true;
  constexpr std::string_view kPort = "_PORT_";
  const size_t port = name.find(kPort);
  return port != std::string_view::npos && port + kPort.size() < name.size() &&
         absl::ascii_isdigit(static_cast<unsigned char>(name[port + kPort.size()]));
}

void CheckSameAddress(const std::string& key_a, const std::string& a, const std::string& key_b,
                      const std::string& b, std::vector<ConfigError>* errors) {
  const auto address = ListenAddress::Parse(a);
  if (a != b || !address.ok() || address->port == 0) return;
  errors->push_back({"", key_b, absl::StrCat("must differ from ", key_a, ", both are ", a)});
}

// As long as nobody has to authenticate, only this machine may reach publishing and reading.
void CheckExposure(const Options& options, std::vector<ConfigError>* errors) {
  if (options.insecure) return;
  const std::pair<const char*, const std::string*> addresses[] = {
      {"gateway.listen", &options.gateway.listen}, {"edge.listen", &options.edge.listen}};
  for (const auto& [key, text] : addresses) {
    const absl::StatusOr<ListenAddress> address = ListenAddress::Parse(*text);
    if (address.ok() && address->is_loopback()) continue;
    errors->push_back(
        {"", key,
         absl::StrCat("others than this machine could reach ", *text,
                      ", where nobody has to authenticate; use a loopback address, or "
                      "--insecure if this is meant")});
  }
}

}  // namespace

Config LoadConfig(const ConfigSources& sources) {
  Config config;
  std::string file = sources.file;
  for (const auto& [name, text] : sources.environment) {
    if (name == kFileVariable && file.empty()) file = text;
  }
  if (!file.empty()) ApplyFile(file, &config);
  for (const auto& [name, text] : sources.environment) {
    if (name != kFileVariable) ApplyVariable(name, text, &config);
  }
  for (const FlagSetting& flag : sources.flags) ApplyFlag(flag, &config);
  if (config.errors.empty()) config.errors = CheckOptions(config.options);
  return config;
}

std::vector<ConfigError> CheckOptions(const Options& options) {
  std::vector<ConfigError> errors;
  const auto check_at_most = [&errors](const char* key, uint64_t value, const char* limit_key,
                                       uint64_t limit, auto format) {
    if (value <= limit) return;
    errors.push_back({"", key,
                      absl::StrCat("must be at most ", limit_key, " (", format(limit), "); it is ",
                                   format(value))});
  };
  const auto ms = [](std::chrono::milliseconds duration) {
    return static_cast<uint64_t>(duration.count());
  };
  const auto duration = [](uint64_t value) {
    return FormatDuration(std::chrono::milliseconds(static_cast<int64_t>(value)));
  };

  // A key that outlives its event would answer `duplicate` with an id that nobody can resume from.
  check_at_most("log.idempotency_window", ms(options.log.idempotency_window), "retention.max_age",
                ms(options.log.retention.max_age), duration);
  check_at_most("gateway.max_event_bytes", options.gateway.max_event_bytes,
                "gateway.max_in_flight_bytes", options.gateway.max_in_flight_bytes, FormatByteSize);
  check_at_most("edge.max_request_target_bytes", options.edge.max_request_target_bytes,
                "edge.max_request_head_bytes", options.edge.max_request_head_bytes, FormatByteSize);

  CheckSameAddress("gateway.listen", options.gateway.listen, "edge.listen", options.edge.listen,
                   &errors);
  CheckSameAddress("gateway.listen", options.gateway.listen, "admin.listen", options.admin.listen,
                   &errors);
  CheckSameAddress("edge.listen", options.edge.listen, "admin.listen", options.admin.listen,
                   &errors);
  CheckExposure(options, &errors);
  return errors;
}

std::vector<std::pair<std::string, std::string>> SluiceEnvironment() {
  return SluiceEnvironment(environ);
}

std::vector<std::pair<std::string, std::string>> SluiceEnvironment(const char* const* variables) {
  std::vector<std::pair<std::string, std::string>> found;
  for (; *variables != nullptr; ++variables) {
    const std::string_view variable = *variables;
    const size_t equals = variable.find('=');
    if (equals == std::string_view::npos || !variable.starts_with(kPrefix)) continue;
    std::string name(variable.substr(0, equals));
    if (!IsServiceLink(name)) found.emplace_back(std::move(name), variable.substr(equals + 1));
  }
  return found;
}

std::string DescribeSettings() {
  std::string text = "| setting | default | allowed | meaning |\n| --- | --- | --- | --- |\n";
  const Options defaults;
  for (const Setting& setting : Settings()) {
    const std::string value = ValueText(setting, defaults);
    absl::StrAppend(&text, "| `", ToAbsl(setting.key), "` | ",
                    value.empty() ? "none" : absl::StrCat("`", value, "`"), " | ",
                    AllowedValues(setting), " | ", ToAbsl(setting.meaning), " |\n");
  }
  return text;
}

}  // namespace sluice
