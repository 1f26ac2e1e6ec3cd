"""The message layout of Sparkplug B's payload, as its specification defines it (3.0, section 6.4)."""

from __future__ import annotations

from functools import cache

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

_MESSAGES = {
    "Payload": "timestamp:uint64 metrics:Metric* seq:uint64 uuid:string body:bytes",
    "Metric": "name:string alias:uint64 timestamp:uint64 datatype:uint32 is_historical:bool is_transient:bool "
    "is_null:bool metadata:MetaData properties:PropertySet | int_value:uint32 long_value:uint64 float_value:float "
    "double_value:double boolean_value:bool string_value:string bytes_value:bytes dataset_value:DataSet "
    "template_value:Template extension_value:Extension",
    "MetaData": "is_multi_part:bool content_type:string size:uint64 seq:uint64 file_name:string file_type:string "
    "md5:string description:string",
    "PropertySet": "keys:string* values:PropertyValue*",
    "PropertySetList": "propertyset:PropertySet*",
    "PropertyValue": "type:uint32 is_null:bool | int_value:uint32 long_value:uint64 float_value:float "
    "double_value:double boolean_value:bool string_value:string propertyset_value:PropertySet "
    "propertysets_value:PropertySetList extension_value:Extension",
    "DataSet": "num_of_columns:uint64 columns:string* types:uint32* rows:Row*",
    "Row": "elements:DataSetValue*",
    "DataSetValue": "| int_value:uint32 long_value:uint64 float_value:float double_value:double boolean_value:bool "
    "string_value:string extension_value:Extension",
    "Template": "version:string metrics:Metric* parameters:Parameter* template_ref:string is_definition:bool",
    "Parameter": "name:string type:uint32 | int_value:uint32 long_value:uint64 float_value:float double_value:double "
    "boolean_value:bool string_value:string extension_value:Extension",
    "Extension": "",
}
"""The fields of each message, numbered from 1 in their order. `*` is repeated; after `|` at most one of them is set."""


@cache
def payload() -> Descriptor:
    """Return the message type of a payload."""
    file = FileDescriptorProto(name="headrace/sparkplug_b.proto", package="sparkplug_b", syntax="proto2")
    for name, fields in _MESSAGES.items():
        _add(file.message_type.add(name=name), fields)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindMessageTypeByName("sparkplug_b.Payload")


def _add(message: DescriptorProto, fields: str) -> None:
    in_oneof, number = False, 0
    for text in fields.split():
        if text == "|":
            message.oneof_decl.add(name="value")
            in_oneof = True
            continue
        number += 1
        name, _, kind = text.rstrip("*").partition(":")
        label = FieldDescriptorProto.LABEL_REPEATED if text[-1] == "*" else FieldDescriptorProto.LABEL_OPTIONAL
        field = message.field.add(name=name, number=number, label=label)
        if kind in _MESSAGES:
            field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".sparkplug_b.{kind}"
        else:
            field.type = getattr(FieldDescriptorProto, f"TYPE_{kind.upper()}")
        if in_oneof:
            field.oneof_index = 0
