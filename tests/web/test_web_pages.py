"""Pages as a browser gets them: what they show, to whom, and that their forms work without any script."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import cast

import httpx
import pytest
from live import PASSWORD, PREFIX, Live, live

from synhub.identity import ObjectRef
from synhub.model import User
from synhub.objects import facts_of, locate, triples_of
from synhub.ownership import actor_of_user
from synhub.web.pages import short, term, words_of

UNIT, COLLECTION = "/user/alice/lab/unit/1", "/user/alice/lab/lab_collection/1"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
EVIL = "<script>alert(1)</script>\"'&"

PARTS = "".join(
    f"""<sbol:ComponentDefinition rdf:about="http://x.org/part{n}/1">
<sbol:displayId>part{n}</sbol:displayId><sbol:version>1</sbol:version><dcterms:title>part {n:02}</dcterms:title>
<sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
</sbol:ComponentDefinition>"""
    for n in range(30)
)
DESIGN = f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/" xmlns:prov="http://www.w3.org/ns/prov#" xmlns:x="http://x.org/terms#">
<sbol:ComponentDefinition rdf:about="http://x.org/unit/1">
<sbol:displayId>unit</sbol:displayId><sbol:version>1</sbol:version>
<dcterms:title>Unit &lt;script&gt;alert(1)&lt;/script&gt;"'&amp;</dcterms:title>
<dcterms:description>A unit</dcterms:description>
<prov:wasDerivedFrom rdf:resource="https://elsewhere.example/part/17"/>
<x:trick rdf:resource="javascript:alert(1)"/><x:note>{"y" * 10}&lt;img src=x onerror=alert(1)&gt;</x:note>
<sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
<sbol:role rdf:resource="http://identifiers.org/so/SO:0000804"/>
<sbol:component><sbol:Component rdf:about="http://x.org/unit/c1/1">
<sbol:displayId>c1</sbol:displayId><sbol:version>1</sbol:version>
<sbol:access rdf:resource="http://sbols.org/v2#public"/>
<sbol:definition rdf:resource="http://x.org/part7/1"/></sbol:Component></sbol:component>
<sbol:sequenceAnnotation><sbol:SequenceAnnotation rdf:about="http://x.org/unit/a1/1">
<sbol:displayId>a1</sbol:displayId><sbol:version>1</sbol:version>
<sbol:component rdf:resource="http://x.org/unit/c1/1"/>
<sbol:location><sbol:Range rdf:about="http://x.org/unit/a1/r/1">
<sbol:displayId>r</sbol:displayId><sbol:version>1</sbol:version><sbol:start>3</sbol:start><sbol:end>9</sbol:end>
<sbol:orientation rdf:resource="http://sbols.org/v2#reverseComplement"/></sbol:Range></sbol:location>
</sbol:SequenceAnnotation></sbol:sequenceAnnotation>
</sbol:ComponentDefinition>{PARTS}</rdf:RDF>""".encode()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("pages")) as running:
        for name in ("alice", "bob"):
            running.user(name)
        assert running.submit("alice", DESIGN, {"name": EVIL, "description": "d"}).text == "Successfully uploaded"
        running.publish("bob", DESIGN, "open")
        attached = running.request("POST", UNIT + "/attach", "alice", files={"file": ("gel <1>.png", b"0123456789")})
        assert attached.status_code == 200, attached.text
        yield running


@pytest.fixture
def browser(hub: Live) -> Iterator[httpx.Client]:
    """alice, logged in."""
    with httpx.Client(base_url=hub.url, headers=HTML, follow_redirects=True) as client:
        client.post("/login", data={"email": "alice", "password": PASSWORD})
        yield client


def page(hub: Live, path: str, who: str | None = "alice") -> str:
    answer = hub.get(path, who, headers=HTML)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


def links(html: str) -> list[str]:
    return [unescape(link) for link in re.findall('href="([^"]*)"', html)]


def test_the_page_of_an_object_shows_what_is_known_of_it(hub: Live) -> None:
    html = page(hub, UNIT)
    for text in ("Component definition · version 1 · private", "A unit", "engineered region", "DnaRegion"):
        assert text in html
    assert PREFIX + UNIT[1:] in html
    assert re.search(r"c1</a></td><td>\s*<a href=\"/user/alice/lab/part7/1\">part7</a>", html)
    assert "3–9 reverse" in html
    assert "gel &lt;1&gt;.png</a>" in html and "10 Bytes" in html
    for verb in ("sbol", "sbolnr", "metadata"):
        assert f"{UNIT}/{verb}" in links(html)
    assert "https://elsewhere.example/part/17" in links(html)
    assert hub.get(UNIT, "alice").headers["content-type"] == "application/rdf+xml"


def test_nothing_that_is_stored_becomes_markup_or_a_script(hub: Live) -> None:
    for path in (UNIT, COLLECTION, COLLECTION + "/members", "/manage", "/search/?q=unit", "/search/" + "%3Cb%3E"):
        html = page(hub, path).replace('<script src="/static/suggest.js" defer></script>', "")
        assert "<script" not in html and "<img" not in html and "<b>" not in html
        assert not any(link.startswith("javascript:") for link in links(html))
    assert "Unit &lt;script&gt;" in page(hub, UNIT)


def test_pages_run_no_scripts_of_others_and_keep_their_address_to_themselves(hub: Live) -> None:
    answer = hub.get(UNIT, "alice", headers=HTML)
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'"} <= set(policy)
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "content-security-policy" not in hub.get(UNIT, "alice").headers


def test_the_one_script_is_served_and_kept(hub: Live) -> None:
    answer = hub.get("/static/suggest.js")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    again = hub.get("/static/suggest.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for other in ("style.css", "..%2Fpages.py", "SUGGEST.JS"):
        assert hub.get(f"/static/{other}").status_code == 404


def test_a_page_links_to_what_uses_the_object(hub: Live) -> None:
    assert f'href="{UNIT}/uses">Uses' in page(hub, UNIT)
    assert "/twins" not in page(hub, UNIT)


def test_forms_are_for_owners(hub: Live) -> None:
    assert "<h2>Manage</h2>" in page(hub, UNIT)
    assert "<h2>Manage</h2>" not in page(hub, "/public/open/unit/1", "alice")
    assert "<h2>Manage</h2>" in page(hub, "/public/open/unit/1", "bob")
    assert "<h2>Manage</h2>" not in page(hub, "/user/alice/lab/unit/c1/1")
    link = "/" + hub.get(UNIT + "/shareLink", "alice").text.removeprefix(PREFIX)
    for who in (None, "bob"):
        html = page(hub, link, who)
        assert "<h2>Manage</h2>" not in html and link.split("/")[-2] in html
        assert "alice/lab/unit/1/attach" not in html


def test_a_page_for_owners_goes_to_nobody_else_s_cache(browser: httpx.Client) -> None:
    assert browser.get(UNIT).headers["cache-control"] == "no-store"


def test_members_are_shown_page_by_page_and_searched(hub: Live) -> None:
    first = page(hub, COLLECTION)
    assert re.search(r"<h2>Members <span class=\"small\">32</span>", first)
    assert "1 to 25" in first and "part 00" in first and "part 29" not in first
    assert "?offset=25" in links(first)
    second = page(hub, COLLECTION + "?offset=25")
    assert "26 to 32" in second and "part 29" in second and "?offset=0" in links(second)
    found = page(hub, COLLECTION + "?q=part+07")
    assert "1 found" in found and "part 07" in found and "part 08" not in found
    assert hub.get(COLLECTION + "?offset=x", "alice", headers=HTML).status_code == 400


def test_the_facts_of_a_collection_are_all_it_says_but_for_its_members(hub: Live) -> None:
    alice = actor_of_user(hub.hub.shares, cast(User, hub.hub.accounts.find_by_login("alice")))
    located = locate(hub.hub, alice, ObjectRef("alice", "lab", "lab_collection", "1"))
    everything = triples_of(hub.hub, located)
    members = [t for t in everything if t[1] == "<http://sbols.org/v2#member>"]
    assert len(members) >= 31
    assert facts_of(hub.hub, located) == sorted(set(everything) - set(members))


def test_search_says_how_much_it_found_and_leads_on(hub: Live) -> None:
    html = page(hub, "/search/?q=part&limit=10", "alice")
    assert "60 found, 1 to 10" in html
    assert "?q=part&limit=10&offset=10" in links(html)
    assert 'value="part"' in html
    assert "0 found" in page(hub, "/search/nothing%20like%20that")


def test_links_under_a_share_link_stay_under_it(hub: Live) -> None:
    share = hub.get(COLLECTION + "/shareLink", "alice").text
    secret = share.split("/")[-2]
    html = page(hub, "/" + share.removeprefix(PREFIX), None)
    inside = [link for link in links(html) if link.startswith("/user/alice")]
    assert inside and all(f"/{secret}/share" in link for link in inside)
    for link in inside:
        answer = hub.get(link, headers=HTML)
        # the parts have no sequence, and only the unit has features
        assert answer.status_code == (422 if link.endswith(("/gb", "/fasta")) else 200), (link, answer.text)
    unit = page(hub, f"{UNIT}/{secret}/share", None)
    assert f"/user/alice/lab/part7/1/{secret}/share" in links(unit)
    answer = hub.get(f"/user/alice/lab/unit/{secret}/share", headers=HTML, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, f"{UNIT}/{secret}/share")


# --- forms, as a browser without scripts sends them -------------------------------------------------------------------


def form(html: str, action: str) -> dict[str, str]:
    """The hidden and preset fields of the form with this action."""
    found = re.search(rf'<form method="post" action="{re.escape(action)}"[^>]*>(.*?)</form>', html, re.DOTALL)
    assert found is not None, action
    return dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', found[1]))


def test_share_links_are_made_and_revoked_by_forms(hub: Live, browser: httpx.Client) -> None:
    path = "/user/alice/lab/part1/1"
    made = browser.post(path + "/shareLink", data=form(browser.get(path).text, path + "/shareLink") | {"days": "9"})
    assert made.url.path == path
    shown = re.search(rf"<code>({PREFIX}\S+/share)</code>", made.text)
    assert shown is not None
    shared = "/" + shown[1].removeprefix(PREFIX)
    assert hub.get(shared + "/sbolnr").status_code == 200
    assert shown[1] in browser.get("/profile").text
    revoked = browser.post(path + "/shareLinks", data=form(made.text, path + "/shareLinks"))
    assert revoked.url.path == path and shown[1] not in revoked.text
    assert hub.get(shared + "/sbolnr").status_code == 404


def test_owners_are_added_and_removed_by_forms(hub: Live, browser: httpx.Client) -> None:
    path = "/user/alice/lab/part2/1"
    added = browser.post(path + "/addOwner", data=form(browser.get(path).text, path + "/addOwner") | {"user": "bob"})
    assert added.url.path == path
    assert "part 02" in page(hub, "/shared", "bob")
    browser.post(path + "/removeOwner/bob", data=form(added.text, path + "/removeOwner/bob"))
    assert hub.get("/shared", "bob").json() == []


def test_a_file_is_attached_by_the_form(browser: httpx.Client) -> None:
    path = "/user/alice/lab/part3/1"
    fields = form(browser.get(path).text, path + "/attach")
    answer = browser.post(path + "/attach", data=fields, files={"file": ("notes.txt", b"hello")})
    assert answer.status_code == 200
    assert ">notes.txt</a>" in browser.get(path).text


def test_removing_asks_for_a_confirmation_and_then_removes(browser: httpx.Client) -> None:
    path = "/user/alice/lab/part4/1"
    html = browser.get(path).text
    assert re.search(rf'action="{path}/remove".*?<input type="checkbox" required>', html, re.DOTALL)
    assert browser.post(path + "/remove", data=form(html, path + "/remove")).status_code == 200
    assert browser.get(path).status_code == 404


def test_a_form_without_its_csrf_token_changes_nothing(browser: httpx.Client) -> None:
    path = "/user/alice/lab/part5/1"
    for verb, fields in {"addOwner": {"user": "bob"}, "shareLink": {}, "shareLinks": {}, "remove": {}}.items():
        assert browser.post(f"{path}/{verb}", data=fields).status_code == 403
    assert browser.get(path).status_code == 200


def test_tokens_are_revoked_by_forms(hub: Live, browser: httpx.Client) -> None:
    token = hub.client.post(hub.url + "/login", data={"email": "alice", "password": PASSWORD}).text
    profile = browser.get("/profile").text
    assert "<h2>Tokens</h2>" in profile
    browser.post("/profile/tokens", data=form(profile, "/profile/tokens"))  # the newest
    assert hub.client.get(hub.url + "/profile", headers={"X-authorization": token}).status_code == 401


@pytest.mark.parametrize(
    ("iri", "called"),
    [
        ("http://h/user/bob/lab/pTet/1", "pTet"),
        ("http://h/user/bob/lab/pTet", "pTet"),
        ("http://identifiers.org/so/SO:0000167", "promoter"),
        ("http://sbols.org/v2#Collection", "Collection"),
        ("http://h/", "h"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("", ""),
    ],
)
def test_short_names(iri: str, called: str) -> None:
    assert short(iri) == called


def test_names_of_the_standard_become_words_and_other_addresses_stay() -> None:
    assert [words_of(n) for n in ("wasDerivedFrom", "ComponentDefinition", "DNA", "")] == [
        "Was derived from",
        "Component definition",
        "DNA",
        "",
    ]
    assert term("https://elsewhere.example/part/17") == "https://elsewhere.example/part/17"


def test_every_template_is_installed(tmp_path: Path) -> None:
    from importlib.resources import files

    names = {f.name for f in (files("synhub.web") / "templates").iterdir()}
    assert {"style.css", "object.html", "layout.html"} <= names


def test_a_search_says_what_it_looks_for_and_leads_to_less_of_it(hub: Live) -> None:
    html = page(hub, "/search/?q=unit&sort=name")
    assert "“unit” in id, name or description" in html
    assert '<strong aria-current="true">name</strong>' in html
    assert 'href="?q=unit&amp;sort=-uses"' in html and 'href="?q=unit&amp;sort=name&amp;latest=1"' in html
    narrower = re.search(
        r'href="(/search/objectType[^"]*)"[^>]*>ComponentDefinition</a> <span class="small">(\d+)<', html
    )
    assert narrower is not None
    fewer = page(hub, narrower[1].replace("&amp;", "&"))
    assert f"{narrower[2]} found" in fewer and "is a ComponentDefinition" in fewer
