#include "core/config.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/listen_address.h"
#include "core/quantity.h"
#include "core/settings.h"
#include "core/status.h"

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

// Settings of which there may be several: `[publishers.NAME]` has those of `[publisher]`,
// `[issuers.NAME]` those of `[auth]` that say something of one issuer, and each
// `[[edge.routes]]` those of `[edge.route]`.
template <typename T>
absl::Status AssignTo(T* named, T* place, const Setting& setting, std::string_view text,
                      Options* scratch) {
  *place = *named;
  SLUICE_RETURN_IF_ERROR(Assign(setting, text, scratch));
  *named = std::move(*place);
  return absl::OkStatus();
}

bool SaysSomethingOfAnIssuer(std::string_view key) {
  for (const std::string_view other :
       {"auth.require_expiry", "auth.leeway", "auth.jwks_refresh", "auth.jwks_ca_file"}) {
    if (key == other) return false;
  }
  return key.starts_with("auth.");
}

// `parts`: of `edge.routes[0].to`, say. nullptr: none of those.
const Setting* FindRouteSetting(const std::vector<std::string>& parts) {
  if (parts[0] != "edge" || !parts[1].starts_with("routes[")) return nullptr;
  return FindSetting("edge.route." + parts[2]);
}

// Assigns a setting of a section with a name. nullopt: `key` is none of those.
std::optional<absl::Status> ApplyNamedEntry(const FileEntry& entry, Options* options) {
  const std::vector<std::string> parts = absl::StrSplit(entry.key, '.');
  if (parts.size() != 3) return std::nullopt;
  Options scratch;
  if (parts[0] == "publishers") {
    const Setting* setting = FindSetting("publisher." + parts[2]);
    if (setting == nullptr) return std::nullopt;
    return AssignTo(&options->gateway.more_publishers[parts[1]], &scratch.gateway.publisher,
                    *setting, entry.text, &scratch);
  }
  if (const Setting* setting = FindRouteSetting(parts)) {
    return AssignTo(&options->edge.more_routes[parts[0] + '.' + parts[1]], &scratch.edge.route,
                    *setting, entry.text, &scratch);
  }
  const Setting* setting = FindSetting("auth." + parts[2]);
  if (parts[0] != "issuers" || setting == nullptr || !SaysSomethingOfAnIssuer(setting->key)) {
    return std::nullopt;
  }
  return AssignTo(&options->auth.more_issuers[parts[1]], &scratch.auth.issuer, *setting, entry.text,
                  &scratch);
}

absl::Status ApplyEntry(const FileEntry& entry, Options* options) {
  if (std::optional<absl::Status> named = ApplyNamedEntry(entry, options)) return *named;
  const Setting* setting = FindSetting(entry.key);
  if (setting != nullptr) return Assign(*setting, entry.text, options);
  return absl::InvalidArgumentError(
      UnknownName(entry.key, [](const Setting& known) { return known.key; }));
}

void ApplyFile(const std::string& path, Config* config) {
  ConfigFile file = ReadConfigFile(path);
  config->errors = std::move(file.errors);
  for (const FileEntry& entry : file.entries) {
    const absl::Status status = ApplyEntry(entry, &config->options);
    if (status.ok()) continue;
    config->errors.push_back(
        {absl::StrCat(path, ":", entry.line), entry.key, std::string(status.message())});
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

// A setting that is of no use without another.
void CheckNeed(const char* key, const std::string& value, const char* other,
               const std::string& other_value, std::vector<ConfigError>* errors) {
  if (value.empty() || !other_value.empty()) return;
  errors->push_back({"", key, absl::StrCat("needs ", other)});
}

// How many of the sources of keys are set.
int KeySources(const IssuerOptions& issuer) {
  int count = 0;
  for (const std::string* source : {&issuer.secret, &issuer.secret_file, &issuer.public_key_file,
                                    &issuer.jwks_file, &issuer.jwks_url}) {
    count += source->empty() ? 0 : 1;
  }
  return count;
}

void CheckAuth(const AuthOptions& auth, std::vector<ConfigError>* errors) {
  if (!auth.is_on()) return;
  std::vector<std::pair<std::string, const IssuerOptions*>> issuers;
  if (auth.issuer != IssuerOptions()) issuers.emplace_back("auth", &auth.issuer);
  for (const auto& [name, issuer] : auth.more_issuers) {
    issuers.emplace_back("issuers." + name, &issuer);
  }
  for (const auto& entry : issuers) {
    const std::string& section = entry.first;
    const IssuerOptions* const issuer = entry.second;
    if (KeySources(*issuer) != 1) {
      errors->push_back({"", section,
                         "needs exactly one of secret, secret_file, public_key_file, jwks_file and "
                         "jwks_url"});
    }
    const bool is_ambiguous = std::any_of(issuers.begin(), issuers.end(), [&](const auto& other) {
      return other.second != issuer && other.second->issuer == issuer->issuer;
    });
    if (issuers.size() > 1 && (issuer->issuer.empty() || is_ambiguous)) {
      errors->push_back({"", section + ".issuer", "must differ from every other issuer's"});
    }
  }
}

void CheckPublishers(const GatewayOptions& gateway, std::vector<ConfigError>* errors) {
  std::vector<std::pair<std::string, const PublisherOptions*>> publishers;
  if (gateway.publisher != PublisherOptions()) {
    publishers.emplace_back("publisher", &gateway.publisher);
  }
  for (const auto& [name, publisher] : gateway.more_publishers) {
    publishers.emplace_back("publishers." + name, &publisher);
  }
  for (const auto& [section, publisher] : publishers) {
    const int ways = (publisher->key.empty() ? 0 : 1) + (publisher->key_file.empty() ? 0 : 1) +
                     (publisher->certificate.empty() ? 0 : 1);
    if (ways != 1) {
      errors->push_back({"", section, "needs exactly one of key, key_file and certificate"});
    }
    if (!publisher->certificate.empty() && gateway.tls_client_ca_file.empty()) {
      errors->push_back({"", section + ".certificate", "needs gateway.tls_client_ca_file"});
    }
  }
}

void CheckRoutes(const EdgeOptions& edge, std::vector<ConfigError>* errors) {
  std::vector<std::pair<std::string, const RouteOptions*>> routes;
  if (edge.route != RouteOptions()) routes.emplace_back("edge.route", &edge.route);
  for (const auto& [section, route] : edge.more_routes) routes.emplace_back(section, &route);
  std::map<std::string, std::string> sections;  // by destination
  for (const auto& [section, route] : routes) {
    if (route->destination.empty() || route->to.empty()) {
      errors->push_back({"", section, "needs destination and to"});
      continue;
    }
    const auto [other, is_first] = sections.emplace(route->destination, section);
    if (is_first) continue;
    errors->push_back({"", section + ".destination", "must differ from that of " + other->second});
  }
}

void CheckTls(const Options& options, std::vector<ConfigError>* errors) {
  const GatewayOptions& gateway = options.gateway;
  const EdgeOptions& edge = options.edge;
  const NatsOptions& nats = options.nats;
  using Setting = std::pair<const char*, const std::string*>;
  const std::pair<Setting, Setting> pairs[] = {
      {{"gateway.tls_cert_file", &gateway.tls_cert_file},
       {"gateway.tls_key_file", &gateway.tls_key_file}},
      {{"edge.tls_cert_file", &edge.tls_cert_file}, {"edge.tls_key_file", &edge.tls_key_file}},
      {{"nats.tls_cert_file", &nats.tls_cert_file}, {"nats.tls_key_file", &nats.tls_key_file}}};
  for (const auto& [certificate, key] : pairs) {
    CheckNeed(certificate.first, *certificate.second, key.first, *key.second, errors);
    CheckNeed(key.first, *key.second, certificate.first, *certificate.second, errors);
  }
  CheckNeed("gateway.tls_client_ca_file", gateway.tls_client_ca_file, "gateway.tls_cert_file",
            gateway.tls_cert_file, errors);
}

// Where nobody has to authenticate, only this machine may publish or read.
void CheckExposure(const Options& options, std::vector<ConfigError>* errors) {
  if (options.insecure) return;
  const auto check = [errors](const char* key, const std::string& text, const char* remedy) {
    const absl::StatusOr<ListenAddress> address = ListenAddress::Parse(text);
    if (address.ok() && address->is_loopback()) return;
    errors->push_back({"", key,
                       absl::StrCat("others than this machine could reach ", text,
                                    ", where nobody has to authenticate; set ", remedy,
                                    ", use a loopback address, or --insecure if this is meant")});
  };
  if (!options.gateway.has_publishers()) {
    check("gateway.listen", options.gateway.listen, "a key in [publisher]");
  }
  if (!options.auth.is_on()) check("edge.listen", options.edge.listen, "keys in [auth]");
}

void CheckNats(const NatsOptions& nats, std::vector<ConfigError>* errors) {
  const auto exclude = [errors](const char* key_a, const std::string& a, const char* key_b,
                                const std::string& b) {
    if (a.empty() || b.empty()) return;
    errors->push_back({"", key_b, absl::StrCat("cannot be set beside ", key_a)});
  };
  exclude("nats.password", nats.password, "nats.password_file", nats.password_file);
  exclude("nats.user", nats.user, "nats.credentials_file", nats.credentials_file);
  CheckNeed("nats.password", nats.password, "nats.user", nats.user, errors);
  CheckNeed("nats.password_file", nats.password_file, "nats.user", nats.user, errors);
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
  CheckNats(options.nats, &errors);
  CheckAuth(options.auth, &errors);
  CheckPublishers(options.gateway, &errors);
  CheckRoutes(options.edge, &errors);
  CheckTls(options, &errors);
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
