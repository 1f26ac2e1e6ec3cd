"""The manifests of k8s/ as kustomize makes them, and the schemas and tools that judge them without a cluster."""
