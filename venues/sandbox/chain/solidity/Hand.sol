// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

interface IToken {
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

interface IPool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function swap(address to, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data)
        external
        returns (int256, int256);
    function mint(address owner, int24 lower, int24 upper, uint128 liquidity, bytes calldata data)
        external
        returns (uint256, uint256);
    function burn(int24 lower, int24 upper, uint128 liquidity) external returns (uint256, uint256);
    function collect(address to, int24 lower, int24 upper, uint128 max0, uint128 max1)
        external
        returns (uint128, uint128);
}

/// Calls pools directly, as routers and position managers do, and lets its caller pay. All
/// positions are its own. For a sandbox: it pays whoever calls back.
contract Hand {
    function swap(address pool, bool zeroForOne, int256 amount, uint160 limit) external {
        IPool(pool).swap(msg.sender, zeroForOne, amount, limit, abi.encode(msg.sender));
    }

    function mint(address pool, int24 lower, int24 upper, uint128 liquidity) external {
        IPool(pool).mint(address(this), lower, upper, liquidity, abi.encode(msg.sender));
    }

    function burn(address pool, int24 lower, int24 upper, uint128 liquidity) external {
        IPool(pool).burn(lower, upper, liquidity);
    }

    function collect(address pool, int24 lower, int24 upper) external {
        IPool(pool).collect(msg.sender, lower, upper, type(uint128).max, type(uint128).max);
    }

    function uniswapV3SwapCallback(int256 owed0, int256 owed1, bytes calldata data) external {
        _pay(owed0, owed1, data);
    }

    function pancakeV3SwapCallback(int256 owed0, int256 owed1, bytes calldata data) external {
        _pay(owed0, owed1, data);
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata data) external {
        _pay(int256(owed0), int256(owed1), data);
    }

    function pancakeV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata data) external {
        _pay(int256(owed0), int256(owed1), data);
    }

    function _pay(int256 owed0, int256 owed1, bytes calldata data) private {
        address payer = abi.decode(data, (address));
        if (owed0 > 0) _pull(IPool(msg.sender).token0(), payer, uint256(owed0));
        if (owed1 > 0) _pull(IPool(msg.sender).token1(), payer, uint256(owed1));
    }

    function _pull(address token, address payer, uint256 amount) private {
        require(IToken(token).transferFrom(payer, msg.sender, amount), "not paid");
    }
}
