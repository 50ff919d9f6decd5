"""A session from both sides: binding, the window, timers, refusals, and every way to end."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palomar.smpp import (
    MAX_SEQUENCE_NUMBER,
    AlertNotification,
    BindReceiver,
    BindReceiverResp,
    BindRefused,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    Bound,
    Closed,
    CloseReason,
    CommandStatus,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    Event,
    FrameBuffer,
    GenericNack,
    LateResponse,
    Outbind,
    Pdu,
    PduRefused,
    QuerySm,
    QuerySmResp,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    Session,
    SessionRole,
    SessionSettings,
    SessionState,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    UnencodablePdu,
    UnexpectedResponse,
    WindowFull,
    WrongState,
    decode,
    encode,
)

SETTINGS = SessionSettings(
    window=3, response_seconds=10, enquire_link_seconds=30, session_init_seconds=5, inactivity_seconds=None
)


def said(session: Session) -> list[Pdu]:
    """Return the PDUs that the session wants written."""
    return [decode(frame) for frame in FrameBuffer().receive(session.take_outgoing())]


def bound_esme(settings: SessionSettings = SETTINGS, bind: Pdu | None = None) -> Session:
    session = Session(SessionRole.ESME, 0.0, settings=settings)
    session.send(bind or BindTransceiver(system_id="esme"), 0.0)
    (request,) = said(session)
    answers = {1: BindReceiverResp, 2: BindTransmitterResp, 9: BindTransceiverResp}
    answer = answers[request.command_id](sequence_number=request.sequence_number, system_id="smsc")
    assert session.receive(encode(answer), 0.0) == [Bound(answer)]
    return session


def bound_smsc(settings: SessionSettings = SETTINGS, bind: Pdu | None = None) -> Session:
    session = Session(SessionRole.SMSC, 0.0, settings=settings)
    (event,) = session.receive(encode(bind or BindTransceiver(sequence_number=1)), 0.0)
    assert session.answer(event.pdu)
    session.take_outgoing()
    return session


class TestBinding:
    @pytest.mark.parametrize(
        ("bind", "answer", "state"),
        [
            (BindTransmitter(), BindTransmitterResp(system_id="smsc"), SessionState.BOUND_TX),
            (BindReceiver(), BindReceiverResp(system_id="smsc"), SessionState.BOUND_RX),
            (BindTransceiver(), BindTransceiverResp(system_id="smsc"), SessionState.BOUND_TRX),
        ],
    )
    def test_both_sides_reach_the_state_of_the_bind(self, bind: Pdu, answer: Pdu, state: SessionState):
        esme, smsc = Session(SessionRole.ESME, 0.0), Session(SessionRole.SMSC, 0.0)
        esme.send(bind, 0.0)
        (event,) = smsc.receive(esme.take_outgoing(), 0.1)
        assert event == RequestReceived(bind)
        assert smsc.state is SessionState.OPEN
        assert smsc.answer(event.pdu, answer)
        assert esme.receive(smsc.take_outgoing(), 0.2) == [Bound(answer)]
        assert (esme.state, smsc.state) == (state, state)
        assert (esme.is_bound, smsc.is_bound) == (True, True)

    def test_a_refused_bind_leaves_both_sides_open_for_another(self):
        esme, smsc = Session(SessionRole.ESME, 0.0), Session(SessionRole.SMSC, 0.0)
        esme.send(BindTransceiver(), 0.0)
        (event,) = smsc.receive(esme.take_outgoing(), 0.0)
        smsc.answer(event.pdu, status=CommandStatus.ESME_RINVPASWD)
        (refused,) = esme.receive(smsc.take_outgoing(), 4.0)
        assert isinstance(refused, BindRefused)
        assert refused.pdu.command_status == CommandStatus.ESME_RINVPASWD
        assert (esme.state, smsc.state) == (SessionState.OPEN, SessionState.OPEN)
        esme.send(BindTransceiver(), 4.0)
        (event,) = smsc.receive(esme.take_outgoing(), 4.0)
        assert isinstance(event, RequestReceived)

    def test_a_bind_answered_with_generic_nack_is_refused(self):
        esme = Session(SessionRole.ESME, 0.0)
        esme.send(BindTransceiver(), 0.0)
        nack = GenericNack(command_status=3, sequence_number=1)
        assert esme.receive(encode(nack), 0.0) == [BindRefused(nack)]

    @pytest.mark.parametrize("number", [0, 1, 7, 0xFFFFFFFF])
    def test_a_bind_is_refused_by_generic_nack_whatever_its_number(self, number: int):
        esme = Session(SessionRole.ESME, 0.0)
        esme.send(BindTransceiver(), 0.0)
        nack = GenericNack(command_status=CommandStatus.ESME_RINVSYSID, sequence_number=number)
        assert esme.receive(encode(nack), 0.0) == [BindRefused(nack)]
        assert esme.state is SessionState.OPEN

    @pytest.mark.parametrize(("status", "event"), [(0, Bound), (13, BindRefused)])
    def test_a_bind_is_answered_by_its_response_whatever_its_number(self, status: int, event: type):
        esme = Session(SessionRole.ESME, 0.0)
        esme.send(BindTransceiver(), 0.0)
        answer = BindTransceiverResp(command_status=status, sequence_number=0)
        (found,) = esme.receive(encode(answer), 0.0)
        assert isinstance(found, event)
        assert esme.is_bound is (status == 0)

    def test_once_bound_an_unexpected_generic_nack_is_ignored(self):
        esme = bound_esme()
        nack = GenericNack(command_status=CommandStatus.ESME_RINVCMDID)
        assert esme.receive(encode(nack), 1.0) == [UnexpectedResponse(nack)]
        assert esme.is_bound

    def test_nothing_else_can_be_sent_while_a_bind_is_pending(self):
        esme = Session(SessionRole.ESME, 0.0)
        esme.send(BindTransceiver(), 0.0)
        for pdu in (BindTransceiver(), SubmitSm()):
            with pytest.raises(WrongState):
                esme.send(pdu, 0.0)

    def test_a_second_bind_is_answered_already_bound(self):
        smsc = bound_smsc()
        (event,) = smsc.receive(encode(BindTransceiver(sequence_number=2)), 1.0)
        assert isinstance(event, PduRefused)
        assert said(smsc) == [BindTransceiverResp(command_status=CommandStatus.ESME_RALYBND, sequence_number=2)]
        assert smsc.state is SessionState.BOUND_TRX

    def test_a_second_bind_while_the_first_is_being_judged_is_refused(self):
        smsc = Session(SessionRole.SMSC, 0.0)
        (first,) = smsc.receive(encode(BindTransceiver(sequence_number=1)), 0.0)
        (second,) = smsc.receive(encode(BindTransmitter(sequence_number=2)), 0.0)
        assert isinstance(second, PduRefused)
        smsc.answer(first.pdu)
        assert smsc.state is SessionState.BOUND_TRX

    def test_outbind_invites_the_esme_to_bind(self):
        esme, smsc = Session(SessionRole.ESME, 0.0), Session(SessionRole.SMSC, 0.0)
        smsc.send(Outbind(system_id="smsc"), 0.0)
        (event,) = esme.receive(smsc.take_outgoing(), 0.0)
        assert isinstance(event.pdu, Outbind)
        assert (esme.state, smsc.state) == (SessionState.OUTBOUND, SessionState.OUTBOUND)
        assert not esme.answer(event.pdu)
        with pytest.raises(WrongState):
            esme.send(BindTransmitter(), 0.0)
        esme.send(BindReceiver(), 0.0)
        (event,) = smsc.receive(esme.take_outgoing(), 0.0)
        smsc.answer(event.pdu)
        esme.receive(smsc.take_outgoing(), 0.0)
        assert (esme.state, smsc.state) == (SessionState.BOUND_RX, SessionState.BOUND_RX)

    def test_no_bind_in_time_closes_the_session_of_the_smsc(self):
        smsc = Session(SessionRole.SMSC, 100.0, settings=SETTINGS)
        assert smsc.next_deadline() == 105.0
        assert smsc.on_time(104.9) == []
        assert smsc.on_time(105.0) == [Closed(CloseReason.SESSION_INIT_TIMEOUT, ())]

    def test_a_bind_without_an_answer_closes_the_session_of_the_esme(self):
        esme = Session(SessionRole.ESME, 100.0, settings=SETTINGS)
        esme.send(BindTransceiver(), 101.0)
        assert esme.next_deadline() == 111.0
        assert esme.on_time(111.0) == [Closed(CloseReason.BIND_TIMEOUT, ())]


class TestRequestsOfOurs:
    def test_answers_find_their_requests_in_any_order(self):
        esme = bound_esme()
        numbers = [esme.send(SubmitSm(), 1.0, context=f"message {n}") for n in range(3)]
        assert [pdu.sequence_number for pdu in said(esme)] == numbers
        assert (esme.window_free, esme.outstanding) == (0, 3)
        answers = [SubmitSmResp(sequence_number=n, message_id=str(n)) for n in reversed(numbers)]
        assert esme.receive(b"".join(map(encode, answers)), 2.0) == [
            ResponseReceived(f"message {n}", answer) for n, answer in zip((2, 1, 0), answers, strict=True)
        ]
        assert (esme.window_free, esme.outstanding) == (3, 0)

    def test_a_full_window_takes_no_more(self):
        esme = bound_esme()
        for _ in range(3):
            esme.send(SubmitSm(), 1.0)
        esme.take_outgoing()
        with pytest.raises(WindowFull):
            esme.send(SubmitSm(), 1.0)
        assert esme.take_outgoing() == b""

    def test_a_pdu_that_cannot_be_encoded_changes_nothing(self):
        esme = bound_esme()
        with pytest.raises(UnencodablePdu):
            esme.send(SubmitSm(source_addr="9" * 30), 1.0)
        assert (esme.window_free, esme.take_outgoing()) == (3, b"")
        assert esme.send(SubmitSm(), 1.0) == 2

    def test_a_generic_nack_answers_the_request_that_it_names(self):
        esme = bound_esme()
        number = esme.send(SubmitSm(), 1.0, context="m")
        nack = GenericNack(command_status=3, sequence_number=number)
        assert esme.receive(encode(nack), 1.0) == [ResponseReceived("m", nack)]

    def test_an_unexpected_answer_is_reported_and_changes_nothing(self):
        esme = bound_esme()
        stray = SubmitSmResp(sequence_number=4711, message_id="1")
        assert esme.receive(encode(stray), 1.0) == [UnexpectedResponse(stray)]
        assert esme.is_bound

    def test_an_answer_of_another_command_does_not_settle_the_request(self):
        esme = bound_esme()
        number = esme.send(SubmitSm(), 1.0, context="m")
        wrong = QuerySmResp(sequence_number=number)
        assert esme.receive(encode(wrong), 1.0) == [UnexpectedResponse(wrong)]
        right = SubmitSmResp(sequence_number=number)
        assert esme.receive(encode(right), 1.0) == [ResponseReceived("m", right)]

    def test_requests_time_out_in_order_and_late_answers_are_reported(self):
        esme = bound_esme()
        first, second = esme.send(SubmitSm(), 1.0, context="a"), esme.send(SubmitSm(), 2.0, context="b")
        assert esme.next_deadline() == 11.0
        assert esme.on_time(11.0) == [RequestTimedOut("a", first)]
        assert esme.window_free == 2
        assert esme.next_deadline() == 12.0
        late = SubmitSmResp(sequence_number=first, message_id="7")
        assert esme.receive(encode(late), 11.5) == [LateResponse("a", late)]
        assert esme.receive(encode(late), 11.5) == [UnexpectedResponse(late)]
        assert esme.on_time(12.0) == [RequestTimedOut("b", second)]

    def test_only_so_many_time_outs_are_remembered(self):
        esme = bound_esme(replace(SETTINGS, remembered_timeouts=1))
        numbers = [esme.send(SubmitSm(), 1.0, context=n) for n in range(2)]
        esme.on_time(11.0)
        late = [SubmitSmResp(sequence_number=number) for number in numbers]
        assert esme.receive(b"".join(map(encode, late)), 12.0) == [
            UnexpectedResponse(late[0]),
            LateResponse(1, late[1]),
        ]

    def test_sequence_numbers_begin_again_after_the_last_one(self):
        esme = Session(SessionRole.ESME, 0.0, first_sequence_number=MAX_SEQUENCE_NUMBER)
        assert esme.send(BindTransceiver(), 0.0) == MAX_SEQUENCE_NUMBER
        esme.receive(encode(BindTransceiverResp(sequence_number=MAX_SEQUENCE_NUMBER)), 0.0)
        assert esme.send(SubmitSm(), 0.0) == 1

    def test_a_window_of_a_thousand(self):
        esme = bound_esme(replace(SETTINGS, window=1000))
        numbers = [esme.send(SubmitSm(), 1.0, context=n) for n in range(1000)]
        assert esme.window_free == 0
        found = esme.receive(b"".join(encode(SubmitSmResp(sequence_number=n)) for n in numbers), 2.0)
        assert [event.context for event in found] == list(range(1000))

    def test_alert_notification_needs_no_room_in_the_window(self):
        smsc = bound_smsc(replace(SETTINGS, window=0))
        smsc.send(AlertNotification(), 1.0)
        assert smsc.outstanding == 0
        with pytest.raises(WindowFull):
            smsc.send(DeliverSm(), 1.0)


class TestRequestsOfThePeer:
    def test_are_answered_under_their_own_number(self):
        esme = bound_esme()
        (event,) = esme.receive(encode(DeliverSm(sequence_number=77)), 1.0)
        assert esme.answer(event.pdu, DeliverSmResp())
        (other,) = esme.receive(encode(DataSm(sequence_number=78)), 1.0)
        assert esme.answer(other.pdu, status=CommandStatus.ESME_RX_T_APPN)
        answers = said(esme)
        assert [(p.command_name, p.sequence_number, p.command_status) for p in answers] == [
            ("deliver_sm_resp", 77, 0),
            ("data_sm_resp", 78, CommandStatus.ESME_RX_T_APPN),
        ]

    def test_cannot_be_answered_with_the_response_of_another_command(self):
        esme = bound_esme()
        (event,) = esme.receive(encode(DeliverSm(sequence_number=77)), 1.0)
        with pytest.raises(UnencodablePdu):
            esme.answer(event.pdu, SubmitSmResp())

    def test_an_answer_after_the_end_is_not_sent_and_harmless(self):
        esme = bound_esme()
        (event,) = esme.receive(encode(DeliverSm(sequence_number=77)), 1.0)
        esme.connection_lost()
        assert not esme.answer(event.pdu)
        assert esme.take_outgoing() == b""

    @pytest.mark.parametrize(
        ("session", "request_pdu"),
        [
            (bound_esme(), SubmitSm()),
            (bound_esme(bind=BindTransmitter()), DeliverSm()),
            (bound_smsc(bind=BindReceiver(sequence_number=1)), SubmitSm()),
            (bound_smsc(), DeliverSm()),
            (Session(SessionRole.SMSC, 0.0), QuerySm()),
            (Session(SessionRole.ESME, 0.0), DeliverSm()),
            (Session(SessionRole.ESME, 0.0), BindTransceiver()),
        ],
    )
    def test_out_of_state_they_are_refused_and_the_session_lives(self, session: Session, request_pdu: Pdu):
        before = session.state
        request_pdu.sequence_number = 5
        (event,) = session.receive(encode(request_pdu), 1.0)
        assert isinstance(event, PduRefused)
        assert (event.command_id, event.sequence_number) == (request_pdu.command_id, 5)
        (answer,) = said(session)
        assert answer.command_id == request_pdu.command_id | 0x80000000
        assert (answer.command_status, answer.sequence_number) == (CommandStatus.ESME_RINVBNDSTS, 5)
        assert session.state is before

    def test_malformed_ones_are_answered_with_their_status(self):
        smsc = bound_smsc()
        frame = bytearray(encode(SubmitSm(sequence_number=6, short_message=b"hello")))
        frame[-6] = 200
        (event,) = smsc.receive(bytes(frame), 1.0)
        assert isinstance(event, PduRefused)
        assert event.status == CommandStatus.ESME_RINVMSGLEN
        assert said(smsc) == [SubmitSmResp(command_status=CommandStatus.ESME_RINVMSGLEN, sequence_number=6)]

    def test_an_esme_takes_a_malformed_one_whose_mandatory_part_is_whole_and_says_what_was_odd(self):
        esme = bound_esme()
        frame = encode(DeliverSm(sequence_number=6, short_message=b"hello")) + b"\0"
        frame = len(frame).to_bytes(4, "big") + frame[4:]
        (event,) = esme.receive(frame, 1.0)
        assert isinstance(event, RequestReceived)
        assert isinstance(event.pdu, DeliverSm)
        assert (event.pdu.short_message, event.frame) == (b"hello", frame)
        assert event.oddity == "deliver_sm with octets that are no optional parameters"

    def test_an_esme_refuses_one_whose_mandatory_part_is_not_whole(self):
        esme = bound_esme()
        frame = encode(DeliverSm(sequence_number=6))[:-2]
        (event,) = esme.receive(len(frame).to_bytes(4, "big") + frame[4:], 1.0)
        assert isinstance(event, PduRefused)
        assert said(esme) == [DeliverSmResp(command_status=CommandStatus.ESME_RINVCMDLEN, sequence_number=6)]

    def test_an_enquiry_and_an_unbind_with_octets_behind_them_are_answered(self):
        esme = bound_esme()
        assert esme.receive(bytes.fromhex("00000011 00000015 00000000 00000009 00"), 1.0) == []
        assert said(esme) == [EnquireLinkResp(sequence_number=9)]
        (event,) = esme.receive(bytes.fromhex("00000012 00000006 00000000 0000000a 0001"), 1.0)
        assert isinstance(event, Closed)
        assert said(esme) == [UnbindResp(sequence_number=10)]

    def test_unknown_commands_are_answered_with_generic_nack(self):
        esme = bound_esme()
        frame = bytes.fromhex("00000010 00010200 00000000 00000009")
        (event,) = esme.receive(frame + encode(DeliverSm(sequence_number=10)), 1.0)[:1]
        assert isinstance(event, PduRefused)
        assert said(esme) == [GenericNack(command_status=CommandStatus.ESME_RINVCMDID, sequence_number=9)]
        assert esme.is_bound

    def test_unknown_responses_and_malformed_alerts_are_reported_but_not_answered(self):
        esme = bound_esme()
        unknown_response = bytes.fromhex("00000010 80010200 00000000 00000009")
        cut_alert = bytes.fromhex("00000010 00000102 00000000 0000000A")
        found = esme.receive(unknown_response + cut_alert, 1.0)
        assert [type(event) for event in found] == [PduRefused, PduRefused]
        assert esme.take_outgoing() == b""


class TestLink:
    def test_enquire_link_is_answered_at_once_in_any_state(self):
        for session in (Session(SessionRole.ESME, 0.0), Session(SessionRole.SMSC, 0.0), bound_esme(), bound_smsc()):
            assert session.receive(encode(EnquireLink(sequence_number=3)), 1.0) == []
            assert said(session) == [EnquireLinkResp(sequence_number=3)]

    def test_a_silent_link_is_asked_and_an_answer_keeps_it(self):
        esme = bound_esme()
        assert esme.next_deadline() == 30.0
        assert esme.on_time(30.0) == []
        (question,) = said(esme)
        assert isinstance(question, EnquireLink)
        assert esme.next_deadline() == 40.0
        answer = encode(EnquireLinkResp(sequence_number=question.sequence_number))
        assert esme.receive(answer, 31.0) == []
        assert esme.next_deadline() == 61.0

    def test_anything_received_postpones_the_enquire_link(self):
        esme = bound_esme()
        esme.receive(encode(DeliverSm(sequence_number=1)), 29.0)
        assert esme.on_time(30.0) == []
        assert esme.take_outgoing() == b""
        assert esme.next_deadline() == 59.0

    def test_a_link_that_stays_silent_is_dead(self):
        esme = bound_esme()
        esme.send(SubmitSm(), 29.0, context="m")
        esme.on_time(30.0)
        assert esme.on_time(38.0) == []
        assert esme.on_time(40.0) == [RequestTimedOut("m", 2), Closed(CloseReason.LINK_DEAD, ())]

    def test_a_peer_that_sends_without_answering_enquire_link_is_alive(self):
        esme = bound_esme()
        esme.on_time(30.0)
        esme.receive(encode(DeliverSm(sequence_number=1)), 35.0)
        assert esme.on_time(40.0) == []
        assert esme.is_bound
        assert esme.next_deadline() == 65.0

    def test_inactivity_ends_the_session_with_an_unbind(self):
        smsc = bound_smsc(replace(SETTINGS, inactivity_seconds=60))
        smsc.receive(encode(SubmitSm(sequence_number=2)), 10.0)
        smsc.receive(encode(EnquireLink(sequence_number=3)), 50.0)
        smsc.take_outgoing()
        smsc.receive(encode(EnquireLink(sequence_number=4)), 69.0)
        assert smsc.on_time(70.0) == [Closed(CloseReason.INACTIVE, ())]
        assert isinstance(said(smsc)[-1], Unbind)

    def test_timers_that_are_switched_off_have_no_deadline(self):
        quiet = replace(SETTINGS, enquire_link_seconds=None, session_init_seconds=None)
        assert Session(SessionRole.ESME, 0.0, settings=quiet).next_deadline() is None
        assert bound_esme(quiet).next_deadline() is None


class TestEnd:
    def test_unbinding_still_takes_answers_and_requests(self):
        esme = bound_esme()
        number = esme.send(SubmitSm(), 1.0, context="m")
        esme.unbind(2.0)
        esme.unbind(2.0)
        assert esme.state is SessionState.UNBINDING
        assert [type(pdu) for pdu in said(esme)] == [SubmitSm, Unbind]
        with pytest.raises(WrongState):
            esme.send(SubmitSm(), 2.0)
        (delivered,) = esme.receive(encode(DeliverSm(sequence_number=8)), 3.0)
        assert esme.answer(delivered.pdu)
        answer = SubmitSmResp(sequence_number=number)
        assert esme.receive(encode(answer), 3.0) == [ResponseReceived("m", answer)]
        agreed = encode(UnbindResp(sequence_number=number + 1))
        assert esme.receive(agreed, 3.0) == [Closed(CloseReason.UNBOUND_BY_US, ())]
        assert esme.is_closed
        esme.unbind(4.0)

    def test_an_unbind_without_an_answer_ends_in_time(self):
        esme = bound_esme()
        esme.unbind(2.0)
        assert esme.next_deadline() == 12.0
        assert esme.on_time(12.0) == [Closed(CloseReason.UNBOUND_BY_US, ())]
        assert esme.next_deadline() is None

    def test_unbind_before_a_bind_is_a_mistake(self):
        with pytest.raises(WrongState):
            Session(SessionRole.ESME, 0.0).unbind(0.0)

    def test_the_peer_unbinds(self):
        smsc = bound_smsc()
        smsc.send(DeliverSm(), 1.0, context="d")
        smsc.take_outgoing()
        after = encode(SubmitSm(sequence_number=3))
        found = smsc.receive(encode(Unbind(sequence_number=2)) + after, 2.0)
        assert found == [Closed(CloseReason.UNBOUND_BY_PEER, ("d",))]
        assert said(smsc) == [UnbindResp(sequence_number=2)]

    def test_a_framing_error_is_nacked_and_ends_the_session_after_the_sound_pdus(self):
        esme = bound_esme()
        for context in ("a", "b"):
            esme.send(SubmitSm(), 1.0, context=context)
        esme.take_outgoing()
        answer = SubmitSmResp(sequence_number=2)
        found = esme.receive(encode(answer) + b"\0\0\0\x0f", 2.0)
        assert found == [ResponseReceived("a", answer), Closed(CloseReason.FRAMING_ERROR, ("b",))]
        assert said(esme) == [GenericNack(command_status=CommandStatus.ESME_RINVCMDLEN)]

    def test_a_lost_connection_gives_back_what_is_unanswered_once_and_in_order(self):
        esme = bound_esme()
        for context in ("a", "b", "c"):
            esme.send(SubmitSm(), 1.0, context=context)
        assert esme.connection_lost() == [Closed(CloseReason.CONNECTION_LOST, ("a", "b", "c"))]
        assert esme.connection_lost() == []
        assert esme.receive(encode(EnquireLink()), 2.0) == []
        assert esme.on_time(100.0) == []
        with pytest.raises(WrongState):
            esme.send(SubmitSm(), 2.0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_context_comes_back_exactly_once_whatever_happens(data: st.DataObject):
    esme = bound_esme(replace(SETTINGS, window=5))
    sent: list[int] = []
    found: list[Event] = []
    now = 1.0
    for context in range(data.draw(st.integers(1, 30))):
        now += data.draw(st.floats(0, 6))
        match data.draw(st.sampled_from(("send", "answer", "time"))):
            case "send" if esme.is_bound and esme.window_free:
                sent.append(esme.send(SubmitSm(), now, context=(context,)))
            case "answer" if sent:
                answer = SubmitSmResp(sequence_number=data.draw(st.sampled_from(sent)))
                found += esme.receive(encode(answer), now)
            case _:
                found += esme.on_time(now)
    found += esme.connection_lost()
    back = [e.context for e in found if isinstance(e, ResponseReceived | RequestTimedOut)]
    for event in found:
        if isinstance(event, Closed):
            back += event.unanswered
    assert len(back) == len(set(back)) == len(sent)
    assert sum(isinstance(event, Closed) for event in found) == 1


class TestOctets:
    """Events carry the frames that they are made of, so that nobody has to encode a PDU again."""

    def test_an_answer_comes_with_both_frames(self):
        session = bound_esme()
        session.send(SubmitSm(short_message=b"hi"), 1.0, context="part")
        request = session.take_outgoing()
        response = encode(SubmitSmResp(sequence_number=2, message_id="1"))
        (event,) = session.receive(response, 1.5)
        assert isinstance(event, ResponseReceived)
        assert (event.request, event.frame) == (request, response)

    def test_a_late_answer_too_and_a_time_out_has_the_request(self):
        session = bound_esme()
        session.send(SubmitSm(), 1.0, context="part")
        request = session.take_outgoing()
        (timed_out,) = session.on_time(11.0)
        assert isinstance(timed_out, RequestTimedOut)
        assert timed_out.request == request
        response = encode(SubmitSmResp(sequence_number=2, message_id="1"))
        (late,) = session.receive(response, 12.0)
        assert isinstance(late, LateResponse)
        assert (late.request, late.frame) == (request, response)

    def test_a_request_of_the_peer_comes_with_its_frame(self):
        session = bound_esme()
        frame = encode(DeliverSm(sequence_number=7, short_message=b"hi", tlvs=((0x1400, b"x"),)))
        (event,) = session.receive(frame, 1.0)
        assert isinstance(event, RequestReceived)
        assert event.frame == frame

    def test_the_end_gives_back_every_request_that_was_not_answered(self):
        session = bound_esme()
        for context in ("one", "two"):
            session.send(SubmitSm(short_message=context.encode()), 1.0, context=context)
        frames = FrameBuffer().receive(session.take_outgoing())
        (closed,) = session.connection_lost()
        assert isinstance(closed, Closed)
        assert (closed.unanswered, list(closed.requests)) == (("one", "two"), frames)
