// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {PoolCreator} from "PoolDeployer.sol";

interface IFee {
    function fee() external view returns (uint24);
}

/// Stands in for Slipstream's factory: pools known by their tick spacing, and its own event.
contract SlipstreamFactory is PoolCreator {
    event PoolCreated(
        address indexed token0, address indexed token1, int24 indexed tickSpacing, address pool
    );

    uint24 private immutable feeMark;
    address public immutable owner;
    mapping(address => mapping(address => mapping(int24 => address))) public getPool;
    mapping(address => bool) public isPool;
    address[] public allPools;

    constructor(address creationCode_, uint24 feeMark_, address owner_) PoolCreator(creationCode_) {
        feeMark = feeMark_;
        owner = owner_;
    }

    /// Slipstream initialises a pool as it creates it; here the event comes first, and the
    /// sandbox initialises the pool once its code is in its place.
    function createPool(address tokenA, address tokenB, int24 tickSpacing, uint160)
        external
        returns (address pool)
    {
        (address token0, address token1) = tokenA < tokenB ? (tokenA, tokenB) : (tokenB, tokenA);
        bytes32 salt = keccak256(abi.encode(token0, token1, tickSpacing));
        pool = _create(Parameters(address(this), token0, token1, feeMark, tickSpacing), salt);
        getPool[token0][token1][tickSpacing] = pool;
        getPool[token1][token0][tickSpacing] = pool;
        isPool[pool] = true;
        allPools.push(pool);
        emit PoolCreated(token0, token1, tickSpacing, pool);
    }

    function allPoolsLength() external view returns (uint256) {
        return allPools.length;
    }

    function getSwapFee(address pool) external view returns (uint24) {
        return IFee(pool).fee();
    }
}

/// Stands before a Uniswap V3 pool and gives its answers the form of Slipstream's.
contract SlipstreamPool {
    address private immutable pool;

    constructor(address pool_) {
        pool = pool_;
    }

    /// Price, tick, three words on observations, unlocked: without `feeProtocol`.
    function slot0() external returns (uint256[6] memory answer) {
        uint256[7] memory own = abi.decode(_ask(), (uint256[7]));
        for (uint256 i = 0; i < 5; ++i) answer[i] = own[i];
        answer[5] = own[6];
    }

    /// With `stakedLiquidityNet` (third) and `rewardGrowthOutsideX128` (sixth), both zero, for
    /// nothing is staked here.
    function ticks(int24) external returns (uint256[10] memory answer) {
        uint256[8] memory own = abi.decode(_ask(), (uint256[8]));
        (answer[0], answer[1], answer[3], answer[4]) = (own[0], own[1], own[2], own[3]);
        for (uint256 i = 4; i < 8; ++i) answer[i + 2] = own[i];
    }

    function fee() external returns (uint24) {
        return abi.decode(_ask(), (uint24));
    }

    function _ask() private returns (bytes memory answer) {
        bool done;
        (done, answer) = pool.delegatecall(msg.data);
        require(done, "refused");
    }

    fallback() external {
        address target = pool;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), target, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            switch done
            case 0 { revert(0, returndatasize()) }
            default { return(0, returndatasize()) }
        }
    }
}
