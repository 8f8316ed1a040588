"""The Universal Router's input layouts, as the deployed contract reads them.

The encodings come from eth-abi and the signature from eth-account: nothing here is ours.
"""

import eth_abi
import pytest
from eth_account import Account
from eth_utils import keccak

from venues.sandbox.chain import ChainError, SwapPath, abi

V3_SWAP_EXACT_IN, V3_SWAP_EXACT_OUT, SWEEP, PERMIT2_PERMIT = b"\x00", b"\x01", b"\x04", b"\x0a"
MSG_SENDER = "0x0000000000000000000000000000000000000001"
ADDRESS_THIS = "0x0000000000000000000000000000000000000002"
FIVE_FIELDS = ["address", "uint256", "uint256", "bytes", "bool"]
SIX_FIELDS = [*FIVE_FIELDS, "uint256[]"]
PERMIT = ["((address,uint160,uint48,uint48),address,uint256)", "bytes"]
FAR = (1 << 48) - 1
BUY_ETHER = SwapPath(("USDC", "WETH"), (500,))
BUY_ETHER_BY_BITCOIN = SwapPath(("USDC", "WBTC", "WETH"), (3000, 500))
AMOUNT = 30_000 * 10**6
MIN_SQRT_RATIO = 4295128739


def execute(commands, inputs, *, deadline=FAR):
    selector = keccak(text="execute(bytes,bytes[],uint256)")[:4]
    types = ["bytes", "bytes[]", "uint256"]
    return selector + eth_abi.encode(types, [b"".join(commands), inputs, deadline])


def run(chain, name, data):
    """Send and return the status; a revert is an answer here."""
    account = chain.manifest.account(name)
    sent = chain.client.submit(account, chain.manifest.contracts["universal_router"], data)
    chain.client.mine()
    return int(chain.client.rpc.request("eth_getTransactionReceipt", sent)["status"], 16)


def refusal(chain, name, data):
    """Return the revert data of a call."""
    request = {
        "from": chain.manifest.account(name).address,
        "to": chain.manifest.contracts["universal_router"],
        "data": abi.to_hex(data),
    }
    with pytest.raises(ChainError) as raised:
        chain.client.rpc.request("eth_call", request, "latest")
    return bytes.fromhex(raised.value.data[2:])


def signed_permit(chain, *, token, amount, nonce=0):
    """Return the input of PERMIT2_PERMIT: the trader lets the router move `amount`."""
    router = chain.manifest.contracts["universal_router"]
    domain = {
        "name": "Permit2",
        "chainId": chain.manifest.chain_id,
        "verifyingContract": chain.manifest.contracts["permit2"],
    }
    types = {
        "PermitDetails": [
            {"name": "token", "type": "address"},
            {"name": "amount", "type": "uint160"},
            {"name": "expiration", "type": "uint48"},
            {"name": "nonce", "type": "uint48"},
        ],
        "PermitSingle": [
            {"name": "details", "type": "PermitDetails"},
            {"name": "spender", "type": "address"},
            {"name": "sigDeadline", "type": "uint256"},
        ],
    }
    details = {"token": token, "amount": amount, "expiration": FAR, "nonce": nonce}
    message = {"details": details, "spender": router, "sigDeadline": FAR}
    key = chain.manifest.account("trader").private_key
    signature = Account.sign_typed_data(key, domain, types, message).signature
    permit = ((token, amount, FAR, nonce), router, FAR)
    return eth_abi.encode(PERMIT, [permit, bytes(signature)])


@pytest.mark.parametrize("path", [BUY_ETHER, BUY_ETHER_BY_BITCOIN], ids=["one hop", "two hops"])
def test_exact_in_takes_five_fields(chain_snapshot, path):
    client, holder = chain_snapshot.client, chain_snapshot.manifest.account("other").address
    quoted = client.quote_exact_input(path, AMOUNT)
    before = client.balance_of("WETH", holder)
    fields = [MSG_SENDER, AMOUNT, quoted, path.packed(chain_snapshot.manifest), True]

    status = run(
        chain_snapshot, "other", execute([V3_SWAP_EXACT_IN], [eth_abi.encode(FIVE_FIELDS, fields)])
    )

    assert status == 1
    assert client.balance_of("WETH", holder) - before == quoted


def test_a_sixth_field_with_hop_prices_is_not_read_by_this_version(chain_snapshot):
    client, holder = chain_snapshot.client, chain_snapshot.manifest.account("other").address
    quoted = client.quote_exact_input(BUY_ETHER, AMOUNT)
    before = client.balance_of("WETH", holder)
    unreachable = [(1 << 256) - 1]
    fields = [MSG_SENDER, AMOUNT, 0, BUY_ETHER.packed(chain_snapshot.manifest), True, unreachable]

    status = run(
        chain_snapshot, "other", execute([V3_SWAP_EXACT_IN], [eth_abi.encode(SIX_FIELDS, fields)])
    )

    assert status == 1
    assert client.balance_of("WETH", holder) - before == quoted


@pytest.mark.parametrize("path", [BUY_ETHER, BUY_ETHER_BY_BITCOIN], ids=["one hop", "two hops"])
def test_exact_out_takes_five_fields_and_the_path_backwards(chain_snapshot, path):
    client, holder = chain_snapshot.client, chain_snapshot.manifest.account("other").address
    wanted = 3 * 10**18
    needed = client.quote_exact_output(path, wanted)
    before = client.balance_of("USDC", holder), client.balance_of("WETH", holder)
    backwards = path.reversed().packed(chain_snapshot.manifest)
    fields = [MSG_SENDER, wanted, 2 * needed, backwards, True]

    status = run(
        chain_snapshot, "other", execute([V3_SWAP_EXACT_OUT], [eth_abi.encode(FIVE_FIELDS, fields)])
    )

    assert status == 1
    assert before[0] - client.balance_of("USDC", holder) == needed
    assert client.balance_of("WETH", holder) - before[1] == wanted


def test_one_signature_pays_a_split_whose_total_the_sweep_guards(chain_snapshot):
    client, manifest = chain_snapshot.client, chain_snapshot.manifest
    holder, usdc = manifest.account("trader").address, manifest.token("USDC").address
    paths = (BUY_ETHER, SwapPath(("USDC", "WETH"), (3000,)), BUY_ETHER_BY_BITCOIN)
    quoted = sum(client.quote_exact_input(path, AMOUNT) for path in paths)
    before = client.balance_of("USDC", holder), client.balance_of("WETH", holder)
    swaps = [
        eth_abi.encode(FIVE_FIELDS, [ADDRESS_THIS, AMOUNT, 0, path.packed(manifest), True])
        for path in paths
    ]
    permit = signed_permit(chain_snapshot, token=usdc, amount=3 * AMOUNT)
    weth = manifest.token("WETH").address

    def order(minimum):
        sweep = eth_abi.encode(["address", "address", "uint256"], [weth, MSG_SENDER, minimum])
        return execute([PERMIT2_PERMIT, *([V3_SWAP_EXACT_IN] * 3), SWEEP], [permit, *swaps, sweep])

    assert (
        refusal(chain_snapshot, "trader", order(quoted + 1))
        == keccak(text="InsufficientToken()")[:4]
    )
    assert run(chain_snapshot, "trader", order(quoted)) == 1
    assert before[0] - client.balance_of("USDC", holder) == 3 * AMOUNT
    assert client.balance_of("WETH", holder) - before[1] == quoted
    assert client.balance_of("WETH", manifest.contracts["universal_router"]) == 0


def test_a_permit_is_good_once(chain_snapshot):
    usdc = chain_snapshot.manifest.token("USDC").address
    data = execute([PERMIT2_PERMIT], [signed_permit(chain_snapshot, token=usdc, amount=1)])
    assert run(chain_snapshot, "trader", data) == 1

    reason = refusal(chain_snapshot, "trader", data)

    # ExecutionFailed(0, InvalidNonce()): what Permit2 said, wrapped with the command's index.
    assert reason[:4] == keccak(text="ExecutionFailed(uint256,bytes)")[:4]
    index, message = eth_abi.decode(["uint256", "bytes"], reason[4:])
    assert (index, message) == (0, keccak(text="InvalidNonce()")[:4])


def test_the_router_refuses_too_little_too_much_and_too_late(chain):
    path = BUY_ETHER.packed(chain.manifest)
    backwards = BUY_ETHER.reversed().packed(chain.manifest)
    quoted = chain.client.quote_exact_input(BUY_ETHER, AMOUNT)
    needed = chain.client.quote_exact_output(BUY_ETHER, 10**18)
    little = eth_abi.encode(FIVE_FIELDS, [MSG_SENDER, AMOUNT, quoted + 1, path, True])
    much = eth_abi.encode(FIVE_FIELDS, [MSG_SENDER, 10**18, needed - 1, backwards, True])

    def reason(command, fields, **deadline):
        return refusal(chain, "other", execute([command], [fields], **deadline))

    assert reason(V3_SWAP_EXACT_IN, little) == keccak(text="V3TooLittleReceived()")[:4]
    assert reason(V3_SWAP_EXACT_OUT, much) == keccak(text="V3TooMuchRequested()")[:4]
    late = reason(V3_SWAP_EXACT_IN, little, deadline=1)
    assert late == keccak(text="TransactionDeadlinePassed()")[:4]


def test_a_swap_goes_to_the_pool_without_a_price_limit(chain):
    pool = chain.manifest.pool("WETH", "USDC", 500)
    fields = [MSG_SENDER, AMOUNT, 0, BUY_ETHER.packed(chain.manifest), True]
    request = {
        "from": chain.manifest.account("other").address,
        "to": chain.manifest.contracts["universal_router"],
        "data": abi.to_hex(execute([V3_SWAP_EXACT_IN], [eth_abi.encode(FIVE_FIELDS, fields)])),
    }

    trace = chain.client.rpc.request("debug_traceCall", request, "latest", {"tracer": "callTracer"})

    swap = next(call for call in trace["calls"] if call["to"] == pool.address.lower())
    types = ["address", "bool", "int256", "uint160", "bytes"]
    _, zero_for_one, amount, limit, _ = eth_abi.decode(types, bytes.fromhex(swap["input"][10:]))
    assert (zero_for_one, amount, limit) == (True, AMOUNT, MIN_SQRT_RATIO + 1)
