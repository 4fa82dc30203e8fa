#include "kafka/client/error_codes.h"

namespace rheon::kafka {

namespace {

const char* words_of(std::int16_t code) {
  switch (code) {
    case -1:
      return "the broker has a problem of its own; its log says more";
    case 1:
      return "there is no such offset";
    case 2:
      return "the broker finds the records corrupt";
    case 3:
      return "there is no such topic or partition";
    case 5:
      return "no leader is there now";
    case 6:
      return "somebody else leads it";
    case 7:
      return "the broker has timed out";
    case 9:
      return "the replica is not there now";
    case 10:
      return "the records are larger than the broker takes";
    case 14:
      return "the coordinator is loading";
    case 15:
      return "the coordinator is not there now";
    case 16:
      return "somebody else coordinates it";
    case 19:
      return "too few replicas are in sync";
    case 22:
      return "the group is in a later generation";
    case 23:
      return "the others of the group speak another protocol";
    case 24:
      return "a group cannot be called so";
    case 25:
      return "the group does not know this member";
    case 26:
      return "the broker does not take this session timeout";
    case 27:
      return "the group is being put together anew";
    case 29:
      return "no right to this topic";
    case 30:
      return "no right to this group";
    case 31:
      return "no right to this cluster";
    case 32:
      return "the time of a record lies too far from the broker's clock";
    case 38:
      return "fewer brokers are there than copies are asked for";
    case 41:
      return "another broker is the controller";
    case 45:
      return "the leader misses records that came before these";
    case 59:
      return "the leader has forgotten this producer";
    case 47:
    case 90:
      return "a later producer has this transactional id";
    case 48:
      return "the transaction is in another state";
    case 49:
      return "the brokers have forgotten this transactional id";
    case 51:
      return "the transaction before is still being ended";
    case 53:
      return "no right to this transactional id";
    case 56:
      return "the broker's disk has a problem";
    case 74:
    case 75:
      return "leader and client know of different epochs";
    case 78:
      return "the leader does not know yet where its log ends";
    case 79:
      return "the member has to come back with the id it was given";
    case 81:
      return "the group is full";
    case 82:
      return "another process is this member of the group now";
    case 88:
      return "a transaction that commits these offsets is still open";
    case 100:
      return "there is no topic with this id";
    default:
      return "the broker refuses";
  }
}

}  // namespace

std::string describe_error(std::int16_t code) {
  return std::string(words_of(code)) + " (error " + std::to_string(code) + ")";
}

}  // namespace rheon::kafka
