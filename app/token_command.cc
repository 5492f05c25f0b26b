#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json.hpp>

#include "app/command.h"
#include "core/clock.h"
#include "core/config.h"
#include "core/quantity.h"
#include "core/small_file.h"
#include "core/status.h"
#include "edge/auth/issuer_table.h"
#include "edge/auth/token_claims.h"
#include "edge/auth/token_signer.h"
#include "edge/auth/token_verifier.h"

namespace sluice::app {
namespace {

namespace json = boost::json;

struct TokenArguments {
  ConfigSources sources;
  std::string user;
  std::vector<std::string> topics;
  std::vector<std::string> publish;
  std::string expires_in = "1h";
  std::string id;
  std::string private_key_file;
  std::string key_id;
  std::string algorithm;
  std::string verify;
};

absl::StatusOr<std::optional<SignatureAlgorithm>> AlgorithmOf(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const std::optional<SignatureAlgorithm> algorithm = ParseSignatureAlgorithm(name);
  if (!algorithm) return absl::InvalidArgumentError("--algorithm: is none that tokens have");
  return algorithm;
}

// With the private key of the arguments, or else the secret of the configuration.
absl::StatusOr<edge::TokenSigner> SignerOf(const TokenArguments& arguments,
                                           const IssuerOptions& issuer) {
  SLUICE_ASSIGN_OR_RETURN(const auto algorithm, AlgorithmOf(arguments.algorithm));
  if (!arguments.private_key_file.empty()) {
    SLUICE_ASSIGN_OR_RETURN(const std::string pem,
                            ReadSmallFile("--private-key-file", arguments.private_key_file));
    return edge::TokenSigner::FromPem(pem, algorithm);
  }
  std::string secret = issuer.secret;
  if (!issuer.secret_file.empty()) {
    SLUICE_ASSIGN_OR_RETURN(secret, ReadSecretFile("auth.secret_file", issuer.secret_file));
  }
  if (secret.empty()) {
    return absl::InvalidArgumentError(
        "nothing to sign with: the configuration has no auth.secret or auth.secret_file, and "
        "--private-key-file is not given");
  }
  return edge::TokenSigner::FromSecret(secret, algorithm.value_or(SignatureAlgorithm::kHs256));
}

json::array ToArray(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

absl::StatusOr<std::string> Mint(const TokenArguments& arguments, const AuthOptions& auth) {
  const std::optional<std::chrono::milliseconds> lifetime = ParseDuration(arguments.expires_in);
  if (!lifetime) return absl::InvalidArgumentError("--expires-in: must be a duration such as 1h");
  SLUICE_ASSIGN_OR_RETURN(const edge::TokenSigner signer, SignerOf(arguments, auth.issuer));
  const auto seconds = [](WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  };
  const WallTime now = Clock::System().Wall();
  json::object payload = {
      {"sub", arguments.user}, {"iat", seconds(now)}, {"exp", seconds(now + *lifetime)}};
  if (!auth.issuer.issuer.empty()) payload["iss"] = auth.issuer.issuer;
  if (!auth.issuer.audience.empty()) payload["aud"] = auth.issuer.audience;
  if (!arguments.id.empty()) payload["jti"] = arguments.id;
  if (!arguments.topics.empty()) payload["topics"] = ToArray(arguments.topics);
  if (!arguments.publish.empty()) payload["publish"] = ToArray(arguments.publish);
  // None that every edge refuses.
  const auto claims = edge::ReadClaims(payload, {.audience = auth.issuer.audience}, now);
  if (const auto* refusal = std::get_if<edge::AuthRefusal>(&claims)) {
    return absl::InvalidArgumentError("that token would be refused: " + refusal->message);
  }
  json::object header;
  if (!arguments.key_id.empty()) header["kid"] = arguments.key_id;
  return signer.Sign(std::move(header), json::serialize(payload));
}

std::vector<std::string> ToStrings(const std::vector<NamePattern>& patterns) {
  std::vector<std::string> texts;
  for (const NamePattern& pattern : patterns) texts.push_back(pattern.ToString());
  return texts;
}

int Verify(const TokenArguments& arguments, const AuthOptions& auth) {
  if (!auth.is_on()) {
    std::fprintf(stderr, "sluice: the configuration has no keys in [auth]\n");
    return kExitUsage;
  }
  absl::StatusOr<std::vector<edge::TokenIssuer>> issuers = edge::LoadIssuers(auth);
  if (!issuers.ok()) {
    std::fprintf(stderr, "sluice: %s\n", std::string(issuers.status().message()).c_str());
    return kExitUsage;
  }
  const WallTime now = Clock::System().Wall();
  const auto verified = edge::TokenVerifier(*std::move(issuers)).Verify(arguments.verify, now);
  if (const auto* refusal = std::get_if<edge::AuthRefusal>(&verified)) {
    std::printf("refused (%s): %s\n", std::string(LabelOf(refusal->reason)).c_str(),
                refusal->message.c_str());
    return kExitFailure;
  }
  const auto& claims = std::get<edge::TokenClaims>(verified);
  json::object grants = {{"user", claims.subject},
                         {"topics", ToArray(ToStrings(claims.topics))},
                         {"publish", ToArray(ToStrings(claims.publish))}};
  if (!claims.id.empty()) grants["id"] = claims.id;
  if (claims.expires != WallTime::max()) {
    grants["expiresInSeconds"] =
        std::chrono::floor<std::chrono::seconds>(claims.expires - now).count();
  }
  std::printf("accepted: %s\n", json::serialize(grants).c_str());
  return kExitOk;
}

int RunToken(const TokenArguments& arguments) {
  const Config config = LoadConfig(arguments.sources);
  for (const ConfigError& error : config.errors) {
    std::fprintf(stderr, "sluice: %s\n", error.ToString().c_str());
  }
  if (!config.errors.empty()) return kExitUsage;
  if (!arguments.verify.empty()) return Verify(arguments, config.options.auth);
  const absl::StatusOr<std::string> token = Mint(arguments, config.options.auth);
  if (!token.ok()) {
    std::fprintf(stderr, "sluice: %s\n", std::string(token.status().message()).c_str());
    return kExitUsage;
  }
  std::puts(token->c_str());
  return kExitOk;
}

}  // namespace

void AddToken(CLI::App* app, Command* chosen) {
  CLI::App* const command =
      app->add_subcommand("token", "Make a token for development, or say why one is refused.");
  const auto arguments = std::make_shared<TokenArguments>();  // outlives the parsing
  command->add_option("--config", arguments->sources.file, "TOML file (default: SLUICE_CONFIG)")
      ->type_name("FILE");
  CLI::Option_group* const what = command->add_option_group("what");
  what->add_option("--user", arguments->user, "Make one for this user");
  what->add_option("--verify", arguments->verify, "Judge this one as an edge would")
      ->type_name("TOKEN");
  what->require_option(1);
  const auto add_list = [&](const char* flag, std::vector<std::string>* list, const char* text) {
    command->add_option(flag, *list, text)->allow_extra_args(false)->type_name("PATTERN");
  };
  add_list("--topic", &arguments->topics, "Topics it may follow; may be repeated");
  add_list("--publish", &arguments->publish, "Topics it may publish to; may be repeated");
  command->add_option("--expires-in", arguments->expires_in, "Its life")->capture_default_str();
  command->add_option("--id", arguments->id, "Its `jti`");
  command->add_option("--private-key-file", arguments->private_key_file,
                      "Sign with this key (PEM) instead of auth.secret");
  command->add_option("--key-id", arguments->key_id, "The `kid` of the key");
  command->add_option("--algorithm", arguments->algorithm, "One that the key allows");
  command->callback([arguments, chosen] {
    arguments->sources.environment = SluiceEnvironment();
    *chosen = [arguments] { return RunToken(*arguments); };
  });
}

}  // namespace sluice::app
