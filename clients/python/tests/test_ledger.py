"""Calls, queries, refusals, receipts and proofs through the package."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from page import CHECKOUT
from stint.contribute.v1.contribute_pb2 import Contribution, GetSharesRequest, RecordRequest, RecordResponse
from stint.contribute.v1.contribute_pb2_grpc import ContributeStub
from stint.v1 import ledger_pb2

from stint import Expired, Key, Ledger, Options, Refused, Strange, Unanswered, new_id, proofs

RECORD = "/stint.contribute.v1.Contribute/Record"


def contribution(id, quantity="1"):
    return {"id": id, "author": "ana", "kind": "talk", "quantity": quantity, "date": "2026-11-20"}


def test_a_command_answers_when_final_with_its_receipt(ledger, contribute):
    id = new_id()
    answer = contribute.Record.options(id=id).answer(contribution=contribution("final"))
    assert answer.response.known is False and answer.receipt.id == id and answer.receipt.height == answer.height
    whole = ledger.receipt(ledger.key.public, id)
    assert [event.type for event in whole.events] == ["stint.contribute.v1.Recorded"]
    assert whole.writes_hash == answer.receipt.writes_hash


def test_the_same_id_again_gives_the_first_receipt_and_other_content_is_refused(contribute):
    method = contribute.Record.options(id=new_id())
    signed_once = method.answer(contribution=contribution("once"))
    # Signed again with another last height it is another call: the id is taken.
    with pytest.raises(Refused) as refused:
        method.answer(contribution=contribution("once", "2"))
    assert refused.value.rule == "id" and refused.value.receipt is None
    assert refused.value.code() == grpc.StatusCode.ALREADY_EXISTS
    assert signed_once.response.known is False


def test_a_call_that_was_sent_before_is_resumed_at_another_node(devnet, ledger):
    request = RecordRequest(contribution=Contribution(**contribution("resumed"))).SerializeToString()
    signed = ledger.sign(ledger.key, "forge", RECORD, request)
    first = ledger.resume(signed, RecordResponse)
    for address in devnet.addresses:
        with Ledger([address]) as other:
            again = other.resume(signed, RecordResponse)
            assert (again.receipt, again.response) == (first.receipt, first.response)


def test_a_dead_address_is_passed_over(devnet):
    addresses = ["127.0.0.1:1", *devnet.addresses]
    with Ledger(addresses, key=Key.load(devnet.steward_key)) as ledger:
        service = ledger.commons("forge").service("stint.contribute.v1.Contribute")
        assert service.Record(contribution=contribution("passed-over")).known is False
        assert ledger.nodes.current != "127.0.0.1:1"


def test_without_any_node_the_call_is_kept_for_later(devnet, ledger):
    request = RecordRequest(contribution=Contribution(**contribution("later"))).SerializeToString()
    signed = ledger.sign(ledger.key, "forge", RECORD, request)
    with Ledger(["127.0.0.1:1"]) as nowhere, pytest.raises(Unanswered, match="within 0.2 s") as unanswered:
        nowhere.submit(signed, patience_s=0.2)
    assert unanswered.value.call is signed and unanswered.value.code() == grpc.StatusCode.UNAVAILABLE
    assert ledger.resume(unanswered.value.call, RecordResponse).response.known is False


def test_a_call_that_was_too_late_says_at_which_height(ledger, contribute):
    contribute.Record(contribution=contribution("height"))
    with pytest.raises(Expired) as expired:
        contribute.Record.options(valid_for=-1)(contribution=contribution("too-late"))
    assert 0 < expired.value.height < ledger.status().height
    assert f"expired at height {expired.value.height}" in str(expired.value)


def test_a_refusal_says_rule_message_and_code_and_is_final(ledger, contribute):
    with pytest.raises(Refused) as refused:
        contribute.Record(contribution=contribution("bad", "0"))
    told = refused.value
    assert told.rule and "quantity" in told.message and told.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert told.receipt.refusal.rule == told.rule and not told.message.startswith(told.rule)
    assert ledger.receipt(ledger.key.public, told.receipt.id).refusal.message == told.message
    assert isinstance(told, grpc.RpcError) and told.details() == told.message


def test_a_refusals_facts_are_there_for_programs(ledger):
    """`not-ready` tells how long to wait."""
    module = (CHECKOUT / "contracts/dist/value.wasm").read_bytes()
    kernel = ledger.commons("forge").service("stint.v1.Kernel")
    published = kernel.Publish(module=module)
    with pytest.raises(Refused) as refused:
        kernel.Deploy(code_hash=published.code_hash)
    assert refused.value.rule == "not-ready" and int(refused.value.facts["wait_ms"]) > 0


def test_a_stranger_is_told_who_admits_agents(devnet, tmp_path):
    with Ledger(devnet.addresses, key=Key.create(tmp_path / "stranger.key")) as ledger:
        service = ledger.commons("forge").service("stint.contribute.v1.Contribute")
        with pytest.raises(Refused, match="a steward admits agents") as refused:
            service.Record(contribution=contribution("stranger"))
    assert refused.value.rule == "unknown-key"


def test_a_command_without_a_key_says_what_is_missing(devnet):
    with Ledger(devnet.addresses) as ledger:
        service = ledger.commons("forge").service("stint.contribute.v1.Contribute")
        with pytest.raises(ValueError, match="must be signed.*key="):
            service.Record(contribution=contribution("unsigned"))
        assert service.GetShares().contributors >= 0


def test_generated_stubs_work_on_a_commons_as_on_any_channel(ledger):
    with ledger.commons("forge") as forge:
        stub = ContributeStub(forge)
        request = RecordRequest(contribution=Contribution(**contribution("stubbed")))
        response, call = stub.Record.with_call(request)
        assert response.known is False and call.receipt.height == call.height
        assert dict(call.trailing_metadata())["stint-height"] == str(call.height)
        shares = stub.GetShares.future(GetSharesRequest()).result()
        older = stub.GetShares(GetSharesRequest(), metadata=(("stint-height", str(call.height - 1)),))
        assert shares.contributions == older.contributions + 1


def test_calls_are_awaited_in_asyncio(ledger):
    async def record(forge):
        stub = ContributeStub(forge)
        requests = [RecordRequest(contribution=Contribution(**contribution(f"awaited-{n}"))) for n in range(8)]
        answers = await asyncio.gather(*(asyncio.wrap_future(stub.Record.future(request)) for request in requests))
        assert [answer.known for answer in answers] == [False] * 8
        with pytest.raises(Refused, match="quantity"):
            bad = RecordRequest(contribution=Contribution(**contribution("awaited-bad", "0")))
            await asyncio.wrap_future(stub.Record.future(bad))

    with ledger.commons("forge") as forge:
        asyncio.run(record(forge))


def test_queries_may_ask_for_an_older_state(contribute):
    before = contribute.Record.answer(contribution=contribution("older")).height - 1
    assert contribute.GetShares.options(height=before)().contributions == contribute.GetShares().contributions - 1
    with pytest.raises(Refused, match="is not final") as refused:
        contribute.GetShares.options(height=10**9)()
    assert refused.value.rule == "height"


def test_a_query_is_never_older_than_what_was_seen(devnet, ledger, contribute):
    """The other nodes may be a block behind the one that acknowledged."""
    for n in range(20):
        recorded = contribute.Record.answer(contribution=contribution(f"seen-{n}"))
        # As if the node that acknowledged had died.
        ledger.nodes.leave(ledger.nodes.current)
        listed = contribute.ListContributions.answer(page_size=1000, author="ana")
        assert listed.height >= recorded.height
        assert f"seen-{n}" in {c.id for c in listed.response.contributions}


def test_facts_are_proved_by_the_genesis_file_alone(ledger, contribute):
    answer = contribute.Record.answer(contribution=contribution("proved"))
    key, id = ledger.key.public, answer.receipt.id
    assert ledger.prove_receipt(key, id) == answer.receipt
    assert ledger.prove_event(key, id, 0).type == "stint.contribute.v1.Recorded"
    there = ledger.prove_state([b"k/commons/forge", b"k/commons/nobody"])
    assert there[b"k/commons/forge"] and there[b"k/commons/nobody"] is None
    block = ledger.prove(ledger_pb2.ProveRequest(block=answer.height)).fact
    assert any(id in transaction for transaction in block.transactions)
    receipts = ledger.prove(ledger_pb2.ProveRequest(receipts=answer.height)).fact
    assert isinstance(receipts, proofs.Receipts) and receipts.height == answer.height


def test_a_range_of_the_state_is_proved_complete_and_the_rest_is_not_taken_for_absent(ledger):
    first, behind = b"k/member/forge/", b"k/member/forge0"
    parts = ledger_pb2.StateParts(ranges=[ledger_pb2.KeyRange(**{"from": first, "to": behind})])
    shown = ledger.prove(ledger_pb2.ProveRequest(state=parts)).fact.shown
    assert [key for key, _ in shown.range(first, behind)] == [b"k/member/forge/steward"]
    with pytest.raises(proofs.NotShown):
        list(shown.range(b"", b"\xff"))


def test_nothing_is_proved_to_who_trusts_other_validators(devnet, ledger, contribute):
    other = devnet.genesis.replace(b'"devnet"', b'"other"')
    with Ledger(devnet.addresses, genesis=other) as stranger, pytest.raises(proofs.Invalid) as invalid:
        stranger.prove_state([b"k/commons/forge"])
    assert invalid.value.why is proofs.Why.OTHER_LEDGER


def test_a_node_that_proves_another_fact_than_the_one_asked_is_found_out(devnet, ledger, contribute):
    """A true proof of something else: of another call, of another event, of another kind."""
    first, second = (contribute.Record.answer(contribution=contribution(f"lie-{n}")).receipt for n in (1, 2))
    asked = [
        ledger_pb2.ProveRequest(receipt=ledger_pb2.CallName(key=second.key, id=second.id)),
        ledger_pb2.ProveRequest(state=ledger_pb2.StateParts(keys=[b"k/commons/forge"])),
    ]
    for other in asked:
        answer = ledger.ask("Prove", other, ledger_pb2.ProveResponse)
        liar = grpc.server(ThreadPoolExecutor(1))
        handler = grpc.unary_unary_rpc_method_handler(lambda *_, answer=answer: answer.SerializeToString())
        liar.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("stint.v1.Ledger", {"Prove": handler})])
        address = f"127.0.0.1:{liar.add_insecure_port('127.0.0.1:0')}"
        liar.start()
        with Ledger([address], genesis=devnet.genesis) as believing:
            with pytest.raises(Strange, match="another fact"):
                believing.prove_receipt(first.key, first.id)
            with pytest.raises(Strange, match="another fact"):
                believing.prove_event(first.key, first.id, 0)
        liar.stop(None)


def test_unknown_names_are_answered_with_those_that_are_there(ledger, contribute):
    with pytest.raises(LookupError, match="no service a.b.C is deployed"):
        ledger.commons("forge").service("a.b.C")
    with pytest.raises(AttributeError, match="has no method Recrod; it has Record"):
        contribute.Recrod()
    assert "GetShares" in dir(contribute)
    assert "stint.contribute.v1.Contribute" in ledger.descriptors.names()
    assert Options().valid_for == 6_000
