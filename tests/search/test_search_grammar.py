"""What each documented and each recorded form of a search path means; and that no input does other harm."""

import time
from datetime import date
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.errors import BadRequest, InvalidQuery
from synhub.rdf import Iri, Term
from synhub.search.ast import HasDate, HasElements, HasValue, InCollection, IsLatest, Phrase, SearchQuery, Sort
from synhub.search.grammar import encode_path, parse_number, parse_search_path, parse_sort, split_paging
from synhub.search.translate import rows_query
from synhub.vocab import DC, DCTERMS, RDF, SBH, SBOL2

ROLE = "http://identifiers.org/so/SO:0000316"
DEFINITION = HasValue(RDF.type, (Term("<http://sbols.org/v2#ComponentDefinition>"),))
CDS = HasValue(SBOL2.role, (Term(f"<{ROLE}>"),))
GFP = ((Phrase("gfp"),),)
LAB = Iri("http://x/public/lab/lab_collection/1")


def one(raw: str) -> object:
    query = parse_search_path(raw)
    assert query.text == () and len(query.criteria) == 1
    return query.criteria[0]


def words(raw: str) -> list[list[str]]:
    query = parse_search_path(raw)
    assert query.criteria == ()
    return [[("-" if p.negated else "") + p.text for p in alternative] for alternative in query.text]


EXAMPLE = f"objectType=ComponentDefinition&role=<{ROLE}>&GFP"


@pytest.mark.parametrize(
    "raw",
    [
        # the documented example, as printed there
        "objectType%3DComponentDefinition%26role%3D%3Chttp%3A%2F%2Fidentifiers.org%2Fso%2FSO%3A0000316%3E%26GFP",
        "objectType%3DComponentDefinition%26role%3D%3Chttp%3A%2F%2Fidentifiers.org%2Fso%2FSO%3A0000316%3E%26GFP/",
        EXAMPLE,
        EXAMPLE + "/",
        quote(EXAMPLE, safe=""),
        quote(EXAMPLE, safe="/"),
        quote(EXAMPLE, safe="&="),
        quote(EXAMPLE, safe="&=<>:/"),
        f"objectType=sbol2:ComponentDefinition&<http://sbols.org/v2#role>=<{ROLE}>&GFP",
        f"objectType=http://sbols.org/v2#ComponentDefinition&http://sbols.org/v2#role={ROLE}&gfp",
        "objectType=<http://sbols.org/v2#ComponentDefinition>&sbol:role=so:SO:0000316&gfp",
    ],
)
def test_all_three_encoding_styles_mean_the_same(raw: str) -> None:
    assert parse_search_path(raw) == SearchQuery((DEFINITION, CDS), GFP)


@pytest.mark.parametrize("raw", ["", "/", "*", "*/", "%20", "&", "%26", '""'])
def test_nothing_and_star_ask_for_everything(raw: str) -> None:
    assert parse_search_path(raw) == SearchQuery()


def test_pysbol2_general_search_keeps_slashes_in_the_text() -> None:
    query = parse_search_path("objectType=ComponentDefinition&NAND%20gate/2%20%C3%A9/")
    assert query == SearchQuery((DEFINITION,), ((Phrase("nand"), Phrase("gate/2"), Phrase("é")),))


def test_pysbol2_exact_search_sends_plus_for_space_and_local_names() -> None:
    title = quote_plus("'G+F P & more'")
    expected = HasValue(DCTERMS.title, (Term('"G+F P & more"'),))
    assert one(f"title={title}&") == expected
    assert one(f"%3Chttp%3A%2F%2Fpurl.org%2Fdc%2Fterms%2Ftitle%3E={title}&/") == expected
    assert one(f"dcterms:title={title}&") == expected
    assert one("name='x'&") == HasValue(DCTERMS.title, (Term('"x"'),))
    assert one("description='x'&") == HasValue(DCTERMS.description, (Term('"x"'),))


def test_quote_inside_a_quoted_value_does_not_end_it() -> None:
    assert one("dcterms:description='Bob%27s'&") == HasValue(DCTERMS.description, (Term('"Bob\'s"'),))
    assert one("title='5' UTR'&") == HasValue(DCTERMS.title, (Term('"5\' UTR"'),))
    assert one("title='a'='b&c'&") == HasValue(DCTERMS.title, (Term("\"a'='b&c\""),))


def test_escapes_in_quoted_values_are_those_of_sparql() -> None:
    raw = quote('dcterms:description="a \\"b\\" & more\\n\\d"&', safe="")
    assert one(raw) == HasValue(DCTERMS.description, (Term('"a \\"b\\" & more\\n\\\\d"'),))


def test_criterion_in_last_place_needs_a_key_that_is_known() -> None:
    assert one(f"collection=%3C{quote(LAB, safe='')}%3E/") == InCollection(LAB)
    assert one("objectType=ComponentDefinition") == DEFINITION
    assert one(f"role=<{ROLE}>") == CDS
    assert one("dcterms:title='x'") == HasValue(DCTERMS.title, (Term('"x"'),))
    assert one("<http://a/p>='x'") == HasValue(Iri("http://a/p"), (Term('"x"'),))
    assert words("E=mc2") == [["e=mc2"]]
    assert words("x=1 or y=2") == [["x=1"], ["y=2"]]
    assert one("strength=x&") == HasValue(Iri(SBOL2.NS + "strength"), (Term('"x"'),))


def test_collection_takes_an_iri_with_or_without_brackets() -> None:
    assert one(f"collection={LAB}&") == InCollection(LAB)
    assert one(f"collection=<{LAB}>&") == InCollection(LAB)
    two = parse_search_path(f"collection=<{LAB}>&collection=<{LAB}0>&")
    assert two.criteria == (InCollection(LAB), InCollection(Iri(LAB + "0")))


def test_values_become_terms() -> None:
    key = Iri("http://a/p")

    def terms(value: str) -> tuple[str, ...]:
        criterion = one(f"<http://a/p>={quote(value, safe='')}&")
        assert isinstance(criterion, HasValue) and criterion.predicate == key
        return criterion.values

    assert terms("<http://b?c=1&d=2>") == ("<http://b?c=1&d=2>",)
    assert terms('"x"@en') == ('"x"@en',)
    assert terms('"x"^^xsd:token') == ('"x"^^<http://www.w3.org/2001/XMLSchema#token>',)
    assert terms('"1"^^<http://a/t>') == ('"1"^^<http://a/t>',)
    assert terms("promX") == ('"promX"',)
    assert terms("two words") == ('"two words"',)
    assert terms("7") == ('"7"', '"7"^^<http://www.w3.org/2001/XMLSchema#integer>')
    assert terms("0.7") == ('"0.7"', '"0.7"^^<http://www.w3.org/2001/XMLSchema#decimal>')
    assert terms("1e3") == ('"1e3"', '"1e3"^^<http://www.w3.org/2001/XMLSchema#double>')
    assert terms("igem:part") == ("<http://wiki.synbiohub.org/wiki/Terms/igem#part>",)
    assert terms("2017-03-06T15:00:00Z") == ('"2017-03-06T15:00:00Z"',)
    assert terms("?x") == ()


def test_more_than_one_namespace_is_reached_by_prefix() -> None:
    assert one("dc:creator='Alice A'&") == HasValue(DC.creator, (Term('"Alice A"'),))
    assert one("sbh:ownedBy=<http://x/user/a>&") == HasValue(SBH.ownedBy, (Term("<http://x/user/a>"),))
    assert one("objectType=prov:Activity&") == HasValue(RDF.type, (Term("<http://www.w3.org/ns/prov#Activity>"),))


def test_the_last_day_of_the_last_year_is_a_day() -> None:
    query = parse_search_path("createdBefore=9999-12-31&")

    assert query.criteria == (HasDate(DCTERMS.created, date(9999, 12, 31), before=True),)
    assert '"10000-01-01T00:00:00Z"' in rows_query(query, 0, 50).text


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("latest=&", "write latest=1"),
        ("roleBelow=&", "write roleBelow=promoter"),
        ("createdAfter=&", "write createdAfter=2017-03-01"),
        ("created=&", "write created=2017-03-01"),
        ("objectType&", "write objectType=ComponentDefinition"),
        ("collection=&", "write collection=<iri>$"),
        ("sequence&", "write sequence=acgtacgt"),
        ("file_search=&", "write file_search=<token>"),
        ("role=&", r"write role=<iri>, role='text' or role=\?x"),
    ],
)
def test_a_key_without_a_value_is_told_one(raw: str, words: str) -> None:
    with pytest.raises(InvalidQuery, match=words):
        parse_search_path(raw)


@pytest.mark.parametrize("end", ["=&", "&"])
@pytest.mark.parametrize(
    "key",
    [
        *("objectType", "collection", "latest", "roleBelow", "typeBelow", "created", "modified", "role", "dc:creator"),
        *("createdBefore", "createdAfter", "modifiedBefore", "modifiedAfter", "name", "title", "description"),
        *("sequence", "exactsequence", "globalsequence", "subsequence", "file_search"),
    ],
)
def test_what_a_message_advises_can_be_asked(key: str, end: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        parse_search_path(key + end)
    advice = refused.value.message.partition("; write ")[2]
    advice = advice.replace("<iri>", "<http://x/y>").replace("<token>", "A" * 32)
    for text in advice.replace(" or ", ", ").split(", "):
        assert len(parse_search_path(text + "&").criteria) in (1, 2)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("title='a%09b'&", '"a\\tb"'),
        ('title="a\tb"@en&', '"a\\tb"@en'),
        ("title=a%09b&", '"a\\tb"'),
        ("title=%09'a'%09&", '"a"'),
        ("title=%09<http://x/y>%09&", "<http://x/y>"),
    ],
)
def test_a_value_may_hold_a_tab(raw: str, expected: str) -> None:
    assert one(raw) == HasValue(DCTERMS.title, (Term(expected),))


def test_sort_does_not_offer_what_it_refuses() -> None:
    with pytest.raises(BadRequest, match="with - in front all but the first turn round"):
        parse_sort("-relevance")


def test_dates_are_days() -> None:
    query = parse_search_path("createdAfter=2020-01-01&modifiedBefore='2021-12-31'&")
    assert query.criteria == (
        HasDate(DCTERMS.created, date(2020, 1, 1), before=False),
        HasDate(DCTERMS.modified, date(2021, 12, 31), before=True),
    )


def test_sequence_of_letters_is_a_sequence_search_and_of_an_iri_a_property() -> None:
    assert one("sequence=ttgACA&") == HasElements("ttgACA")
    assert one("exactsequence=acgt") == HasElements("acgt")
    assert one("sequence=acgt ac%09gt&") == one("exactsequence='acgt acgt'&") == HasElements("acgtacgt")
    assert one("sequence=acgt&maxaccepts=5&id=0.8&") == HasElements("acgt")
    assert one("globalsequence=acgt&search_exact=True") == HasElements("acgt")
    assert one("sequence=<http://x/s/1>&") == HasValue(SBOL2.sequence, (Term("<http://x/s/1>"),))
    assert one("sequence=?s&") == HasValue(SBOL2.sequence, ())
    assert one("sequenceAnnotation=<http://x/a>&") == HasValue(
        Iri(SBOL2.NS + "sequenceAnnotation"), (Term("<http://x/a>"),)
    )
    both = parse_search_path(f"role=<{ROLE}>&sequence=acgt&twin")
    assert both == SearchQuery((CDS, HasElements("acgt")), ((Phrase("twin"),),))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("GFP%20promoter", [["gfp", "promoter"]]),
        ("gfp+unit", [["gfp", "unit"]]),
        ("gfp%2Bunit", [["gfp+unit"]]),
        ("gfp%09unit%20", [["gfp", "unit"]]),
        ("a%20b%20c", [["a", "b", "c"]]),
        ("a%20and%20b", [["a", "b"]]),
        ("a%20or%20b%20c", [["a"], ["b", "c"]]),
        ("a%20not%20b%20c", [["a", "-b", "c"]]),
        ("not%20gfp", [["-gfp"]]),
        ("and%20gfp%20or", [["gfp"]]),
        ("and", [["and"]]),
        ("or%20not", [["or", "not"]]),
        ("gfp%20AND%20unit", [["gfp", "and", "unit"]]),
        ("%22GFP%20coding%22", [["gfp coding"]]),
        ("%22or%22", [["or"]]),
        ('"say ""no"" & go"', [['say "no" & go']]),
        ('""""', [['"']]),
        ('"a""b" c', [['a"b', "c"]]),
        ('"a""b', [['"a""b']]),
        ('a""b', [['a""b']]),
        ('"a"b"', [['"a"b"']]),
        ("%22a%09b%22", [["a b"]]),
        ("%22a%26b=c%22%20d", [["a&b=c", "d"]]),
        ("%22fluorescent", [['"fluorescent']]),
        ("'gfp", [["'gfp"]]),
        ("Bob's", [["bob's"]]),
        ("gfp%5C", [["gfp\\"]]),
        ("protein%20%26%20more", [["protein", "&", "more"]]),
        ("$limit", [["$limit"]]),
        ("100%25", [["100%"]]),
        ("gf*", [["gf*"]]),
        ("a/b", [["a/b"]]),
        ("a%2Fb%2F", [["a/b/"]]),
        ("%23x%3F;,", [["#x?;,"]]),
        ("caf%C3%89", [["café"]]),
        ("uses", [["uses"]]),
        ("sequence", [["sequence"]]),
        ("promoter%20created", [["promoter", "created"]]),
        ("%3Cb%3E", [["<b>"]]),
    ],
)
def test_free_text_takes_any_character(raw: str, expected: list[list[str]]) -> None:
    assert words(raw) == expected


@pytest.mark.parametrize(
    ("raw", "column", "word"),
    [
        ("role&", 1, "has no value"),
        ("objectType&", 1, "has no value"),
        ("dcterms:title&", 1, "has no value"),
        ("role=&", 6, "has no value"),
        (f"gfp&role=<{ROLE}>&", 1, "free text goes last"),
        (f"role=<{ROLE}>&a b=c&d", 45, "is no key"),
        ("role=%3Chttp%3A%2F%2Fx%3E%7D%20#&", 6, "one <…> is a whole value"),
        ("role=<x>&", 6, "absolute IRI"),
        ("foo:bar=1&", 1, "unknown prefix 'foo'"),
        ("role=foo:bar&", 6, "unknown prefix 'foo'"),
        ("displayId='promX'=y&", 11, "does not end with its quote"),
        ("displayId='promX&", 11, "does not end with its quote"),
        ('title="x"@1&', 10, "no language tag"),
        ("createdAfter=yesterday&", 14, "YYYY-MM-DD"),
        ("createdBefore=2021-02-30&", 15, "YYYY-MM-DD"),
        ("collection='x'&", 12, "no IRI"),
        ("objectType='X'&", 12, "no class"),
        ("objectType=a b&", 12, "no class name"),
        ("exactsequence=<http://x>&", 15, "no sequence"),
        ("file_search=/etc/passwd&", 13, "is no token"),
        ("title='a%00b'&", 7, "U+0000"),
        ("title='a%0Ab'&", 7, r"in quotes \n stands for U+000A"),
        ("%00", 1, "control character U+0000 in the text"),
        ("%0d%0a", 1, "U+000D"),
        ("%0a", 1, "U+000A"),
        ("%7f*", 1, "U+007F"),
        (f"role=<{ROLE}>&gfp%1F", 48, "U+001F"),
        ("role=<http://x/a%09b>&", 6, "absolute IRI"),
        ("é%FF", 2, "not UTF-8"),
        ("a " * 65, 129, "more than 64 words"),
        ("role=?x&" * 65, 513, "more than 64 criteria"),
    ],
)
def test_what_cannot_be_parsed_is_refused_with_the_column_and_advice(raw: str, column: int, word: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse_search_path(raw)
    assert word in caught.value.message
    assert (caught.value.line, caught.value.column) == (1, column)


PIECES = (
    "objectType= collection= role= sequence= createdAfter= dcterms:title= <http://a/b>= a= file_search="
    " ComponentDefinition <http://a/b> 'x' \"x\" @en ^^xsd:string 2020-01-01 acgt ?x 1.5 so:SO:1 http://a"
    " & %26 %3D = < > ' \" \\ % %FF %00 + / * or not and %C3%A9 %20 gfp \ud800 İ %3F ^^< @"
)


@given(st.lists(st.sampled_from(PIECES.split()), max_size=12).map("".join) | st.text(max_size=40))
def test_any_path_is_a_query_or_an_invalid_query(raw: str) -> None:
    rest, paging = split_paging(raw)
    assert all(value.isdigit() for value in paging.values())
    try:
        query = parse_search_path(rest)
    except InvalidQuery as error:
        assert error.column is not None and error.column >= 1
    else:
        assert isinstance(query, SearchQuery)


@given(st.text(min_size=1).filter(lambda t: t.isprintable() and '"' not in t and t.strip()))
def test_quoted_phrase_is_taken_as_it_is_in_every_encoding(phrase: str) -> None:
    expected = ((Phrase(phrase.lower()),),)
    for raw in (
        quote(f'"{phrase}"', safe=""),
        quote_plus(f'"{phrase}"'),
        quote(f'"{phrase}"', safe="/&=<>'"),
    ):
        assert parse_search_path(raw).text == expected


def test_paging_inside_a_path_that_was_encoded_whole() -> None:
    raw = "objectType%3DSequence%26gfp%2F%3Foffset%3D5%26limit%3D10"
    assert split_paging(raw) == ("objectType%3DSequence%26gfp", {"offset": "5", "limit": "10"})
    assert split_paging("what%3F") == ("what%3F", {})
    assert split_paging("gfp%3Fx%3D1") == ("gfp%3Fx%3D1", {})


@given(st.lists(st.sampled_from([*"/?&=%a ", "offset=", "limit=", "1", "%3F"])).map("".join) | st.text())
def test_an_encoded_path_holds_its_text_and_no_paging(text: str) -> None:
    rest, paging = split_paging(encode_path(text))
    assert paging == {}
    assert unquote(rest.removesuffix("/"), errors="surrogatepass") == text


def test_only_what_would_be_taken_for_paging_ends_with_a_slash() -> None:
    assert encode_path("/?offset=3") == "%2F%3Foffset%3D3/"
    assert encode_path("role=<http://x.org/?limit=3>&") == "role%3D%3Chttp%3A%2F%2Fx.org%2F%3Flimit%3D3%3E%26"


def test_offset_and_limit_are_digits_given_once() -> None:
    assert parse_number("limit", [], 50) == 50
    assert parse_number("limit", ["0"], 50) == 0
    assert parse_number("limit", ["007"], 50) == 7
    assert parse_number("offset", ["9" * 5000], 0) == 1 << 53
    for bad in (["abc"], ["-1"], [""], ["1.5"], ["²"], ["1", "2"]):
        with pytest.raises(BadRequest):
            parse_number("limit", bad, 50)


LONG = 60_000


@pytest.mark.parametrize(
    "raw",
    [
        f"version={'1' * LONG}e",
        f"version={'1.' * (LONG // 2)}",
        f"title='{chr(39) * LONG}",
        f"title='{(chr(39) + '^^<') * (LONG // 4)}",
        f"title='{(chr(39) + ' ') * (LONG // 2)}x",
        '" ' * (LONG // 2),
        '"""' * (LONG // 3) + "x",
        '"x ""y' * (LONG // 6),
        '"" """x ' * (LONG // 8),
        '"x ' + '""& ' * (LONG // 4),
        "<&" * (LONG // 2),
        "&" * LONG,
        f"%3Foffset={'1' * LONG}x",
    ],
)
def test_no_path_takes_long_to_parse(raw: str) -> None:
    started = time.perf_counter()
    try:
        split_paging(raw)
        parse_search_path(raw)
    except InvalidQuery:
        pass
    assert time.perf_counter() - started < 5  # a quadratic one took 57 s for 110 000 characters


def test_a_path_beyond_the_limit_is_refused() -> None:
    assert parse_search_path("a" * 65_536).text
    with pytest.raises(InvalidQuery, match="has 65537 characters; 65536 are allowed"):
        parse_search_path("a" * 65_537)


PROMOTERS = [f"http://identifiers.org/so/SO:0000{n}" for n in (167, 568)]


@pytest.mark.parametrize(
    "value",
    [
        "promoter",
        "Promoter",
        "'promoter'",
        "so:0000167",
        "SO:0000167",
        "so:SO:0000167",
        f"<{PROMOTERS[0]}>",
        PROMOTERS[0],
    ],
)
def test_role_below_is_the_term_and_its_descendants_in_every_spelling(value: str) -> None:
    criterion = one(f"roleBelow={value}&")
    assert isinstance(criterion, HasValue) and criterion.predicate == SBOL2.role
    assert {f"<{iri}>" for iri in PROMOTERS} <= set(criterion.values)
    assert "<http://purl.obolibrary.org/obo/SO_0000167>" in criterion.values
    assert "<https://identifiers.org/SO:0000167>" in criterion.values
    assert not any("0000139" in value for value in criterion.values)
    assert criterion == one("roleBelow=promoter")


def test_type_below_knows_biopax_and_the_systems_biology_ontology() -> None:
    below = one("typeBelow=PhysicalEntity&")
    assert isinstance(below, HasValue) and below.predicate == SBOL2.type
    assert "<http://www.biopax.org/release/biopax-level3.owl#DnaRegion>" in below.values
    macromolecules = one("typeBelow=macromolecule")
    assert isinstance(macromolecules, HasValue)
    assert "<http://identifiers.org/biomodels.sbo/SBO:0000252>" in macromolecules.values  # polypeptide chain


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("roleBelow=promotor&", "'promotor' is no term of Sequence Ontology; did you mean promoter"),
        ("roleBelow=so:9999999&", "write its accession, such as so:0000167"),
        ("roleBelow=?x&", "'?x' is no term"),
        ("typeBelow=catalysis&", "write biopax:Catalysis (Catalysis, BioPAX) or sbo:0000172 (catalysis, SBO)"),
        ("latest=2&", "latest='2' is not known; write latest=1"),
    ],
)
def test_unknown_and_ambiguous_terms_are_refused_with_what_may_be_meant(raw: str, says: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        parse_search_path(raw)
    assert says in str(refused.value)


def test_latest_is_a_criterion_that_can_be_said_and_unsaid() -> None:
    assert one("latest=1&") == one("latest=true") == IsLatest()
    assert parse_search_path("latest=0&gfp") == SearchQuery((), GFP)


@pytest.mark.parametrize("key", ["created", "modified"])
def test_a_bare_day_is_the_whole_day(key: str) -> None:
    predicate = DCTERMS.created if key == "created" else DCTERMS.modified
    day = date(2017, 3, 1)
    expected = (HasDate(predicate, day, before=False), HasDate(predicate, day, before=True))
    assert parse_search_path(f"{key}=2017-03-01&").criteria == expected
    literal = HasValue(predicate, (Term('"2017-03-01"'),))
    assert parse_search_path(f"{key}='2017-03-01'&").criteria == (literal,)
    with pytest.raises(InvalidQuery, match="is no date"):
        parse_search_path(f"{key}=2017-02-30&")


def test_sort_is_one_of_a_list() -> None:
    assert parse_sort("relevance") == Sort()
    assert parse_sort("-created") == Sort("created", descending=True)
    assert parse_sort("displayId") == Sort("displayId")
    for text in ("", "-", "--name", "-relevance", "size", "NAME"):
        with pytest.raises(BadRequest, match="use one of relevance, name, displayId, created, modified, uses"):
            parse_sort(text)
