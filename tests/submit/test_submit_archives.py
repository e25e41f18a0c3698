"""Archives in a prepare child: what each member is taken for, and which Attachments the others become."""

import gzip
import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from synhub.errors import DiskFull, TooLarge
from synhub.formats.omex import write_archive
from synhub.formats.source import MemorySource
from synhub.rdf import Iri, iri_term, literal_term, text_of
from synhub.submit.pipeline import UNPACKED, run
from synhub.submit.prepared import read_header, read_objects
from synhub.vocab import DCTERMS, RDF, SBOL2

CORPUS = Path(os.environ.get("SYNHUB_CORPUS") or Path(__file__).parents[2].parent / "shared" / "corpus")
FIXTURES = Path(__file__).parents[2] / "fixtures"
HOME = "http://reg.example/user/bob/lab/"
COMBINE = "http://identifiers.org/combine.specifications/"
HEAD = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#">
"""
GENBANK = """LOCUS       {name}                   8 bp    DNA     linear   SYN 12-MAR-2021
FEATURES             Location/Qualifiers
     CDS             1..4
                     /label="cds"
ORIGIN
        1 {sequence}
//
"""


def new_folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def sha1_of(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def named(kind: str, name: str, more: str = "", base: str = "http://x.org/d") -> str:
    return f"""<sbol:{kind} rdf:about="{base}/{name}/1"><sbol:persistentIdentity rdf:resource="{base}/{name}"/>
      <sbol:displayId>{name}</sbol:displayId><sbol:version>1</sbol:version>{more}</sbol:{kind}>"""


def sequence(name: str, elements: str = "acgt") -> str:
    encoding = "http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"
    return named(
        "Sequence", name, f'<sbol:elements>{elements}</sbol:elements><sbol:encoding rdf:resource="{encoding}"/>'
    )


def document(*objects: str) -> bytes:
    return (HEAD + "".join(objects) + "</rdf:RDF>").encode()


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def manifest(**formats: str) -> bytes:
    lines = "".join(f'<content location="./{name}" format="{kind}"/>' for name, kind in formats.items())
    return f'<omexManifest xmlns="{COMBINE}omex-manifest">{lines}</omexManifest>'.encode()


def prepare(folder: Path, /, *, archive_limits: dict[str, int] | None = None, **uploads: bytes) -> dict[str, Any]:
    """Prepare uploads by name; `__` stands for the dot."""
    return prepare_files(folder, {name.replace("__", "."): data for name, data in uploads.items()}, archive_limits)


def prepare_files(
    folder: Path, uploads: dict[str, bytes], archive_limits: dict[str, int] | None = None, **more: Any
) -> dict[str, Any]:
    files = []
    for number, (name, content) in enumerate(uploads.items()):
        path = folder / f"upload-{number}"
        path.write_bytes(content)
        files.append({"path": str(path), "name": name})
    argument = {
        "files": files,
        "prefix": "http://reg.example/",
        "owner": "bob",
        "collection_id": "lab",
        "collection": HOME + "lab_collection/1",
        "output": str(folder / "prepared.jsonl"),
        "limits": {},
        "archive_limits": archive_limits or {},
    } | more
    return run(json.loads(json.dumps(argument)))


def roles(answer: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {file["name"]: (file["role"], file["format"]) for file in answer["files"]}


def objects(folder: Path) -> dict[str, dict[str, list[str]]]:
    """The minted top levels: local IRI -> local property -> values."""
    found: dict[str, dict[str, list[str]]] = {}
    for item in read_objects(folder / "prepared.jsonl"):
        said = found.setdefault(item.minted.removeprefix(HOME), {})
        for s, p, o in item.triples:
            if s == iri_term(item.minted):
                said.setdefault(p[1:-1].replace("#", "/").rpartition("/")[2], []).append(text_of(o))
    return found


def test_designs_are_read_and_everything_else_is_attached(tmp_path: Path) -> None:
    members = {
        "designs/s1.xml": document(sequence("s1")),
        "designs/deep/lab.gb": GENBANK.format(name="pLab", sequence="acgtacgt").encode(),
        "notes.txt": b"line one\n",
        "table.csv": b"a,b\n1,2\n",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "data.json": b'{"a": 1}',
        "inner.zip": zipped({"s2.xml": document(sequence("s2"))}),
        "s3.xml.gz": gzip.compress(document(sequence("s3"))),
        ".hidden": b"x",
        "__MACOSX/s1.xml": b"x",
    }
    answer = prepare(tmp_path, lab__zip=zipped(members))
    assert answer["ok"], answer["error"]
    told = roles(answer)
    assert told["lab.zip"] == ("archive", "ZIP archive")
    assert told["designs/s1.xml"] == ("design", "SBOL 2 (RDF/XML)")
    assert told["designs/deep/lab.gb"][0] == "design" and "GenBank" in told["designs/deep/lab.gb"][1]
    assert {name for name, (role, _) in told.items() if role == "ignored"} == {".hidden", "__MACOSX/s1.xml"}
    attached = {name for name, (role, _) in told.items() if role == "attachment"}
    assert attached == {"notes.txt", "table.csv", "drawing.svg", "data.json", "inner.zip", "s3.xml.gz"}
    found = objects(tmp_path)
    assert {"s1/1", "pLab/1", "notes_txt/1", "inner_zip/1"} <= found.keys()
    assert "s2/1" not in found and "s3/1" not in found
    assert found["table_csv/1"] == {
        "type": [SBOL2.Attachment],
        "persistentIdentity": [HOME + "table_csv"],
        "displayId": ["table_csv"],
        "version": ["1"],
        "title": ["table.csv"],
        "archivePath": ["table.csv"],
        "source": [HOME + "table_csv/1/download"],
        "hash": [sha1_of(members["table.csv"])],
        "size": ["8"],
        "format": ["http://purl.org/NET/mediatypes/text/csv"],
    }


def test_only_what_is_attached_is_left_of_what_was_unpacked(tmp_path: Path) -> None:
    prepare(tmp_path, lab__zip=zipped({"s1.xml": document(sequence("s1")), "a.txt": b"one", "b.txt": b"two"}))
    assert sorted(p.read_bytes() for p in (tmp_path / UNPACKED).iterdir()) == [b"one", b"two"]
    files = read_header(tmp_path / "prepared.jsonl").files
    assert [(Path(f.path).read_bytes(), f.name, f.is_new) for f in files] == [
        (b"one", "a.txt", True),
        (b"two", "b.txt", True),
    ]
    assert all(hashlib.sha256(Path(f.path).read_bytes()).hexdigest() == f.digest for f in files)


def test_members_of_one_base_name_both_survive(tmp_path: Path) -> None:
    answer = prepare(tmp_path, lab__zip=zipped({"x/read me.txt": b"one", "y/read me.txt": b"two", "Z.TXT": b"3"}))
    assert answer["ok"]
    found = objects(tmp_path)
    assert {name: (said["title"], said["archivePath"]) for name, said in found.items()} == {
        "x_read_me_txt/1": (["read me.txt"], ["x/read me.txt"]),
        "y_read_me_txt/1": (["read me.txt"], ["y/read me.txt"]),
        "Z_TXT/1": (["Z.TXT"], ["Z.TXT"]),
    }


def test_the_same_archive_always_gives_the_same_objects(tmp_path: Path) -> None:
    data = zipped({"a/n.txt": b"one", "b/n.txt": b"two", "s.xml": document(sequence("s1"))})
    seen = []
    for name in ("one", "two"):
        folder = new_folder(tmp_path, name)
        prepare(folder, lab__zip=data)
        seen.append(objects(folder))
    assert seen[0] == seen[1]


def test_an_attachment_is_numbered_when_a_design_has_its_name(tmp_path: Path) -> None:
    prepare(tmp_path, lab__zip=zipped({"s1": b"text", "d.xml": document(sequence("s1"))}))
    assert objects(tmp_path).keys() == {"s1/1", "s1_2/1"}


# --- COMBINE archives -------------------------------------------------------------------------------------------------


def test_the_manifest_says_formats_and_is_not_kept(tmp_path: Path) -> None:
    members = {
        "manifest.xml": manifest(
            **{
                "m.xml": COMBINE + "sbml",
                "d.xml": COMBINE + "sbol.version-2",
                "t.csv": "text/csv",
                "odd.bin": "no format",
                "metadata.rdf": COMBINE + "omex-metadata",
                "gone.txt": COMBINE + "csv",
            }
        ),
        "m.xml": b"<sbml xmlns='http://www.sbml.org/sbml/level3/version1/core'/>",
        "d.xml": document(sequence("s1")),
        "t.csv": b"a,b",
        "odd.bin": b"\0\1\2",
        "metadata.rdf": b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>",
    }
    answer = prepare(tmp_path, lab__omex=zipped(members))
    assert answer["ok"], answer["error"]
    assert roles(answer)["lab.omex"] == ("archive", "COMBINE archive")
    assert roles(answer)["manifest.xml"] == ("ignored", "COMBINE manifest")
    formats = {name: said["format"][0] for name, said in objects(tmp_path).items() if "format" in said}
    assert formats == {
        "m_xml/1": COMBINE + "sbml",
        "t_csv/1": "http://purl.org/NET/mediatypes/text/csv",
        "odd_bin/1": "http://purl.org/NET/mediatypes/application/octet-stream",
        "metadata_rdf/1": COMBINE + "omex-metadata",
    }
    [missing] = [f for f in answer["findings"] if f["rule"] == "synhub-manifest"]
    assert (missing["severity"], missing["value"], missing["file"]) == ("warning", "gone.txt", "lab.omex")


def test_models_are_known_without_a_manifest(tmp_path: Path) -> None:
    sedml = b"<?xml version='1.0'?>\n<sedML xmlns='http://sed-ml.org/'/>"
    prepare(tmp_path, lab__zip=zipped({"m.xml": b"<?xml version='1.0'?><sbml/>", "s.xml": sedml}))
    assert {n: s["format"][0] for n, s in objects(tmp_path).items()} == {
        "m_xml/1": COMBINE + "sbml",
        "s_xml/1": COMBINE + "sedml",
    }


def test_a_manifest_with_entities_is_refused(tmp_path: Path) -> None:
    bomb = b"<!DOCTYPE a [<!ENTITY b 'c'>]><omexManifest xmlns='" + COMBINE.encode() + b"omex-manifest'/>"
    answer = prepare(tmp_path, lab__omex=zipped({"manifest.xml": bomb, "a.txt": b"x"}))
    assert not answer["ok"]
    assert answer["error"].startswith("synhub-manifest: manifest.xml: a document type declaration is not allowed")


def test_what_the_manifest_calls_sbol_must_be_readable_when_it_looks_so(tmp_path: Path) -> None:
    formats = dict.fromkeys(["d.xml", "rdf", "plasmid", "t.csv"], COMBINE + "sbol")
    members = {
        "d.xml": b"just words",
        "rdf": b"<rdf:RDF",
        "plasmid": b"LOCUS       x  8 bp DNA\n",
        "t.csv": b"1,2",
    }
    answer = prepare(tmp_path, lab__omex=zipped({"manifest.xml": manifest(**formats)} | members))
    assert {f["file"] for f in answer["findings"] if f["severity"] == "error"} == {"d.xml", "rdf", "plasmid"}


def test_a_file_that_only_the_manifest_calls_sbol_is_attached_as_what_it_is(tmp_path: Path) -> None:
    members = {"manifest.xml": manifest(**{"t.csv": COMBINE + "sbol"}), "t.csv": b"1,2"}
    answer = prepare(tmp_path, lab__omex=zipped(members))
    assert answer["ok"], answer["error"]
    assert objects(tmp_path)["t_csv/1"]["format"] == ["http://purl.org/NET/mediatypes/text/csv"]
    [finding] = answer["findings"]
    assert (finding["severity"], finding["file"]) == ("warning", "t.csv")
    assert finding["message"] == "manifest.xml calls it SBOL, and it is none; it is attached as it is"


def metadata_of(*texts: str) -> bytes:
    """What an archive that synhub writes says about itself."""
    root = Iri("http://x.org/d/all/1")
    said = [(RDF.type, iri_term(SBOL2.Collection)), *((DCTERMS.title, literal_term(text)) for text in texts)]
    source = MemorySource([(root, [(iri_term(root), iri_term(p), o) for p, o in said])], [root], is_collection=True)
    with zipfile.ZipFile(io.BytesIO(b"".join(write_archive(source)))) as archive:
        return archive.read("metadata.rdf")


def test_metadata_that_synhub_wrote_is_not_kept_unless_somebody_changed_it(tmp_path: Path) -> None:
    design = document(sequence("s1"))
    own = metadata_of("Lab")
    answer = prepare(tmp_path, lab__omex=zipped({"sbol.rdf": design, "metadata.rdf": own, "old/metadata.rdf": own}))
    assert roles(answer)["metadata.rdf"] == ("ignored", "metadata of an archive that synhub made")
    assert objects(tmp_path)["metadata_rdf/1"]["archivePath"] == ["old/metadata.rdf"]

    changed = own.replace(b"Lab", b"Lab 2")
    assert changed != own
    answer = prepare(tmp_path, lab__omex=zipped({"sbol.rdf": design, "metadata.rdf": changed}))
    assert roles(answer)["metadata.rdf"][0] == "attachment"


# --- what the designs say about files ---------------------------------------------------------------------------------


def attachment(source: str, more: str = "") -> str:
    return named("Attachment", "att", f'<sbol:source rdf:resource="{source}"/>{more}')


def model(source: str) -> str:
    terms = "".join(f'<sbol:{p} rdf:resource="http://x.org/{p}"/>' for p in ("language", "framework"))
    return named("Model", "mod", f'<sbol:source rdf:resource="{source}"/>{terms}')


@pytest.mark.parametrize(
    "source", ["m%20x.xml", "./m%20x.xml", "file:m%20x.xml", "file:///d/m%20x.xml", "../d/m%20x.xml"]
)
def test_an_attachment_that_names_a_file_is_that_file(tmp_path: Path, source: str) -> None:
    members = {"d/design.xml": document(attachment(source)), "d/m x.xml": b"<sbml/>"}
    answer = prepare(tmp_path, lab__zip=zipped(members))
    assert answer["ok"], answer["error"]
    found = objects(tmp_path)
    assert found.keys() == {"att/1"}
    assert found["att/1"]["source"] == [HOME + "att/1/download"]
    assert found["att/1"]["hash"] == [sha1_of(b"<sbml/>")]
    assert found["att/1"]["format"] == [COMBINE + "sbml"]
    [file] = read_header(tmp_path / "prepared.jsonl").files
    assert (file.original, file.is_new) == ("http://x.org/d/att/1", False)


def test_a_format_that_the_design_did_not_say_is_no_finding_about_it(tmp_path: Path) -> None:
    members = {"d.xml": document(attachment("a.bin")), "a.bin": b"\0\1"}
    answer = prepare(tmp_path, lab__zip=zipped(members))
    assert objects(tmp_path)["att/1"]["format"] == ["http://purl.org/NET/mediatypes/application/octet-stream"]
    assert [f for f in answer["findings"] if f["rule"] == "sbol-13206"] == []

    said = '<sbol:format rdf:resource="http://x.org/format"/>'
    folder = new_folder(tmp_path, "said")
    answer = prepare(folder, lab__zip=zipped(members | {"d.xml": document(attachment("a.bin", said))}))
    assert objects(folder)["att/1"]["format"] == ["http://x.org/format"]
    assert [f["value"] for f in answer["findings"] if f["rule"] == "sbol-13206"] == ["http://x.org/format"]


def test_an_attachment_is_known_by_its_hash(tmp_path: Path) -> None:
    digest = sha1_of(b"bytes")
    elsewhere = attachment("https://other.example/att/1/download", f"<sbol:hash>{digest}</sbol:hash>")
    answer = prepare(tmp_path, lab__zip=zipped({"d.xml": document(elsewhere), "a.bin": b"bytes"}))
    assert objects(tmp_path)["att/1"]["source"] == [HOME + "att/1/download"]
    assert answer["objects"] == 1


def test_files_of_the_same_bytes_go_to_the_attachments_that_they_were(tmp_path: Path) -> None:
    said = f"<sbol:hash>{sha1_of(b'bytes')}</sbol:hash>"
    path = '<sbh:archivePath xmlns:sbh="http://wiki.synbiohub.org/wiki/Terms/synbiohub#">old/b.txt</sbh:archivePath>'
    design = document(named("Attachment", "one", said), named("Attachment", "two", said + path))
    answer = prepare(tmp_path, lab__zip=zipped({"old/b.txt": b"bytes", "c.txt": b"bytes", "sbol.rdf": design}))
    assert (answer["ok"], answer["objects"]) == (True, 2)
    assert {
        f.original.rsplit("/", 2)[1]: (Path(f.path).name, f.name)
        for f in read_header(tmp_path / "prepared.jsonl").files
    } == {
        "one": ("1", "c.txt"),
        "two": ("0", "b.txt"),
    }


def test_a_wrong_hash_is_told_and_put_right(tmp_path: Path) -> None:
    wrong = attachment("a.bin", "<sbol:hash>00ff</sbol:hash>")
    answer = prepare(tmp_path, lab__zip=zipped({"d.xml": document(wrong), "a.bin": b"bytes"}))
    assert objects(tmp_path)["att/1"]["hash"] == [sha1_of(b"bytes")]
    assert [f["value"] for f in answer["findings"] if f["rule"] == "synhub-hash"] == ["00ff"]


def test_a_model_refers_to_the_attachment_of_its_file(tmp_path: Path) -> None:
    answer = prepare(tmp_path, lab__zip=zipped({"d.xml": document(model("m.xml")), "m.xml": b"<sbml/>"}))
    assert answer["ok"], answer["error"]
    found = objects(tmp_path)
    assert found["mod/1"]["source"] == [HOME + "m_xml/1"]
    assert found["m_xml/1"]["title"] == ["m.xml"]


def test_a_file_that_did_not_come_along_is_a_warning(tmp_path: Path) -> None:
    answer = prepare(tmp_path, lab__zip=zipped({"d.xml": document(model("gone.xml"))}))
    [finding] = [f for f in answer["findings"] if f["rule"] == "synhub-source"]
    assert (finding["severity"], finding["value"], finding["file"]) == ("warning", "gone.xml", "d.xml")


def test_files_of_another_archive_are_not_meant(tmp_path: Path) -> None:
    one, other = zipped({"d.xml": document(model("m.xml"))}), zipped({"m.xml": b"<sbml/>"})
    answer = prepare(tmp_path, a__zip=one, b__zip=other)
    assert "synhub-source" in [f["rule"] for f in answer["findings"]]


# --- what is wrong ----------------------------------------------------------------------------------------------------


def test_broken_designs_are_told_by_their_paths_all_of_them(tmp_path: Path) -> None:
    members = {
        "ok.xml": document(sequence("s1")),
        "a/cut.xml": document(sequence("s2"))[:-9],
        "b/bad.gb": b"LOCUS       x  8 bp DNA\n",
        "notes.txt": b"fine",
    }
    answer = prepare(tmp_path, lab__zip=zipped(members))
    assert not answer["ok"]
    assert {f["file"] for f in answer["findings"] if f["severity"] == "error"} == {"a/cut.xml", "b/bad.gb"}
    assert "sbol-10105: a/cut.xml: " in answer["error"]
    assert not (tmp_path / "prepared.jsonl").exists()
    counts = {f["name"]: f["findings"] for f in answer["files"] if f["role"] == "design"}
    assert counts == {name: sum(f["file"] == name for f in answer["findings"]) for name in counts}


def test_a_damaged_member_is_told_and_the_others_are_looked_at(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.txt": b"acgt" * 99, "cut.xml": document(sequence("s2"))[:-9]}))
    data[data.index(b"a.txt") + 8] ^= 0xFF
    answer = prepare(tmp_path, lab__zip=bytes(data))
    assert {f["file"]: f["rule"] for f in answer["findings"]} == {"a.txt": "synhub-archive", "cut.xml": "sbol-10105"}


def test_findings_of_several_archives_name_the_archive(tmp_path: Path) -> None:
    cut = zipped({"d/cut.xml": document(sequence("s2"))[:-9]})
    answer = prepare_files(tmp_path, {"one.zip": cut, "two.zip": cut, "three.zip": b"PK\x03\x04"})
    assert [f["file"] for f in answer["findings"]] == ["one.zip/d/cut.xml", "two.zip/d/cut.xml", "three.zip"]


def test_a_limit_of_a_member_names_it(tmp_path: Path) -> None:
    data = zipped({"d/deep.xml": document("<a>" * 70 + "</a>" * 70)})
    with pytest.raises(TooLarge, match=r"d/deep\.xml: elements are nested more than 64 deep"):
        prepare(tmp_path, lab__zip=data)


def test_limits_are_those_of_all_archives_together(tmp_path: Path) -> None:
    data = zipped({"a.txt": os.urandom(600), "b.txt": b""})
    with pytest.raises(TooLarge, match="unpack to more than 1000 bytes"):
        prepare(tmp_path, archive_limits={"unpacked_bytes": 1_000}, a__zip=data, b__zip=data)
    with pytest.raises(TooLarge, match="hold more than 3 files"):
        prepare(new_folder(tmp_path, "two"), archive_limits={"entries": 3}, a__zip=data, b__zip=data)
    with pytest.raises(DiskFull):
        prepare_files(new_folder(tmp_path, "three"), {"a.zip": data}, room_bytes=500)


# --- files that come by themselves ------------------------------------------------------------------------------------


def test_gzip_of_one_file_is_that_file(tmp_path: Path) -> None:
    answer = prepare(tmp_path, s__xml__gz=gzip.compress(document(sequence("s1"))))
    assert (answer["ok"], answer["objects"]) == (True, 1)
    assert roles(answer) == {"s.xml.gz": ("design", "SBOL 2 (RDF/XML)")}
    assert list((tmp_path / UNPACKED).iterdir()) == []


@pytest.mark.parametrize(
    ("inner", "says"),
    [
        (gzip.compress(b"x"), "'x' looks like a packed file inside a packed one: unpack it once"),
        (zipped({"a": b"x"}), "'x' looks like a packed file inside a packed one: unpack it once"),
        (b"some words", "'x' is no design but text/plain"),
    ],
    ids=["gzip", "zip", "words"],
)
def test_gzip_of_anything_else_is_refused(tmp_path: Path, inner: bytes, says: str) -> None:
    answer = prepare(tmp_path, x__gz=gzip.compress(inner))
    assert not answer["ok"]
    assert says in answer["error"]
    assert "synhub accepts" in answer["error"]


def test_office_files_are_attachments_wherever_they_are(tmp_path: Path) -> None:
    word = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"})
    answer = prepare_files(tmp_path, {"plan.docx": word, "lab.zip": zipped({"in.docx": word})})
    assert answer["ok"], answer["error"]
    assert {n: r for n, (r, _) in roles(answer).items()} == {
        "plan.docx": "attachment",
        "lab.zip": "archive",
        "lab.zip/in.docx": "attachment",
    }
    found = objects(tmp_path)
    assert found["plan_docx/1"]["title"] == ["plan.docx"]
    assert "archivePath" not in found["plan_docx/1"]
    assert found["in_docx/1"]["archivePath"] == ["in.docx"]
    assert found["plan_docx/1"]["format"] == found["in_docx/1"]["format"]


def test_records_of_one_name_and_different_content_are_kept_apart(tmp_path: Path) -> None:
    first, second = (GENBANK.format(name="pLab", sequence=s).encode() for s in ("acgtacgt", "ttttacgt"))
    answer = prepare_files(tmp_path, {"a.gb": first, "b.gb": second, "c.gb": first})
    assert answer["ok"], answer["error"]
    found = objects(tmp_path)
    elements = {name: said["elements"][0] for name, said in found.items() if "elements" in said}
    assert sorted(elements.values()) == ["acgtacgt", "ttttacgt"]
    parts = {name: said["sequence"][0].removeprefix(HOME) for name, said in found.items() if "sequence" in said}
    assert set(parts) == {"pLab/1", "pLab_2/1"}
    assert {elements[sequence] for sequence in parts.values()} == {"acgtacgt", "ttttacgt"}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("LOCUS.txt", b"LOCUS is a word that begins this note", "GenBank"),
        ("notes", b"##gff-version is what GFF3 files begin with\n", "GFF3"),
        ("quote.md", b"> words, not letters: 1, 2, 3!\n", "FASTA"),
        ("about.txt", b"<!-- http://sbols.org/v2 --><rdf:RDF >", "RDF/XML"),
        ("prefixes.txt", b"PREFIX s: <http://sbols.org/v3#>\nSELECT * { ?s a s:Component }", "Turtle"),
    ],
)
def test_what_only_begins_like_a_design_is_attached_with_a_warning(
    tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    answer = prepare_files(tmp_path, {"lab.zip": zipped({name: content, "d.xml": document(sequence("s1"))})})
    assert answer["ok"], answer["error"]
    assert roles(answer)[name][0] == "attachment"
    [finding] = [f for f in answer["findings"] if f["file"] == name]
    assert finding["severity"] == "warning"
    assert finding["message"].startswith(f"it begins like {kind} and is none (")


def test_a_member_that_only_begins_like_fasta_is_attached(tmp_path: Path) -> None:
    members = {"quote.md": b"> words, not letters: 1, 2, 3!\n", "p.fasta": b">p\nacgt\n", "bad.fasta": b">p\n1!?\n"}
    answer = prepare(tmp_path, lab__zip=zipped(members))
    assert {n: r for n, (r, _) in roles(answer).items()}["quote.md"] == "attachment"
    assert {f["file"] for f in answer["findings"] if f["severity"] == "error"} == {"bad.fasta"}


def test_sequence_only_is_passed_on(tmp_path: Path) -> None:
    prepare_files(tmp_path, {"p.fasta": b">p\nacgt\n"}, sequence_only=True)
    assert [said["type"] for said in objects(tmp_path).values()] == [[SBOL2.Sequence]]


# --- fixtures ---------------------------------------------------------------------------------------------------------


def test_a_combine_archive_as_tools_write_it(tmp_path: Path) -> None:
    answer = prepare_files(tmp_path, {"toggle.omex": (FIXTURES / "omex" / "toggle.omex").read_bytes()})
    assert answer["ok"], answer["error"]
    assert {file["role"] for file in answer["files"]} == {"archive", "ignored", "design", "attachment"}
    assert [file["name"] for file in answer["files"] if file.get("master")] == ["designs/toggle.xml"]
    found = objects(tmp_path)
    formats = {name: said["format"][0] for name, said in found.items() if "format" in said}
    assert formats == {
        "toggle_plot/1": "http://purl.org/NET/mediatypes/image/svg+xml",
        "toggle_xml/1": COMBINE + "sbml.level-3.version-1",
        "simulate_xml/1": COMBINE + "sed-ml.level-1.version-1",
        "time_course_csv/1": "http://purl.org/NET/mediatypes/text/csv",
        "metadata_rdf/1": COMBINE + "omex-metadata",
    }
    assert found["toggle_model/1"]["source"] == [HOME + "toggle_xml/1"]
    assert found["toggle_plot/1"]["source"] == [HOME + "toggle_plot/1/download"]
    assert found["time_course_csv/1"]["archivePath"] == ["results/time course.csv"]


def test_a_zip_file_with_folders(tmp_path: Path) -> None:
    answer = prepare_files(tmp_path, {"folders.zip": (FIXTURES / "omex" / "folders.zip").read_bytes()})
    assert answer["ok"], answer["error"]
    found = objects(tmp_path)
    elements = {said["elements"][0] for said in found.values() if "elements" in said}
    assert {"acgtacgtacgtacgt", "ttgacaattaatcatc", "ggatccggatccggat"} <= elements
    parts = {name for name, said in found.items() if "sequence" in said}
    assert parts == {"opA/1", "opA_2/1", "opB/1", "BBa_J23101/1"}
    paths = {said["archivePath"][0] for said in found.values() if "archivePath" in said}
    assert paths == {"left/notes.txt", "right/notes.txt", "\u03a9mega/readme.md"}
    ignored = {file["name"] for file in answer["files"] if file["role"] == "ignored"}
    assert ignored == {"__MACOSX/left/._part.gb", ".DS_Store"}


@pytest.mark.parametrize("folder", ["sbol1", "sbol2", "sbol3", "genbank", "fasta", "gff3"])
def test_every_format_may_come_as_gzip(tmp_path: Path, folder: str) -> None:
    file = min(path for path in (FIXTURES / folder).iterdir() if path.suffix != ".md")
    plain, packed = (new_folder(tmp_path, name) for name in ("plain", "packed"))
    answer = prepare_files(plain, {file.name: file.read_bytes()})
    assert answer["ok"], answer["error"]
    prepare_files(packed, {file.name + ".gz": gzip.compress(file.read_bytes())})
    assert objects(packed) == objects(plain) != {}


@pytest.mark.slow
def test_archives_of_the_corpus_become_attachments_in_their_formats(tmp_path: Path) -> None:
    if not (CORPUS / "omex").is_dir():
        pytest.skip(f"no corpus folder {CORPUS / 'omex'}")
    paths = sorted((CORPUS / "omex").glob("*.omex"))
    assert len(paths) == 22
    for path in paths:
        folder = new_folder(tmp_path, path.name)
        answer = prepare_files(folder, {path.name: path.read_bytes()})
        assert answer["ok"], (path.name, answer["error"])
        assert answer["findings"] == [], path.name
        found = objects(folder)
        expected = {"results.csv": COMBINE + "csv"}
        if "00445" not in path.name and "00829" not in path.name:
            expected |= {"l3v1.xml": COMBINE + "sbml", "l3v1-sedml.xml": COMBINE + "sed-ml.level-1.version-1"}
        got = {said["title"][0].partition("-")[2].removeprefix("sbml-"): said["format"][0] for said in found.values()}
        assert got == expected, path.name
        assert {s["archivePath"][0] for s in found.values()} == {s["title"][0] for s in found.values()}
