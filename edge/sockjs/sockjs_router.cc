#include "edge/sockjs/sockjs_router.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/hash/hash.h"
#include "edge/engine/shard.h"
#include "edge/sockjs/sockjs_table.h"

namespace sluice::edge {

void SockJsRouter::Ask(SockJsRequest request, SockJsRespond done) {
  if (names_ == nullptr || request.shard) return AskHere(std::move(request), std::move(done));
  SockJsRequest here = request;
  here.opener = std::nullopt;
  AskHere(std::move(here),
          [this, request = std::move(request), done = std::move(done)](SockJsAnswer answer) {
            if (answer.kind != SockJsAnswer::Kind::kNoSession) return done(std::move(answer));
            AskOthers(request, done);
          });
}

void SockJsRouter::AskHere(SockJsRequest request, SockJsRespond done) {
  const absl::string_view session(request.session.data(), request.session.size());
  const size_t shard =
      request.shard.value_or(absl::Hash<absl::string_view>()(session) % shards_.size());
  // Shared, because tasks are copied.
  const auto shared = std::make_shared<const SockJsRequest>(std::move(request));
  shards_[shard]->Post(RunTask{
      [shared, done = std::move(done)](Shard* owner) { owner->sockjs().Handle(*shared, done); }});
}

void SockJsRouter::AskOthers(SockJsRequest request, SockJsRespond done) {
  const std::string session = request.session;
  const std::string text = request.ToText();
  const auto timeout = request.wait + kAnswerTime;
  names_->Request(session, text, timeout,
                  [this, request = std::move(request),
                   done = std::move(done)](const absl::StatusOr<std::string>& said) mutable {
                    if (absl::IsNotFound(said.status())) {
                      if (request.opener) return AskHere(std::move(request), std::move(done));
                      return done({SockJsAnswer::Kind::kNoSession});
                    }
                    std::optional<SockJsAnswer> answer;
                    if (said.ok()) answer = SockJsAnswer::FromText(*said);
                    done(answer ? *std::move(answer) : SockJsAnswer{SockJsAnswer::Kind::kUnknown});
                  });
}

void SockJsRouter::Answer(std::string_view name, std::string_view request,
                          ingest::NameNetwork::Respond respond) {
  std::optional<SockJsRequest> parsed = SockJsRequest::FromText(name, request);
  if (!parsed) return;
  AskHere(*std::move(parsed),
          [respond = std::move(respond)](const SockJsAnswer& answer) { respond(answer.ToText()); });
}

void SockJsRouter::Claim(const std::string& session, std::function<void(bool)> done) {
  if (names_ == nullptr) return done(true);
  names_->Claim(session,
                [done = std::move(done)](const absl::Status& status) { done(status.ok()); });
}

void SockJsRouter::Release(const std::string& session) {
  if (names_ != nullptr) names_->Release(session);
}

}  // namespace sluice::edge
