"""Masks the columns of a contract, and withholds what messages of faults quote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from headrace_udfs import masks
from headrace_udfs.contract import Contract
from headrace_udfs.contract_privacy import Secret
from headrace_udfs.faults import Code, Fault
from headrace_udfs.key_ring import Keys
from headrace_udfs.masks import Masked
from headrace_udfs.types import TS

Refuse = Callable[[Iterator[tuple[int, Fault]]], None]
"""Takes rows and their faults; the first fault of a row counts."""


@dataclass(frozen=True)
class Masking:
    """The masks of one contract, with its keys."""

    contract: Contract
    keys: Keys

    def apply(self, columns: Mapping[str, pa.Array], refuse: Refuse) -> dict[str, pa.Array]:
        """Return the columns with the masks of the contract; refuse rows whose value does not fit its mask."""
        masked = dict(columns)
        for name, secret in self.contract.secrets.items():
            masked[name], unfit = self._masked(secret, columns[name], columns)
            what = f"{name}: the value is no {_WANTED.get(secret.kind, 'value')} that {secret.kind}: can mask"
            code = Code.TIME_INVALID if name == TS else Code.WRONG_TYPE
            refuse((int(row), Fault(code, what)) for row in unfit)
        return masked

    def _masked(self, secret: Secret, values: pa.Array, columns: Mapping[str, pa.Array]) -> Masked:
        none = masks.NONE
        is_time = pa.types.is_timestamp(values.type)
        if secret.hash is not None:
            return Masked(masks.hashed(values, self.keys.current(secret.hash)), none)
        if secret.shift is not None and secret.by is not None:
            days = masks.days_of(columns[secret.by], self.keys.current(secret.shift), secret.days)
            return masks.shifted_times(values, days) if is_time else masks.shifted_texts(values, days)
        if secret.truncate is not None:
            if is_time:
                return Masked(masks.truncated_times(values, secret.truncate), none)
            return masks.truncated_texts(values, secret.truncate)
        if secret.prefix is not None:
            return masks.prefix(values, secret.prefix)
        if secret.first is not None:
            return Masked(masks.first(values, secret.first), none)
        if secret.step is not None:
            return Masked(masks.stepped(values, secret.step), none)
        return Masked(pa.nulls(len(values), values.type), none)


_WANTED = {"prefix": "IP address", "truncate": "date", "shift": "date"}


def withheld(faults: Mapping[int, Fault], contract: Contract) -> dict[int, Fault]:
    """Return the faults, with messages that quote nothing if those of the contract must not."""
    if not contract.withholds:
        return dict(faults)
    return {i: _without_quotes(fault, contract) for i, fault in faults.items()}


def _without_quotes(fault: Fault, contract: Contract) -> Fault:
    """Return the fault with what its code means as its message, and the field if it names one."""
    field, separator, _ = fault.message.partition(": ")
    known = separator and (field in contract.fields or field in contract.columns)
    return Fault(fault.code, f"{field}: {fault.code.meaning}" if known else fault.code.meaning)


def meanings(contract: Contract, codes: Iterable[str]) -> dict[str, str]:
    """Return the message of each code that quotes nothing; none if messages of the contract may quote."""
    known = {code.value: code.meaning for code in Code}
    return {code: known[code] for code in codes} if contract.withholds else {}
