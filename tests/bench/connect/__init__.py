"""Kafka Connect with Iceberg's sink, as a rival of the line."""
