// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

/// Creates pools whose constructor asks its creator for its parameters. The pool's creation code
/// is the code of another contract, for it is too long to be part of this one.
abstract contract PoolCreator {
    struct Parameters {
        address factory;
        address token0;
        address token1;
        uint24 fee;
        int24 tickSpacing;
    }

    Parameters public parameters;
    address internal immutable creationCode;

    constructor(address creationCode_) {
        creationCode = creationCode_;
    }

    function _create(Parameters memory given, bytes32 salt) internal returns (address pool) {
        parameters = given;
        bytes memory code = creationCode.code;
        assembly {
            pool := create2(0, add(code, 0x20), mload(code), salt)
        }
        require(pool != address(0), "no pool");
        delete parameters;
    }
}

/// What PancakeSwap V3's factory asks for its pools.
contract PoolDeployer is PoolCreator {
    constructor(address creationCode_) PoolCreator(creationCode_) {}

    function deploy(address factory, address token0, address token1, uint24 fee, int24 tickSpacing)
        external
        returns (address)
    {
        bytes32 salt = keccak256(abi.encode(token0, token1, fee));
        return _create(Parameters(factory, token0, token1, fee, tickSpacing), salt);
    }
}
