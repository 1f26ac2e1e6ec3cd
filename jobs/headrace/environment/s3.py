"""An object store with S3's interface, with its settings for pyiceberg and for Flink."""

from __future__ import annotations

from headrace.project import yaml_file
from headrace_udfs.references import quoted


class S3(yaml_file.Model, use_attribute_docstrings=True):
    """An object store with S3's interface. The keys are the same for Flink, pyiceberg and DuckDB."""

    access_key: str
    """Name of the key pair, by reference: ${env:NAME} or ${file:PATH}."""
    secret_key: str
    """Its secret, by reference."""
    region: str = "us-east-1"
    """Region of the bucket; most stores other than Amazon's accept any."""
    endpoint: str | None = None
    """Address of a store other than Amazon's, http(s)://host:port."""
    path_style: bool = True
    """Whether the bucket is the first folder of a path (true) or part of the host name (false)."""

    @property
    def address(self) -> str:
        """The store's address; Amazon's if no other is set."""
        return self.endpoint or f"https://s3.{self.region}.amazonaws.com"

    def pyiceberg(self) -> dict[str, str]:
        """Return properties for pyiceberg's files, which pyarrow reads from S3."""
        return {
            **self._keys(),
            "s3.region": self.region,
            "s3.force-virtual-addressing": str(not self.path_style),
            **({"s3.endpoint": self.endpoint} if self.endpoint else {}),
        }

    def flink(self) -> dict[str, str]:
        """Return options for the files of Iceberg's Java library, which has an S3 client of its own."""
        return {
            "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
            **self._keys(),
            "client.region": self.region,
            "s3.path-style-access": str(self.path_style).lower(),
            **({"s3.endpoint": self.endpoint} if self.endpoint else {}),
        }

    def _keys(self) -> dict[str, str]:
        # The name of the key pair is sent in the head of each request.
        return {
            "s3.access-key-id": quoted(self.access_key, "line"),
            "s3.secret-access-key": quoted(self.secret_key, "line"),
        }
