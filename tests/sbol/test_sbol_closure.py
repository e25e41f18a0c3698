from synhub.rdf import Term, Triple
from synhub.sbol.closure import references

S = "http://sbols.org/v2#"
PROV = "http://www.w3.org/ns/prov#"
TYPE = Term("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>")


def t(iri: str) -> Term:
    return Term(f"<{iri}>")


def test_references_are_what_the_object_and_its_children_point_at() -> None:
    triples: list[Triple] = [
        (t("http://x/d/1"), TYPE, t(S + "ComponentDefinition")),
        (t("http://x/d/1"), t(S + "persistentIdentity"), t("http://x/d")),
        (t("http://x/d/1"), t(S + "type"), t("http://biopax/Dna")),
        (t("http://x/d/1"), t(S + "role"), t("http://so/SO:1")),
        (t("http://x/d/1"), t(S + "displayId"), Term('"d"')),
        (t("http://x/d/1"), t(S + "sequence"), t("http://x/s")),
        (t("http://x/d/1"), t(S + "attachment"), t("http://x/file/1")),
        (t("http://x/d/1"), t(PROV + "wasDerivedFrom"), t("http://y/original")),
        (t("http://x/d/1"), t(PROV + "wasGeneratedBy"), t("http://x/activity/1")),
        (t("http://x/d/1"), t("http://a#seeAlso"), t("http://a/page")),
        (t("http://x/d/1"), t("http://wiki.synbiohub.org/wiki/Terms/synbiohub#ownedBy"), t("http://x/user/bob")),
        (t("http://x/d/1"), t("http://wiki.synbiohub.org/wiki/Terms/synbiohub#topLevel"), t("http://x/d/1")),
        (t("http://x/d/1"), t(S + "component"), t("http://x/d/c/1")),
        (t("http://x/d/c/1"), TYPE, t(S + "Component")),
        (t("http://x/d/c/1"), t(S + "access"), t(S + "public")),
        (t("http://x/d/c/1"), t(S + "definition"), t("http://x/part/1")),
    ]
    assert references(triples) == {
        "http://x/s",
        "http://x/file/1",
        "http://y/original",
        "http://x/activity/1",
        "http://a/page",
        "http://x/part/1",
    }


def test_the_source_of_a_model_may_be_an_attachment() -> None:
    assert references([(t("http://x/m/1"), t(S + "source"), t("http://x/file/1"))]) == {"http://x/file/1"}


def test_members_are_references() -> None:
    assert references([(t("http://x/c/1"), t(S + "member"), t("http://x/p/1"))]) == {"http://x/p/1"}


def test_nothing_refers_to_nothing() -> None:
    assert references([]) == set()
