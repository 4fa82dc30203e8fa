#include "kafka/client/cluster.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace rheon::kafka {

namespace {

constexpr env::Monotonic kBetweenAnswers = std::chrono::milliseconds{100};

TopicInfo topic_of(const wire::MetadataResponse::Topic& told, const TopicInfo* known) {
  TopicInfo topic;
  topic.id = told.topic_id;
  topic.error = told.error_code;
  topic.internal = told.is_internal;
  topic.partitions.resize(told.partitions.size());
  for (const auto& partition : told.partitions) {
    const auto index = static_cast<std::uint32_t>(partition.partition_index);
    if (index < topic.partitions.size()) {
      topic.partitions[index] = {partition.leader_id, partition.leader_epoch};
    }
  }
  // A broker that lags behind tells of a leader that was: of the same topic the later epoch holds.
  if (known != nullptr && known->id == topic.id) {
    for (std::size_t i = 0; i < std::min(topic.partitions.size(), known->partitions.size()); ++i) {
      if (topic.partitions[i].leader_epoch < known->partitions[i].leader_epoch) {
        topic.partitions[i] = known->partitions[i];
      }
    }
  }
  return topic;
}

}  // namespace

bool is_loopback(std::string_view host) {
  const bool is_address = std::all_of(
      host.begin(), host.end(), [](unsigned char c) { return c == '.' || (c >= '0' && c <= '9'); });
  return host == "localhost" || host == "::1" || (is_address && host.starts_with("127."));
}

Cluster::Cluster(env::Network& network, env::Waker& waker, env::Random& random,
                 ClusterOptions options)
    : network_(network),
      waker_(waker),
      random_(random),
      options_(std::move(options)),
      backoff_(random, options_.first_wait, options_.longest_wait) {
  RHEON_ASSERT(!options_.bootstrap.empty(), "a cluster without an address");
  turn_ = random_.next() % options_.bootstrap.size();
}

void Cluster::watch(std::optional<std::set<std::string, std::less<>>> topics) {
  watched_ = std::move(topics);
  wanted_ = true;
}

const TopicInfo* Cluster::topic(std::string_view name) const {
  const auto at = topics_.find(name);
  return at == topics_.end() ? nullptr : &at->second;
}

std::unique_ptr<Link> Cluster::open(std::int32_t node, env::Monotonic now) const {
  const auto at = brokers_.find(node);
  if (at == brokers_.end()) {
    return nullptr;
  }
  return open(at->second, now);
}

std::unique_ptr<Link> Cluster::open(const Address& address, env::Monotonic now) const {
  LinkOptions options;
  options.host = address.host;
  options.port = address.port;
  options.client = options_.client;
  options.version = options_.version;
  options.open_timeout = options_.open_timeout;
  std::unique_ptr<SaslExchange> sasl;
  if (options_.credentials.has_value()) {
    sasl = make_sasl_exchange(*options_.credentials, random_);
  }
  std::unique_ptr<env::NetworkStream> stream = network_.connect(address.host, address.port, waker_);
  if (options_.tls != nullptr) {
    stream = options_.tls->encrypt(std::move(stream), address.host, address.port);
  }
  return std::make_unique<Link>(std::move(options), std::move(stream), std::move(sasl), now);
}

Address Cluster::next_address() {
  const std::size_t turn = turn_++ % (brokers_.size() + options_.bootstrap.size());
  if (turn < brokers_.size()) {
    return std::next(brokers_.begin(), static_cast<std::ptrdiff_t>(turn))->second;
  }
  return options_.bootstrap[turn - brokers_.size()];
}

void Cluster::step(env::Monotonic now) {
  if (answers_ > 0 && now >= std::min(answered_at_ + options_.max_age, again_at_)) {
    wanted_ = true;
    again_at_ = env::Monotonic::max();
  }
  if (link_ == nullptr && (!wanted_ || now < ask_at_)) {
    return;
  }
  if (link_ == nullptr || (link_->stale(now) && !asked_)) {
    link_ = open(next_address(), now);
    asked_ = false;
  }
  const Status status = converse(now);
  if (!status.has_value()) {
    trouble_ = status.error();
    link_.reset();
    wanted_ = true;  // who was not asked may have gone as well
    asked_ = false;
    ask_at_ = now + backoff_.failed();
  }
}

Status Cluster::converse(env::Monotonic now) {
  RHEON_TRY(link_->pump(now));
  if (link_->ready() && wanted_ && !asked_ && now >= ask_at_) {
    ask(now);
    RHEON_TRY(link_->pump(now));
  }
  if (!link_->ready()) {
    return {};
  }
  RHEON_ASSIGN(const std::optional<Response> answer, link_->next(now));
  if (answer.has_value()) {
    RHEON_TRY(take(*answer, now));
  }
  return {};
}

void Cluster::ask(env::Monotonic now) {
  wire::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  if (watched_.has_value()) {
    request.topics.emplace();
    for (const std::string& name : *watched_) {
      request.topics->push_back({{}, name});
    }
  }
  link_->send<wire::Metadata>(request, now);
  asked_ = true;
  wanted_ = false;
}

Status Cluster::take(const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::Metadata>(response.frame);
  if (!told.has_value()) {
    return fail(ErrorCode::kCorrupt, link_->address() +
                                         " answers a request for metadata with "
                                         "something else");
  }
  asked_ = false;
  if (told->brokers.empty()) {
    return fail(ErrorCode::kIo, link_->address() + " does not know yet who belongs to its cluster");
  }
  for (const auto& broker : told->brokers) {
    if (broker.host.empty() || broker.host.find('\0') != std::string_view::npos) {
      return fail(ErrorCode::kCorrupt, link_->address() + " tells of a broker without a name");
    }
    if (options_.loopback_only && !is_loopback(broker.host)) {
      return fail(ErrorCode::kRefused,
                  "broker " + std::to_string(broker.node_id) + " says that it is at '" +
                      std::string(broker.host) +
                      "': records would go over the network as they are, for everybody to read. "
                      "Connect with TLS (security.tls), or say that it is meant "
                      "(security.allow_plaintext)");
    }
  }
  brokers_.clear();
  for (const auto& broker : told->brokers) {
    brokers_[broker.node_id] = {std::string(broker.host), static_cast<std::uint16_t>(broker.port)};
  }
  std::map<std::string, TopicInfo, std::less<>> topics;
  for (const auto& topic : told->topics) {
    if (topic.name.has_value()) {
      topics[std::string(*topic.name)] = topic_of(topic, this->topic(*topic.name));
    }
  }
  topics_ = std::move(topics);
  ++answers_;
  answered_at_ = now;
  ask_at_ = now + std::max(kBetweenAnswers, throttled_for(told->throttle_time_ms));
  trouble_.reset();
  backoff_.succeeded();
  return {};
}

env::Monotonic Cluster::deadline() const {
  const bool asks = wanted_ || asked_;  // then it does not matter when it would
  env::Monotonic at = answers_ > 0 && !asks ? std::min(answered_at_ + options_.max_age, again_at_)
                                            : env::Monotonic::max();
  if (wanted_ && !asked_ && (link_ == nullptr || link_->ready())) {
    at = std::min(at, ask_at_);
  }
  if (link_ != nullptr) {
    at = std::min(at, link_->deadline());
  }
  return at;
}

}  // namespace rheon::kafka
