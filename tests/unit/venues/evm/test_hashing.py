"""Addresses of real pools, computed from their factories; and the published hash vectors."""

import pytest

from venues.evm.pools.fee_tiers import pool_salt
from venues.evm.words import abi
from venues.evm.words.hashing import clone_init_code_hash, create2_address, keccak256
from venues.pancakeswap_v3.spec import INIT_CODE_HASH as PANCAKE
from venues.uniswap_v2.spec import INIT_CODE_HASH as V2
from venues.uniswap_v3.spec import INIT_CODE_HASH as V3

# Ethereum, Base, BNB Smart Chain.
USDC, WETH = (
    "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
    "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
)
BASE_WETH, BASE_USDC = (
    "0x4200000000000000000000000000000000000006",
    "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
)
USDT, WBNB = (
    "0x55d398326f99059fF775485246999027B3197955",
    "0xbb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c",
)


@pytest.mark.parametrize(
    ("deployer", "salt", "code", "pool"),
    [
        (
            "0x1F98431c8aD98523631AE4a59f267346ea31F984",
            pool_salt(USDC, WETH, 500),
            V3,
            "0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640",
        ),
        (
            "0x33128a8fC17869897dcE68Ed026d694621f6FDfD",
            pool_salt(BASE_WETH, BASE_USDC, 500),
            V3,
            "0xd0b53D9277642d899DF5C87A3966A349A798F224",
        ),
        (
            "0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f",
            keccak256(abi.address_bytes(USDC) + abi.address_bytes(WETH)),
            V2,
            "0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc",
        ),
        (
            "0x41ff9AA7e16B8B1a8a8dc4f0eFacd93D02d071c9",
            pool_salt(USDT, WBNB, 500),
            PANCAKE,
            "0x36696169C63e42cd08ce11f5deeBbCeBae652050",
        ),
        (
            "0x5e7BB104d84c7CB9B682AaC2F3d509f5F406809A",
            pool_salt(BASE_WETH, BASE_USDC, 100),
            clone_init_code_hash("0xeC8E5342B19977B4eF8892e02D8DAEcfa1315831"),
            "0xb2cc224c1c9feE385f8ad6a55b4d94E92359DC59",
        ),
    ],
)
def test_the_address_of_a_pool_follows_from_its_factory(deployer, salt, code, pool):
    assert create2_address(deployer, salt=salt, init_code_hash=code) == pool.lower()


def test_the_first_example_of_eip_1014():
    code = "0x" + keccak256(b"\0").hex()

    address = create2_address("0x" + "00" * 20, salt=bytes(32), init_code_hash=code)

    assert address == "0x4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38"
