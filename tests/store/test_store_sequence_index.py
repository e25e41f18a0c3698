"""The sequence index finds what comparing the query with every sequence finds, whatever its segments are."""

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import sequences as bench
from synhub.errors import BadRequest, Inconsistent
from synhub.search.alignment import AMBIGUITY, SequenceMatch, count_columns, make_query, reverse_complement
from synhub.store.sequences import files as sequence_files
from synhub.store.sequences.files import MANIFEST, Facts, Manifest, damage, read_manifest, write_segment
from synhub.store.sequences.index import SequenceIndex
from synhub.store.sequences.segment import merge_segments, write_table
from synhub.store.sequences.sequences import segments_to_merge

ONCE = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def digest(text: str) -> bytes:
    return hashlib.sha512(text.encode()).digest()[:24]


def dna(rng: random.Random, length: int) -> str:
    return "".join(rng.choices("ACGT", k=length))


def index_of(
    folder: Path, segments: Iterable[Sequence[str]], *, tables: bool = True, alphabet: str = "nucleotide"
) -> SequenceIndex:
    """Make an index of some segments; every second one has a table."""
    manifest = Manifest(folder)
    for number, texts in enumerate(segments):
        entries = sorted((digest(text), text.encode()) for text in texts)
        facts = write_segment(folder, manifest.next_name(), alphabet, entries)
        manifest.replace((), [write_table(folder, facts) if tables and number % 2 == 0 else facts])
    manifest.close()
    return SequenceIndex(folder)


def places(text: str, target: str) -> set[tuple[int, bool]]:
    """Where a text stands in a target, which is a ring: (from 0, whether it goes over the end)."""
    if len(target) < len(text):
        return set()
    ring = target + target
    return {
        (at, at + len(text) > len(target))
        for at in range(len(target))
        if all(not set(AMBIGUITY[a]).isdisjoint(AMBIGUITY[b]) for a, b in zip(text, ring[at:], strict=False))
    }


@pytest.mark.slow
@ONCE
@given(seed=st.integers(0, 10**6), length=st.integers(6, 80), letters=st.sampled_from(["ACGT", "ACGTN", "AC"]))
def test_contained_is_what_comparing_letter_by_letter_finds(
    tmp_path: Path, seed: int, length: int, letters: str
) -> None:
    rng = random.Random(seed)
    targets = [dna(rng, rng.randrange(1, 120)) for _ in range(12)]
    query = "".join(rng.choices(letters, k=length))
    plain = "".join(rng.choice(AMBIGUITY[letter]) for letter in query)
    targets += [dna(rng, 20) + plain + dna(rng, 9), reverse_complement(plain), plain[4:] + dna(rng, 30) + plain[:4]]
    targets = list(dict.fromkeys(targets))
    index = index_of(tmp_path / f"{seed} {length} {letters}", [targets[:8], targets[8:]])
    strands = {"+": query, "-": reverse_complement(query)}
    expected = {digest(t) for t in targets for strand in strands.values() if places(strand, t)}
    try:
        asked = make_query(query, "contained", alphabet="nucleotide")
    except BadRequest as refusal:
        assert "ambiguous everywhere" in str(refusal)
        return
    found = index.find(asked)

    assert {match.digest for match in found.matches} == expected
    texts = {digest(t): t for t in targets}
    for match in found.matches:
        assert (match.start - 1, match.wraps) in places(strands[match.strand], texts[match.digest])


@pytest.mark.slow
@ONCE
@given(seed=st.integers(0, 10**6), length=st.integers(12, 150), errors=st.integers(0, 2), tables=st.booleans())
def test_infix_with_few_errors_is_what_aligning_with_everything_finds(
    tmp_path: Path, seed: int, length: int, errors: int, tables: bool
) -> None:
    rng = random.Random(seed)
    targets = [dna(rng, rng.randrange(30, 600)) for _ in range(20)]
    home = rng.choice([t for t in targets if len(t) >= 30])
    length = min(length, len(home))
    start = rng.randrange(len(home) - length + 1)
    errors = errors if length >= 20 else min(errors, 1)
    text = bench.mutate(home[start : start + length], errors, rng)
    query = make_query(text, "infix", identity=(length - errors) / (length + 1), alphabet="nucleotide")
    targets += [dna(rng, 40) + bench.mutate(reverse_complement(text), errors, rng) + dna(rng, 50)]
    index = index_of(
        tmp_path / f"{seed} {length} {errors} {tables}", [targets[:9], targets[9:15], targets[15:]], tables=tables
    )

    found = {match.digest for match in index.find(query).matches if not match.wraps}

    assert found == bench.align_all(query, [t.encode() for t in targets])


def one_match(index: SequenceIndex, query: str, mode: str, **options: object) -> SequenceMatch:
    (match,) = index.find(make_query(query, mode, **options)).matches  # type: ignore[arg-type]
    return match


def test_match_tells_place_strand_percent_and_columns(tmp_path: Path) -> None:
    rng = random.Random(1)
    before, part, behind = dna(rng, 100), dna(rng, 200), dna(rng, 70)
    index = index_of(tmp_path, [[before + part + behind, dna(rng, 900)]])
    changed = part[:50] + ("A" if part[50] != "A" else "C") + part[51:100] + part[102:]

    match = one_match(index, changed, "infix", identity=0.9)
    assert (match.digest, match.start, match.end) == (digest(before + part + behind), 101, 300)
    assert (match.strand, match.wraps) == ("+", False)
    assert match.percent == pytest.approx(100 * 197 / 200)
    assert count_columns(match.cigar)[:4] == (197, 1, 0, 2)
    match = one_match(index, reverse_complement(changed), "infix", identity=0.9)
    assert (match.start, match.end, match.strand, match.wraps) == (101, 300, "-", False)
    assert match.percent == pytest.approx(98.5)


def test_query_over_the_origin_of_a_plasmid_wraps(tmp_path: Path) -> None:
    rng = random.Random(2)
    plasmid = dna(rng, 3_000)
    index = index_of(tmp_path, [[plasmid, dna(rng, 2_000)]])
    query = plasmid[-150:] + plasmid[:250]

    match = one_match(index, bench.mutate(query, 12, rng), "infix", identity=0.9)
    assert (match.wraps, match.digest) == (True, digest(plasmid))
    assert abs(match.start - 2_851) <= 2
    assert abs(match.end - 250) <= 2
    turned = plasmid[1_000:] + plasmid[:1_000]
    whole = one_match(index, turned, "contained")
    assert (whole.start, whole.end, whole.wraps) == (1_001, 1_000, True)
    for _ in range(5):  # with insertions and deletions, so that it is longer or shorter than the plasmid
        similar = one_match(index, bench.mutate(turned, 60, rng), "global", identity=0.9)
        assert (similar.wraps, similar.digest) == (True, digest(plasmid))
        assert similar.percent > 97


@pytest.mark.parametrize(("length", "turn", "errors"), [(100, 9, 0), (100, 55, 3), (500, 62, 0), (3_000, 800, 180)])
def test_best_alignment_of_a_turned_query_does_not_depend_on_the_identity(
    tmp_path: Path, length: int, turn: int, errors: int
) -> None:
    rng = random.Random(length + turn)
    plasmid = dna(rng, length)
    index = index_of(tmp_path, [[plasmid, *(dna(rng, rng.randrange(50, 2_000)) for _ in range(50))]])
    text = bench.mutate(plasmid[turn:] + plasmid[:turn], errors, rng)
    found = []
    for identity in (0.5, 0.6, 0.7, 0.8, 0.85, 0.9):
        matches = index.find(make_query(text, "global", identity=identity)).matches
        found.append(next(match for match in matches if match.digest == digest(plasmid)))

    assert len(set(found)) == 1
    assert (found[0].wraps, found[0].percent >= 100 * (1 - errors / length) - 1) == (True, True)


def test_place_within_and_a_better_one_over_the_end_are_both_told(tmp_path: Path) -> None:
    rng = random.Random(19)
    plasmid = dna(rng, 300)
    index = index_of(tmp_path, [[plasmid]])
    over, within = index.find(make_query(plasmid[30:] + plasmid[:30], "global", identity=0.8)).matches

    assert (over.wraps, over.percent, over.cigar) == (True, 100.0, "300=")
    assert (within.wraps, within.percent, within.cigar) == (False, 90.0, "270=30I")


def test_circular_query_is_found_turned_in_what_is_not(tmp_path: Path) -> None:
    rng = random.Random(20)
    plasmid = dna(rng, 600)
    index = index_of(tmp_path, [[bench.mutate(plasmid[250:] + plasmid[:250], 6, rng), plasmid[-90:] + plasmid[:70]]])
    assert index.find(make_query(plasmid, "global", identity=0.9)).matches[0].wraps
    long, short = index.find(make_query(plasmid, "global", identity=0.9, circular=True)).matches

    assert (long.wraps, long.percent > 98, short.wraps, short.percent) == (False, True, False, 100.0)


def test_long_match_with_an_error_comes_before_a_short_one_without(tmp_path: Path) -> None:
    rng = random.Random(21)
    gene = dna(rng, 1_000)
    index = index_of(tmp_path, [[gene, gene[120:135], gene[150:175]]])
    text = gene[100:300] + ("A" if gene[300] != "A" else "C") + gene[301:400]

    found = index.find(make_query(text, "global", identity=0.8)).matches

    assert [match.cigar for match in found] == ["200=1X99=", "25=", "15="]


@pytest.mark.parametrize("identity", [0.8, 0.9, 0.95, 1])
def test_all_parts_of_a_long_query_are_found_whatever_the_identity(tmp_path: Path, identity: float) -> None:
    """Parts that are neighbours in the query and in the index have their words on neighbouring diagonals."""
    rng = random.Random(22)
    lengths = [*range(8, 40), *range(40, 900, 50)]
    parts = [dna(rng, length) for length in lengths]
    others = [dna(rng, rng.randrange(40, 3_000)) for _ in range(300)]
    index = index_of(tmp_path, [[*parts, *others], []])
    query = "".join(rng.choice([part, reverse_complement(part)]) + dna(rng, 60) for part in parts)

    found = {match.digest for match in index.find(make_query(query, "global", identity=identity)).matches}

    assert {digest(part) for part in parts} <= found


def test_what_has_few_letters_is_left_out_with_a_word(tmp_path: Path) -> None:
    rng = random.Random(23)
    gene = dna(rng, 200)
    index = index_of(tmp_path, [[gene, gene[20:27], gene[50:58]]])

    found = index.find(make_query(gene, "global", identity=0.8))
    assert [match.cigar for match in found.matches] == ["200=", "8="]
    assert found.cut == "sequences of less than 8 letters are not aligned: sequence= and subsequence= find them"
    assert index.find(make_query(gene, "global", identity=0.8, min_length=8)).cut == ""


def test_short_query_over_the_origin_wraps_with_an_error(tmp_path: Path) -> None:
    rng = random.Random(3)
    plasmid = dna(rng, 500)
    index = index_of(tmp_path, [[plasmid]])
    query = plasmid[-9:] + plasmid[:11]

    match = one_match(index, query[:4] + ("A" if query[4] != "A" else "C") + query[5:], "infix", identity=0.95)

    assert (match.start, match.end, match.wraps, match.cigar) == (492, 11, True, "4=1X15=")


def test_global_finds_the_shorter_in_the_longer(tmp_path: Path) -> None:
    rng = random.Random(4)
    part = dna(rng, 300)
    index = index_of(tmp_path, [[part, dna(rng, 400)]])

    match = one_match(index, dna(rng, 500) + bench.mutate(part, 15, rng) + dna(rng, 100), "global", identity=0.9)

    assert (match.digest, match.start, match.end) == (digest(part), 1, 300)
    assert match.percent > 93
    query = make_query(dna(rng, 500) + part, "global", identity=0.9, definition=1)
    assert index.find(query).matches == ()  # 300 of 800 columns


def test_length_bounds_are_of_the_target(tmp_path: Path) -> None:
    rng = random.Random(5)
    part = dna(rng, 60)
    short, long = part + dna(rng, 40), dna(rng, 7_000) + part
    index = index_of(tmp_path, [[short, long]])

    def found(**bounds: int) -> set[bytes]:
        query = make_query(part, "contained", **bounds)  # type: ignore[arg-type]
        return {match.digest for match in index.find(query).matches}

    assert found() == {digest(short), digest(long)}
    assert found(max_length=5_000) == {digest(short)}
    assert found(min_length=101) == {digest(long)}


def test_invisible_sequences_take_no_place(tmp_path: Path) -> None:
    rng = random.Random(6)
    part = dna(rng, 300)
    mine = bench.mutate(part, 20, rng)
    others = [bench.mutate(part, 1, rng) for _ in range(30)]
    index = index_of(tmp_path, [[mine, *others]])
    visible = frozenset({digest(mine)})

    found = index.find(make_query(part, "infix", identity=0.8, max_accepts=1), lambda some: visible & set(some))

    assert [match.digest for match in found.matches] == [digest(mine)]
    assert (found.total, found.cut) == (1, "")


def test_more_matches_than_wanted_are_said(tmp_path: Path) -> None:
    rng = random.Random(7)
    part = dna(rng, 200)
    index = index_of(tmp_path, [[bench.mutate(part, errors, rng) + dna(rng, 30) for errors in range(30)]])

    found = index.find(make_query(part, "infix", identity=0.8, max_accepts=3))

    assert found.matches[0].percent == 100.0
    assert len(found.matches) == 3
    assert found.cut == "more than 3 sequences may match, the best found are here"


def test_of_equal_matches_those_of_similar_length_come_first(tmp_path: Path) -> None:
    rng = random.Random(17)
    part = dna(rng, 120)
    homes = [dna(rng, size) + part for size in range(10, 1_000, 10)]
    index = index_of(tmp_path, [homes[::2], homes[1::2]])
    expected = [digest(home) for home in homes[:5]]

    for mode, letters in (("contained", part), ("infix", part), ("infix", part[:50]), ("global", part)):
        found = index.find(make_query(letters, mode, identity=0.9, max_accepts=5))  # type: ignore[arg-type]
        assert [match.digest for match in found.matches] == expected, mode


def test_place_within_is_told_before_one_over_the_end(tmp_path: Path) -> None:
    rng = random.Random(18)
    part = dna(rng, 40)
    index = index_of(tmp_path, [[part[10:] + dna(rng, 100) + part + dna(rng, 50) + part[:10]]])

    match = one_match(index, part, "contained")

    assert (match.start, match.end, match.wraps) == (131, 170, False)


def test_search_out_of_time_says_so(tmp_path: Path) -> None:
    rng = random.Random(8)
    part = dna(rng, 200)
    made = index_of(tmp_path, [[part]])
    times = iter(range(0, 10_000, 100))
    index = SequenceIndex(tmp_path, clock=lambda: float(next(times)))

    assert len(made.find(make_query(part, "infix")).matches) == 1
    found = index.find(make_query(part, "infix"), timeout_s=1.0)
    assert found.matches == ()
    assert found.cut.startswith("the search took too long")


def test_query_of_repeats_is_answered(tmp_path: Path) -> None:
    rng = random.Random(9)
    repeats = ["AT" * 3_000, "A" * 5_000, dna(rng, 100) + "AT" * 400, "CAG" * 2_000]
    index = index_of(tmp_path, [repeats + [dna(rng, 800) for _ in range(50)]])

    found = index.find(make_query("AT" * 300, "infix", identity=0.9))

    assert {match.digest for match in found.matches} == {digest(repeats[0]), digest(repeats[2])}


def test_proteins_are_found_with_errors_and_ambiguous_letters(tmp_path: Path) -> None:
    rng = random.Random(10)
    letters = "ACDEFGHIKLMNPQRSTVWY"
    proteins = ["".join(rng.choices(letters, k=rng.randrange(80, 400))) for _ in range(40)]
    index = index_of(tmp_path, [proteins], alphabet="protein")
    piece = proteins[7][20:70]
    wrong = piece[:10] + ("W" if piece[10] != "W" else "Y") + piece[11:]

    assert one_match(index, wrong, "infix", identity=0.95, alphabet="protein").digest == digest(proteins[7])
    match = one_match(index, piece[:20] + "X" + piece[21:], "contained", alphabet="protein")
    assert (match.digest, match.start, match.end, match.strand) == (digest(proteins[7]), 21, 70, "+")


@pytest.mark.slow
def test_genome_of_five_million_letters_is_found(tmp_path: Path) -> None:
    sequences = [text.decode() for text in bench.make_sequences(50, long=(5_000_000,))]
    index = index_of(tmp_path, [sequences])
    genome = max(sequences, key=len)

    match = one_match(index, genome[2_000_000:2_030_000], "contained")
    assert (match.digest, match.start) == (digest(genome), 2_000_001)
    rng = random.Random(11)
    part = bench.mutate(genome[4_000_000:4_200_000], 4_000, rng)
    assert abs(one_match(index, part, "infix", identity=0.95).start - 4_000_001) < 5


def test_ambiguous_query_with_errors_is_found_by_its_least_ambiguous_windows(tmp_path: Path) -> None:
    rng = random.Random(16)
    target = dna(rng, 500)
    index = index_of(tmp_path, [[target, dna(rng, 500)]])
    query = "".join("N" if at % 3 == 0 else letter for at, letter in enumerate(target[100:190]))

    assert one_match(index, query, "infix", identity=0.95).start == 101


# --- files -----------------------------------------------------------------------------------------------------------


def test_merging_keeps_what_is_wanted_once(tmp_path: Path) -> None:
    rng = random.Random(12)
    texts = [dna(rng, 300) for _ in range(20)]
    index_of(tmp_path, [texts[:8], texts[5:15], texts[15:]])
    manifest = Manifest(tmp_path)
    gone = {digest(texts[0]), digest(texts[9])}

    merged = merge_segments(tmp_path, manifest.next_name(), manifest.segments, lambda some: set(some) - gone)
    manifest.replace([s.name for s in manifest.segments], [merged])

    assert (merged.sequences, merged.table) == (18, True)
    assert sorted(manifest.missing(sorted(digest(t) for t in texts))) == sorted(gone)
    assert {p.stem for p in tmp_path.iterdir()} == {merged.name, "manifest"}
    index = SequenceIndex(tmp_path)
    assert one_match(index, texts[12][50:150], "contained").digest == digest(texts[12])
    assert index.find(make_query(texts[0], "contained")).matches == ()


def test_open_index_sees_a_merge(tmp_path: Path) -> None:
    rng = random.Random(13)
    texts = [dna(rng, 300) for _ in range(6)]
    index = index_of(tmp_path, [texts[:3], texts[3:]])
    assert len(index.segments()) == 2
    manifest = Manifest(tmp_path)

    manifest.replace(
        [s.name for s in manifest.segments],
        [merge_segments(tmp_path, manifest.next_name(), manifest.segments, lambda some: set(some))],
    )

    assert [segment.facts.sequences for segment in index.segments()] == [6]
    assert one_match(index, texts[0], "contained").digest == digest(texts[0])


def test_what_a_crash_left_behind_goes_and_the_rest_stays(tmp_path: Path) -> None:
    rng = random.Random(14)
    texts = [dna(rng, 300) for _ in range(4)]
    index_of(tmp_path, [texts])
    # killed while a merge was writing: its files are there, the manifest does not name them
    write_segment(tmp_path, "000002", "nucleotide", [(digest("ACGTACGT"), b"ACGTACGT")])
    (tmp_path / "000003.residues").write_bytes(b"AC")
    (tmp_path / "manifest.json.new").write_bytes(b"{")

    manifest = Manifest(tmp_path)

    assert not manifest.fresh
    assert {p.name.split(".")[0] for p in tmp_path.iterdir()} == {"000001", "manifest"}
    assert manifest.missing(sorted(digest(t) for t in texts)) == []


@pytest.mark.parametrize("part", ["digests", "starts", "residues", "heads", "places"])
def test_index_with_a_file_cut_short_or_lost_is_begun_again(tmp_path: Path, part: str) -> None:
    rng = random.Random(15)
    for lost in (True, False):
        folder = tmp_path / str(lost)
        index_of(folder, [[dna(rng, 300)]])
        path = folder / f"000001.{part}"
        if lost:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-4])

        assert read_manifest(folder) is None
        with pytest.raises(Inconsistent, match="reindex"):
            SequenceIndex(folder).find(make_query("ACGTACGT", "contained"))
        manifest = Manifest(folder)
        assert (manifest.fresh, manifest.segments) == (True, ())
        assert [p.name for p in folder.iterdir()] == [MANIFEST]


def test_manifest_of_another_format_is_begun_again(tmp_path: Path) -> None:
    index_of(tmp_path, [["ACGTACGTACGT"]])
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps(manifest | {"format": sequence_files.FORMAT + 1}))

    assert Manifest(tmp_path).fresh


def test_damage_is_told_by_the_checksum(tmp_path: Path) -> None:
    index_of(tmp_path, [["ACGTACGTACGTAAGT"]])
    assert damage(tmp_path) == []
    path = tmp_path / "000001.residues"
    path.write_bytes(path.read_bytes().replace(b"A", b"C", 1))

    assert damage(tmp_path) == [
        "segment 000001 of the sequence index is damaged: delete the folder sequences, it is built again"
    ]


def test_segment_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    Manifest(tmp_path)

    def entries() -> Iterable[tuple[bytes, bytes]]:
        yield digest("ACGT"), b"ACGT"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_segment(tmp_path, "000001", "nucleotide", entries())
    assert [p.name for p in tmp_path.iterdir()] == [MANIFEST]


def facts(name: str, letters: int, *, table: bool) -> Facts:
    return Facts(name, "nucleotide", 1, letters, table, 0)


def test_little_that_is_new_is_not_merged() -> None:
    assert segments_to_merge([facts("1", 5_000, table=False), facts("2", 10**8, table=True)]) == []


def test_much_that_is_new_is_merged_with_what_is_not_much_larger() -> None:
    new, small, large = (
        facts("1", 3_000_000, table=False),
        facts("2", 10**6, table=True),
        facts("3", 10**8, table=True),
    )

    assert segments_to_merge([new, small, large]) == [new, small]


def test_many_new_segments_are_merged() -> None:
    new = [facts(str(n), 1_000, table=False) for n in range(9)]

    assert segments_to_merge(new) == new


@pytest.mark.slow
def test_recall_over_ten_thousand_sequences_of_iGEM_lengths(tmp_path: Path) -> None:
    sequences = bench.make_sequences(10_000, long=(20_000, 50_000))
    bench.build(tmp_path, sequences)
    index = SequenceIndex(tmp_path)
    for case in (case for case in bench.CASES if case.letters in (12, 20, 50, 200, 1_000) and case.mode != "global"):
        measured = bench.measure(case, index, sequences, 8)

        assert measured.found >= 0.99 * measured.expected, case
        assert bench.percentile(measured.found_s, 0.5) < 0.1, case
