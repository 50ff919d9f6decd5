"""The values of the mandatory parameters that no other test would check."""

from palomar.smpp import MessageState, parameters


def test_the_parts_of_esm_class_do_not_overlap_and_fill_the_octet():
    parts = (
        parameters.ESM_MODE_MASK,
        parameters.ESM_TYPE_MASK,
        parameters.ESM_UDHI,
        parameters.ESM_REPLY_PATH,
    )
    assert sum(parts) == 0xFF


def test_message_types_lie_within_their_mask():
    types = [value for name, value in vars(parameters).items() if name.startswith("ESM_TYPE_") and "MASK" not in name]
    assert sorted(types) == [0x04, 0x08, 0x10, 0x18, 0x20]
    assert all(value & parameters.ESM_TYPE_MASK == value for value in types)


def test_final_states():
    assert {state.name for state in MessageState if not state.is_final} == {"SCHEDULED", "ENROUTE", "ACCEPTED"}
