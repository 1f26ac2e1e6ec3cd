"""`headrace source`: contracts from samples of a topic, and how much of a sample a contract decodes."""
