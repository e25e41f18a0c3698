import pytest

from synhub.errors import InvalidDesign, SynhubError, TooLarge
from synhub.sbol.graph import parse_rdf_xml
from synhub.sbol.prescan import Limits, is_empty, prescan

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
SBOL = 'xmlns:sbol="http://sbols.org/v2#" xmlns:a="http://a#"'
HEAD = f"<rdf:RDF {RDF} {SBOL}>"


def xml(body: str) -> bytes:
    return f"{HEAD}{body}</rdf:RDF>".encode()


def rules(data: bytes) -> list[str]:
    return [f.rule for f in prescan(data).findings]


PART = '<sbol:Sequence rdf:about="http://x/s"><sbol:elements>acgt</sbol:elements></sbol:Sequence>'


def test_a_sound_document_passes_unchanged() -> None:
    scanned = prescan(xml(PART))
    assert scanned.data == xml(PART)
    assert scanned.findings == []
    assert scanned.namespaces == {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "http://sbols.org/v2#",
        "http://a#",
    }


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n"])
def test_nothing_but_blanks_is_empty(data: bytes) -> None:
    assert is_empty(data)


def test_a_document_is_not_empty() -> None:
    assert not is_empty(b" <a/>")


BOMB = '<!DOCTYPE rdf:RDF [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (f"{BOMB}{HEAD}&b;</rdf:RDF>", "DOCTYPE"),
        (f'<!DOCTYPE rdf:RDF SYSTEM "http://x/y.dtd">{HEAD}</rdf:RDF>', "DOCTYPE"),
        (f'<!DOCTYPE rdf:RDF PUBLIC "-//x" "http://x/y.dtd">{HEAD}</rdf:RDF>', "DOCTYPE"),
        (f"{HEAD}</rdf:RDF>{HEAD}</rdf:RDF>", "line 1, column"),
        (f"\n<?xml version='1.0'?>{HEAD}</rdf:RDF>", "line 2, column 1"),
        (f"{HEAD}\n  <sbol:Sequence></rdf:RDF>", "line 2, column 20: mismatched tag"),
        (f"{HEAD}<b:x/></rdf:RDF>", "unbound prefix"),
        (f"{HEAD}<a:x a:y='1' a:y='2'/></rdf:RDF>", "duplicate attribute"),
        (f"{HEAD}\x00</rdf:RDF>", "line 1"),
        (f"{HEAD}&undefined;</rdf:RDF>", "undefined entity"),
        (f"{HEAD}&#0;</rdf:RDF>", "line 1"),
        ("<html><body/></html>", "'html'"),
        ("LOCUS  x", "line 1, column 1"),
    ],
)
def test_what_is_not_well_formed_rdf_xml_is_refused(data: str, word: str) -> None:
    with pytest.raises(InvalidDesign, match=word) as error:
        prescan(data.encode())
    assert [f["rule"] for f in error.value.findings] == ["sbol-10105"]


def test_a_bare_document_type_is_harmless() -> None:
    assert prescan(b"<!DOCTYPE rdf:RDF>" + xml(PART)).findings == []


def test_a_root_of_another_namespace_is_named_with_it() -> None:
    with pytest.raises(InvalidDesign, match="the root element is 'RDF' of the namespace 'http://x/rdf', not rdf:RDF"):
        prescan(b'<r:RDF xmlns:r="http://x/rdf"/>', Limits())


def test_a_typed_node_may_be_the_root() -> None:
    data = f'<sbol:Sequence rdf:about="http://x/s" {RDF} {SBOL}/>'.encode()
    assert prescan(data).findings == []
    assert len(parse_rdf_xml(data)) == 1


@pytest.mark.parametrize(
    ("limits", "body", "word"),
    [
        (Limits(depth=3), "<a:b><a:c><a:d/></a:c></a:b>", "more than 3 deep"),
        (Limits(elements=2), "<a:b/><a:b/>", "more than 2 elements"),
        (Limits(text_bytes=300), f"<a:b>{'ä' * 151}</a:b>", "longer than 300 bytes"),
        (Limits(attributes=2), '<a:b a:c="1" a:d="2" a:e="3"/>', "3 attributes, 2 are allowed"),
        (Limits(attribute_bytes=5), '<a:b a:c="123456"/>', "6 characters, 5 are allowed"),
    ],
)
def test_limits_are_named_when_exceeded(limits: Limits, body: str, word: str) -> None:
    with pytest.raises(TooLarge, match=word):
        prescan(xml(body), limits)


def test_short_texts_of_a_long_document_are_within_the_limit() -> None:
    body = "".join(f'<a:b rdf:about="http://x/{i}">{"x" * 50}</a:b>' for i in range(10))
    assert prescan(xml(body), Limits(text_bytes=100)).findings == []


@pytest.mark.parametrize("depth", [1_000, 200_000])
def test_deep_nesting_is_refused_at_once(depth: int) -> None:
    with pytest.raises(TooLarge, match="64 deep"):
        prescan(xml("<a:b>" * depth + "</a:b>" * depth))


TEXT = '<sbol:Sequence rdf:about="http://x/s"><a:t>Zürich\n2</a:t></sbol:Sequence>'


@pytest.mark.parametrize(
    "data",
    [
        f'<?xml version="1.0" encoding="ISO-8859-1"?>{HEAD}{TEXT}</rdf:RDF>'.encode("latin-1"),
        f'<?xml version="1.0" encoding="windows-1252"?>{HEAD}{TEXT}</rdf:RDF>'.encode("cp1252"),
        f'<?xml version="1.0" encoding="UTF-16"?>{HEAD}{TEXT}</rdf:RDF>'.encode("utf-16"),
        b"\xfe\xff" + f"{HEAD}{TEXT}</rdf:RDF>".encode("utf-16-be"),
        b"\xef\xbb\xbf" + xml(TEXT),
        f"<?xml version='1.0' encoding='utf-8'?>{HEAD}{TEXT}</rdf:RDF>".encode(),
        xml(TEXT).replace(b"\n", b"\r\n"),
        xml(TEXT).replace(b"\n", b"\r"),
    ],
)
def test_encodings_and_line_ends_give_the_same_literals(data: bytes) -> None:
    assert parse_rdf_xml(prescan(data).data) == parse_rdf_xml(xml(TEXT))


def test_a_carriage_return_written_as_a_reference_is_kept() -> None:
    data = xml('<sbol:Sequence rdf:about="http://x/s"><a:t>a&#13;b</a:t></sbol:Sequence>')
    assert parse_rdf_xml(prescan(data).data)[1][2] == '"a\\rb"'


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (f'<?xml version="1.0" encoding="UTF-7"?>{HEAD}</rdf:RDF>'.encode(), "'UTF-7'"),
        (f'<?xml version="1.0" encoding="x-none"?>{HEAD}</rdf:RDF>'.encode(), "'x-none'"),
        (b"\xff\xfe<", "utf-16"),
        (xml(TEXT).replace("ü".encode(), b"\xfc"), "line 1"),
    ],
)
def test_broken_and_unknown_encodings_are_refused(data: bytes, word: str) -> None:
    with pytest.raises(InvalidDesign, match=word):
        prescan(data)


def test_a_document_without_the_sbol2_namespace_is_rule_10101() -> None:
    data = f'<rdf:RDF {RDF}><b:x xmlns:b="http://b#" rdf:about="http://x/1"/></rdf:RDF>'.encode()
    assert rules(data) == ["sbol-10101"]


def test_namespaces_inside_a_literal_of_xml_are_not_those_of_elements() -> None:
    inside = '<s xmlns="http://open.example"><t rdf:parseType="Literal"/></s>'
    literal = f'<a:x rdf:parseType="Literal">{inside}</a:x>'
    assert rules(xml(PART.replace("</sbol:Seq", literal + "</sbol:Seq"))) == []
    assert rules(xml(PART.replace("</sbol:Seq", f"{literal}<a:y>{inside}</a:y></sbol:Seq"))) == ["sbol-10106"]


def test_a_top_level_element_without_about_is_rule_10201_with_its_line() -> None:
    findings = prescan(xml("\n<sbol:Sequence/>")).findings
    assert [(f.rule, f.severity) for f in findings] == [("sbol-10201", "error")]
    assert "'Sequence' on line 2" in findings[0].message


def test_a_node_id_at_the_top_and_children_without_about_are_left_to_the_graph() -> None:
    body = '<a:n rdf:nodeID="n"/><sbol:Sequence rdf:about="http://x/s"><a:p><a:m/></a:p></sbol:Sequence>'
    assert rules(xml(body)) == []


RANGE = '<sbol:Range rdf:about="http://x/r"><sbol:start>{}</sbol:start><a:p>{}</a:p></sbol:Range>'


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (RANGE.format(1, 2), RANGE.format(1, 2)),
        (
            RANGE.format(1, 2),
            '<sbol:Range rdf:about="http://x/r"><a:p>2</a:p>\n<sbol:start>1</sbol:start></sbol:Range>',
        ),
        (RANGE.format(1, 2), '<sbol:Range rdf:about="http://x/r"/>'),
        (RANGE.format(1, 2), '<rdf:Description rdf:about="http://x/r"><a:q>3</a:q></rdf:Description>'),
        (
            '<sbol:Range rdf:about="http://x/r"><a:p rdf:resource="http://x/o"/></sbol:Range>',
            '<rdf:Description rdf:about="http://x/r"><rdf:type rdf:resource="http://sbols.org/v2#Range"/>'
            '<a:p><a:Other rdf:about="http://x/o"/></a:p></rdf:Description>',
        ),
    ],
)
def test_one_object_said_twice_is_one_object(first: str, second: str) -> None:
    assert rules(xml(first + second)) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (RANGE.format(1, 2), RANGE.format(1, 3)),
        (RANGE.format(1, 2), '<sbol:Range rdf:about="http://x/r"><sbol:start>1</sbol:start></sbol:Range>'),
        (RANGE.format(1, 2), RANGE.format(1, 2).replace("Range", "Cut")),
        (RANGE.format(1, 2), RANGE.format(1, 2).replace("<a:p>", '<a:p xml:lang="en">')),
        (RANGE.format(1, "<a:n><a:v>1</a:v></a:n>"), RANGE.format(1, "<a:n><a:v>2</a:v></a:n>")),
        (f"<a:o rdf:about='http://x/o'><a:p>{RANGE.format(1, 2)}</a:p></a:o>", RANGE.format(2, 2)),
    ],
)
def test_one_identity_for_different_contents_is_rule_10202(first: str, second: str) -> None:
    findings = prescan(xml(first + second)).findings
    assert [(f.rule, f.subject) for f in findings] == [("sbol-10202", "http://x/r")]


def test_hostile_input_never_raises_anything_else() -> None:
    for data in (b"\x1f\x8b\x08", b"PK\x03\x04", b"<", b"\x00", b"<a", b"{}", b"\xff\xfe\x00\xd8", xml("<a:b>")):
        with pytest.raises(SynhubError):
            prescan(data)


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-be", "utf-16", "utf-16-be"])
def test_wide_encodings_with_a_mark_are_read(encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding.upper()}"?>'.encode() + xml(PART)
    text = declared.decode() if encoding in ("utf-32", "utf-16") else "\ufeff" + declared.decode()
    assert prescan(text.encode(encoding)).data == b'<?xml version="1.0" encoding="UTF-8"?>' + xml(PART)


def test_an_encoding_that_the_parser_does_not_know_is_an_invalid_design() -> None:
    text = f'<?xml version="1.0" encoding="UTF-32"?>{HEAD}</rdf:RDF>'
    with pytest.raises(InvalidDesign, match=r"the encoding cannot be read .*save the file as UTF-8"):
        prescan(text.encode("utf-16-be"))
