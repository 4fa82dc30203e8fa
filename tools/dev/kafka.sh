# shellcheck shell=bash
# A real Kafka on this machine.

cmd_kafka() {
  ensure_packages kafka
  python3 tools/kafka/broker.py "$@"
}
