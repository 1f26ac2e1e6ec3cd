"""Presets: contracts of the messages that products send, as far as the products decide them. One YAML file each."""
