#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "edge/disconnect_reason.h"
#include "edge/http/http_error.h"
#include "edge/sse/sse_codec.h"
#include "tests/transcript/edge_fixture.h"
#include "tests/transcript/protocol_page.h"

namespace sluice {

void PrintTo(const PageSection& section, std::ostream* out) { *out << section.title; }

namespace {

// Plays one section of docs/protocol.md against a real edge. A block is, by its info string:
//   given          the options of the edge and what the log retains when it starts
//   then           what happens while the last client is connected
//   http request   a client connects and sends this
//   http response  the head that it reads, and the body if there is one
//   sse, sse end   the blocks that it reads next, and that nothing follows
// Lines of given and then: an event (`ID user|topic NAME TYPE|- DATA`, with \n for a line feed),
// `hole ID` (missed up to there), `epoch ID` (a new one, with its first sequence), `quiet
// SECONDSs`, `stop`, `limit sessions N`, `allow ORIGIN`.
class ProtocolPageTest : public EdgeFixture, public testing::WithParamInterface<PageSection> {
 protected:
  void Play(const PageBlock& block) {
    SCOPED_TRACE("docs/protocol.md:" + std::to_string(block.line));
    if (block.info == "given") {
      for (const std::string& line : block.lines) Given(line);
    } else if (block.info == "then") {
      for (const std::string& line : block.lines) Then(line);
    } else if (block.info == "http request") {
      Request(block);
    } else if (block.info == "http response") {
      ExpectResponse(block);
    } else if (block.info == "sse" || block.info == "sse end") {
      ExpectStream(block);
      if (block.info == "sse end") ExpectEnd();
    } else {
      ADD_FAILURE() << "no test knows what to do with '" << block.info << "'";
    }
  }

 private:
  void Given(const std::string& line) {
    std::istringstream words(line);
    std::string verb, rest;
    words >> verb >> rest;
    if (verb == "limit") {
      words >> options_.edge.max_sessions;
    } else if (verb == "allow") {
      options_.edge.allowed_origins.push_back(rest);
    } else {
      retained_.push_back(line);
    }
  }

  void Then(const std::string& line) {
    std::istringstream words(line);
    std::string verb, rest;
    words >> verb >> rest;
    if (verb == "hole") {
      const uint64_t last = Cursor::Parse(rest)->sequence;
      edge_->OnHole(last, last);
    } else if (verb == "epoch") {
      AwaitShard();  // what was before goes out before
      const Cursor first = *Cursor::Parse(rest);
      edge_->OnEpoch(first.epoch, first.sequence);
    } else if (verb == "quiet") {
      AwaitShard();
      clock_.Advance(std::chrono::seconds(std::stoi(rest)));
    } else if (verb == "stop") {
      stopped_ = std::async(std::launch::async, [this] { edge_->Stop(); });
    } else {
      AwaitShard();
      Append(line);
    }
  }

  void Append(const std::string& line) {
    std::istringstream words(line);
    std::string id, kind, name, type, data;
    words >> id >> kind >> name >> type;
    std::getline(words >> std::ws, data);
    for (size_t at; (at = data.find("\\n")) != std::string::npos;) data.replace(at, 2, "\n");
    auto batch = std::make_shared<EventBatch>();
    batch->events.emplace_back(Cursor::Parse(id)->sequence,
                               kind == "user" ? ChannelView::User(name) : ChannelView::Topic(name),
                               type == "-" ? std::string() : type, data,
                               Event::Times{.published = clock_.Wall(), .stored = clock_.Steady()});
    edge_->OnEvents(std::move(batch));
  }

  void Start() {
    StartEdgeWithoutLog();
    Cursor head{*Epoch::Parse("k3f9a"), 1041};
    uint64_t first = head.sequence + 1;
    if (!retained_.empty()) {
      first = Cursor::Parse(retained_.front().substr(0, retained_.front().find(' ')))->sequence;
      head = *Cursor::Parse(retained_.back().substr(0, retained_.back().find(' ')));
    }
    edge_->OnEpoch(head.epoch, first);
    for (const std::string& line : retained_) Append(line);
    edge_->OnHead(head.sequence);
    AwaitShard();
  }

  void Request(const PageBlock& block) {
    if (!edge_) Start();
    std::string request;
    for (const std::string& line : block.lines) request += line + "\r\n";
    client_ = std::make_unique<RawClient>(edge_->port());
    client_->Send(request + "\r\n");
    head_was_read_ = false;
  }

  void ExpectResponse(const PageBlock& block) {
    std::string expected;
    for (const std::string& line : block.lines) expected += line + '\n';
    const RawResponse response = client_->ReadResponse();
    std::string seen;
    for (const char c : response.head + response.body) {
      if (c != '\r') seen += c;
    }
    if (response.body.empty()) seen.pop_back();  // the empty line
    EXPECT_EQ(seen, expected);
    head_was_read_ = true;
  }

  void ExpectStream(const PageBlock& page_block) {
    if (!head_was_read_) client_->ReadThrough("\r\n\r\n");
    head_was_read_ = true;
    std::string expected;
    for (const std::string& line : page_block.lines) {
      if (!line.empty()) {
        expected += (expected.empty() ? "" : "\n") + line;
        continue;
      }
      ExpectBlock(expected);
      expected.clear();
    }
    ExpectBlock(expected);
  }

  void ExpectBlock(const std::string& expected) {
    const std::string seen = Block(client_.get());
    if (expected.starts_with("retry: ") && seen.starts_with("retry: ")) return;  // is jittered
    EXPECT_EQ(seen, expected);
  }

  void ExpectEnd() {
    EXPECT_EQ(client_->ReadToEnd(), "");
    client_.reset();
    if (stopped_.valid()) stopped_.get();
  }

  std::vector<std::string> retained_;
  std::unique_ptr<RawClient> client_;
  bool head_was_read_ = false;
  std::future<void> stopped_;
};

TEST_P(ProtocolPageTest, ItsExamplesAreWhatTheEdgeSays) {
  for (const PageBlock& block : GetParam().blocks) Play(block);
}

std::vector<PageSection> SectionsWithExamples() {
  std::vector<PageSection> sections = ReadProtocolPage().sections;
  std::erase_if(sections, [](const PageSection& section) { return section.blocks.empty(); });
  return sections;
}

INSTANTIATE_TEST_SUITE_P(Sections, ProtocolPageTest, testing::ValuesIn(SectionsWithExamples()),
                         [](const auto& section) {
                           std::string name;
                           for (const char c : section.param.title) {
                             if (std::isalnum(static_cast<unsigned char>(c))) name += c;
                           }
                           return name;
                         });

// The row of a table that begins with these cells.
bool HasRow(const std::string& page, std::initializer_list<std::string_view> cells) {
  std::string row = "\n|";
  for (const std::string_view cell : cells) row.append(" ").append(cell).append(" |");
  return page.find(row) != std::string::npos;
}
std::string Code(std::string_view text) { return '`' + std::string(text) + '`'; }

TEST(ProtocolPageTablesTest, ListsEveryRefusal) {
  const std::string page = ReadProtocolPage().text;
  for (size_t i = 0; i < edge::kHttpErrorKinds; ++i) {
    const auto kind = static_cast<edge::HttpErrorKind>(i);
    EXPECT_TRUE(HasRow(page, {std::to_string(edge::StatusOf(kind)), Code(edge::CodeOf(kind))}))
        << edge::CodeOf(kind);
  }
}

TEST(ProtocolPageTablesTest, ListsEveryEndOfAStream) {
  const std::string page = ReadProtocolPage().text;
  for (size_t i = 0; i < edge::kDisconnectReasons; ++i) {
    const auto& policy = edge::PolicyOf(static_cast<edge::DisconnectReason>(i));
    EXPECT_TRUE(HasRow(page, {Code(policy.label), policy.announced ? "yes" : "no",
                              policy.may_resume ? "yes" : "no"}))
        << policy.label;
  }
}

TEST(ProtocolPageTablesTest, ListsEveryGap) {
  const std::string page = ReadProtocolPage().text;
  for (const auto reason : {edge::GapReason::kExpired, edge::GapReason::kEpoch,
                            edge::GapReason::kInvalid, edge::GapReason::kOverflow}) {
    EXPECT_TRUE(HasRow(page, {Code(edge::GapReasonName(reason))})) << edge::GapReasonName(reason);
  }
}

}  // namespace
}  // namespace sluice
