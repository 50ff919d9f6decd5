"""Ids of messages and parts, and what a carrier may echo of them."""

from hypothesis import given
from hypothesis import strategies as st

from palomar.vocabulary.message import (
    EPOCH_MS,
    NODES_MAX,
    PARTS_MAX,
    echo_of,
    make_message_id,
    message_of,
    part_id,
    part_ids,
    part_number,
)

MS = st.integers(EPOCH_MS, EPOCH_MS + (1 << 41) - 1)


@given(at_ms=MS, node=st.integers(0, NODES_MAX - 1))
def test_no_two_parts_of_one_millisecond_and_node_share_their_echo(at_ms: int, node: int) -> None:
    identities = [
        part_id(make_message_id(at_ms=at_ms, node=node, sequence=sequence), number)
        for sequence in (0, 1, 2, 127, 254, 255)
        for number in (1, 2, 3, 128, PARTS_MAX)
    ]
    echoes = {echo_of(identity) for identity in identities}
    assert len(echoes) == len(identities)
    assert all(0 <= echo <= 0xFFFF for echo in echoes)


def test_messages_of_neighboring_milliseconds_have_different_echoes() -> None:
    echoes = {
        echo_of(part_id(make_message_id(at_ms=EPOCH_MS + ms, node=0, sequence=0), 1))
        for ms in range(1_000_000, 1_010_000)
    }
    assert len(echoes) > 9_000


@given(st.integers(0, 10**12), st.integers(0, NODES_MAX - 1), st.integers(0, 255), st.integers(1, PARTS_MAX))
def test_a_part_s_id_has_its_message_and_its_number(ms: int, node: int, sequence: int, parts: int) -> None:
    message_id = make_message_id(at_ms=EPOCH_MS + ms, node=node, sequence=sequence)
    ids = part_ids(message_id, parts)
    assert list(ids) == [part_id(message_id, number) for number in range(1, parts + 1)]
    assert [part_number(identity) for identity in ids] == list(range(1, parts + 1))
    assert {message_of(identity) for identity in ids} == {message_id}
