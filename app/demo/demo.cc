#include "app/demo/demo.h"

#include <chrono>
#include <utility>

#include <grpcpp/client_context.h>

#include "app/demo/machine_sampler.h"
#include "app/demo/page_routes.h"
#include "app/demo/system_event.h"
#include "app/demo/traffic_sampler.h"

namespace sluice::demo {
namespace {

constexpr std::chrono::milliseconds kInterval{500};
constexpr std::chrono::seconds kDeadline{2};

}  // namespace

Demo::Demo(Parts parts)
    : parts_(std::move(parts)),
      gateway_(v1::Gateway::NewStub(parts_.gateway)),
      publish_route_(std::make_shared<PublishRoute>(parts_.gateway, parts_.only_loopback_hosts)) {}

Demo::~Demo() { Stop(); }

std::vector<edge::HttpRoute> Demo::Routes() const {
  std::vector<edge::HttpRoute> routes = PageRoutes();
  edge::HttpRoute publish;
  publish.method = "POST";
  publish.path = "/demo/publish";
  publish.max_body_bytes = PublishRoute::kMaxBodyBytes;
  publish.handler = [route = publish_route_](const edge::HttpRequest& request,
                                             edge::HttpRespond respond) {
    route->Handle(request, std::move(respond));
  };
  routes.push_back(std::move(publish));
  return routes;
}

void Demo::Start(std::vector<const prometheus::Collectable*> metrics) {
  publisher_ = std::thread([this, metrics = std::move(metrics)] { Run(metrics); });
}

void Demo::Stop() {
  {
    MutexLock lock(&mutex_);
    is_stopped_ = true;
    if (call_ != nullptr) call_->TryCancel();
    stopping_.NotifyAll();
  }
  if (publisher_.joinable()) publisher_.join();
  publish_route_->Stop();
}

void Demo::Run(std::vector<const prometheus::Collectable*> metrics) {
  MachineSampler machine(parts_.proc_folder);
  TrafficSampler traffic(std::move(metrics));
  // Rates need two readings: the first is not published.
  SteadyTime due = parts_.clock->Steady();
  machine.Sample(due);
  traffic.Sample(due);
  while (SleepUntil(due += kInterval)) {
    const SteadyTime now = parts_.clock->Steady();
    if (now - due > kInterval) due = now;  // the machine slept or is busy: no catching up
    const MachineFigures machine_figures = machine.Sample(now);
    const TrafficFigures traffic_figures = traffic.Sample(now);
    Publish(FormatSystemEvent(parts_.clock->Wall(), machine_figures, traffic_figures));
  }
}

bool Demo::SleepUntil(SteadyTime due) {
  MutexLock lock(&mutex_);
  while (!is_stopped_) {
    const auto left = due - parts_.clock->Steady();
    if (left <= left.zero()) return true;
    stopping_.WaitFor(&mutex_, left);
  }
  return false;
}

void Demo::Publish(std::string data) {
  v1::PublishRequest request;
  request.set_topic(kSystemTopic);
  request.mutable_event()->set_type(kSystemEventType);
  request.mutable_event()->set_data(std::move(data));
  v1::PublishResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  {
    MutexLock lock(&mutex_);
    if (is_stopped_) return;
    call_ = &context;
  }
  const grpc::Status status = gateway_->Publish(&context, request, &response);
  MutexLock lock(&mutex_);
  call_ = nullptr;
  if (status.ok() || is_stopped_) return;
  parts_.logger->Log(LogLevel::kWarning, "demo", "a sample was not published",
                     {{"error", status.error_message()}});
}

}  // namespace sluice::demo
