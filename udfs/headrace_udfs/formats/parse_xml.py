"""XML: the elements and attributes that a contract reads, without document types and entities of the payload's own."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, ParseError, XMLParser

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from headrace_udfs.faults import Code, Refused, readable
from headrace_udfs.formats.documents import ITEMS, MAX_DEPTH, MAX_VALUES, MEMBERS, Document, Wanted, too_many_values

TEXT = "#text"
"""The key of an element's own text, next to its attributes and elements."""

_UNDEFINED_ENTITY = 11  # expat's number of the error
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def parse(payload: bytes, wanted: Wanted) -> Document:
    """Return `{root: ...}` with what is wanted below the root element.

    Names are without their namespaces; an attribute is `@name`, and an element's own text `#text`. An element is
    its text if nothing below it is wanted, without the white space around it: None if it is empty or nil. Elements of
    one name are a list if its items are wanted, or if there are several; so are attributes whose names differ in their
    namespaces alone, and the pieces of a text with elements between them. Raises Refused.
    """
    root = _root(payload)
    _check_limits(root)
    return _grouped([root], wanted)


def _root(payload: bytes) -> Element:
    if not payload.strip():
        raise Refused(Code.EMPTY_PAYLOAD, f"{len(payload)} bytes, and nothing but white space")
    if (ends := payload.count(b"</") + payload.count(b"/>")) > MAX_VALUES:
        raise too_many_values(ends)
    # Only a document type can declare entities. Without one, the parser in C is safe; it is four times as fast.
    suspect = b"<!DOCTYPE" in payload or b"\0" in payload
    parser = DefusedXMLParser(forbid_dtd=True) if suspect else XMLParser()  # noqa: S314
    try:
        parser.feed(payload)
        root: Element = parser.close()
    except DefusedXmlException:
        raise Refused(Code.XML_DOCTYPE, "the document has a document type (<!DOCTYPE), which is not read") from None
    except ParseError as error:
        code = Code.XML_DOCTYPE if error.code == _UNDEFINED_ENTITY else Code.NOT_XML
        raise Refused(code, readable(str(error))) from None
    except (LookupError, ValueError) as error:  # the encoding that the payload declares
        raise Refused(Code.NOT_XML, readable(str(error))) from None
    return root


def _check_limits(root: Element) -> None:
    level, depth, values = [root], 0, 0
    while level:
        depth += 1
        values += len(level) + sum(len(element.attrib) for element in level)
        if depth > MAX_DEPTH:
            raise Refused(Code.NESTED_TOO_DEEP, f"nested over {MAX_DEPTH} deep")
        if values > MAX_VALUES:
            raise too_many_values(values)
        level = [child for element in level for child in element]


def _grouped(elements: Iterable[Element], wanted: Wanted) -> dict[str, Document]:
    """Return what is wanted of the elements, by their names."""
    groups: dict[str, list[Element]] = {}
    for element in elements:
        groups.setdefault(_local(element.tag), []).append(element)
    found: dict[str, Document] = {}
    for name, group in groups.items():
        below = wanted.get(name, wanted.get(MEMBERS))
        if below is None:
            continue
        if ITEMS in below:
            found[name] = [_read(element, below[ITEMS]) for element in group]
        else:
            values = [_read(element, below) for element in group]
            found[name] = values if len(values) > 1 else values[0]
    return found


def _read(element: Element, wanted: Wanted) -> Document:
    if not wanted:
        return _grouped(element, {_local(child.tag): {} for child in element}) if len(element) else _text(element)
    if element.get(_NIL) in {"true", "1"}:
        return None
    found: dict[str, Document] = {}
    for name, value in element.attrib.items():
        key = f"@{_local(name)}"
        if key in wanted or MEMBERS in wanted:
            found[key] = [found[key], value] if key in found else value
    if TEXT in wanted:
        found[TEXT] = _text(element)
    return {**found, **_grouped(element, wanted)}


def _text(element: Element) -> Document:
    """Return the element's own text; a list of its pieces if elements stand between them."""
    if element.get(_NIL) in {"true", "1"}:
        return None
    pieces = [piece for piece in map(_stripped, (element.text, *(child.tail for child in element))) if piece]
    return pieces if len(pieces) > 1 else pieces[0] if pieces else None


def _stripped(text: str | None) -> str:
    return (text or "").strip(" \t\r\n")


def _local(name: str) -> str:
    return name.rpartition("}")[2]
