"""The manifests of k8s/ as kustomize builds them, and the schemas and tools that check them without a cluster."""
