import pytest

from router.gateway.http.frames import Batch, text_frame
from tests.unit.gateway.http.hub_scene import said


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, "8100"),
        (125, "817d"),
        (126, "817e007e"),
        (65_535, "817effff"),
        (65_536, "817f0000000000010000"),
    ],
)
def test_a_length_takes_as_many_bytes_as_rfc_6455_says(length, head):
    text = b"x" * length

    assert text_frame(text) == bytes.fromhex(head) + text


def test_a_batch_is_one_frame_for_all_who_know_it_by_one_name():
    batch = Batch(b"1,2", count=2, place=(2, 0))

    assert batch.under("a").frame is batch.under("a").frame
    assert said(batch.under("a").frame) == {"op": "events", "id": "a", "events": [1, 2]}
    assert said(batch.under("b").frame) == {"op": "events", "id": "b", "events": [1, 2]}
