"""Sparkplug B for real: edge nodes on an MQTT broker, and a bridge that takes what they publish into Kafka."""
