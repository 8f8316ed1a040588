// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

interface IErc20 {
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

interface ISwapPool {
    function swap(address to, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data)
        external
        returns (int256, int256);
}

/// What the routers of PancakeSwap V3 and Slipstream do with one pool: they pay out of the
/// allowance that their caller gave them, and refuse what comes too late or too dear.
abstract contract StandInRouter {
    uint160 private constant MIN_PRICE = 4295128739;
    uint160 private constant MAX_PRICE = 1461446703485210103287273052203988822378723970342;

    struct Order {
        address tokenIn;
        address tokenOut;
        uint24 key;
        address recipient;
        uint160 limit;
    }

    modifier before(uint256 deadline) {
        require(block.timestamp <= deadline, "Transaction too old");
        _;
    }

    /// Which pool of two tokens is meant.
    function _pool(address tokenIn, address tokenOut, uint24 key) internal view virtual returns (address);

    function multicall(bytes[] calldata calls) external payable returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool done, bytes memory result) = address(this).delegatecall(calls[i]);
            if (!done) {
                assembly {
                    revert(add(result, 0x20), mload(result))
                }
            }
            results[i] = result;
        }
    }

    function _sell(Order memory order, uint256 amountIn, uint256 least) internal returns (uint256 out) {
        (, out) = _swap(order, int256(amountIn));
        require(out >= least, "Too little received");
    }

    function _buy(Order memory order, uint256 amountOut, uint256 most) internal returns (uint256 paid) {
        uint256 out;
        (paid, out) = _swap(order, -int256(amountOut));
        require(order.limit != 0 || out == amountOut, "Not enough there");
        require(paid <= most, "Too much requested");
    }

    function _swap(Order memory order, int256 amount) private returns (uint256 paid, uint256 out) {
        bool zeroForOne = order.tokenIn < order.tokenOut;
        uint160 limit = order.limit;
        if (limit == 0) limit = zeroForOne ? MIN_PRICE + 1 : MAX_PRICE - 1;
        address pool = _pool(order.tokenIn, order.tokenOut, order.key);
        bytes memory data = abi.encode(order.tokenIn, order.tokenOut, order.key, msg.sender);
        (int256 amount0, int256 amount1) =
            ISwapPool(pool).swap(order.recipient, zeroForOne, amount, limit, data);
        (int256 owed, int256 given) = zeroForOne ? (amount0, amount1) : (amount1, amount0);
        return (uint256(owed), uint256(-given));
    }

    function _pay(int256 owed0, int256 owed1, bytes calldata data) internal {
        (address tokenIn, address tokenOut, uint24 key, address payer) =
            abi.decode(data, (address, address, uint24, address));
        require(msg.sender == _pool(tokenIn, tokenOut, key), "not a pool");
        uint256 owed = uint256(owed0 > 0 ? owed0 : owed1);
        require(IErc20(tokenIn).transferFrom(payer, msg.sender, owed), "STF");
    }
}

interface IFeeFactory {
    function getPool(address, address, uint24) external view returns (address);
}

contract PancakeRouter is StandInRouter {
    struct ExactInputSingleParams {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 deadline;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
    }

    struct ExactOutputSingleParams {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 deadline;
        uint256 amountOut;
        uint256 amountInMaximum;
        uint160 sqrtPriceLimitX96;
    }

    address public immutable factory;

    constructor(address factory_) {
        factory = factory_;
    }

    function exactInputSingle(ExactInputSingleParams calldata p)
        external
        payable
        before(p.deadline)
        returns (uint256)
    {
        Order memory order = Order(p.tokenIn, p.tokenOut, p.fee, p.recipient, p.sqrtPriceLimitX96);
        return _sell(order, p.amountIn, p.amountOutMinimum);
    }

    function exactOutputSingle(ExactOutputSingleParams calldata p)
        external
        payable
        before(p.deadline)
        returns (uint256)
    {
        Order memory order = Order(p.tokenIn, p.tokenOut, p.fee, p.recipient, p.sqrtPriceLimitX96);
        return _buy(order, p.amountOut, p.amountInMaximum);
    }

    function pancakeV3SwapCallback(int256 owed0, int256 owed1, bytes calldata data) external {
        _pay(owed0, owed1, data);
    }

    function _pool(address a, address b, uint24 key) internal view override returns (address) {
        return IFeeFactory(factory).getPool(a, b, key);
    }
}

interface ISpacingFactory {
    function getPool(address, address, int24) external view returns (address);
}

contract SlipstreamRouter is StandInRouter {
    struct ExactInputSingleParams {
        address tokenIn;
        address tokenOut;
        int24 tickSpacing;
        address recipient;
        uint256 deadline;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
    }

    struct ExactOutputSingleParams {
        address tokenIn;
        address tokenOut;
        int24 tickSpacing;
        address recipient;
        uint256 deadline;
        uint256 amountOut;
        uint256 amountInMaximum;
        uint160 sqrtPriceLimitX96;
    }

    address public immutable factory;

    constructor(address factory_) {
        factory = factory_;
    }

    function exactInputSingle(ExactInputSingleParams calldata p)
        external
        payable
        before(p.deadline)
        returns (uint256)
    {
        uint24 key = uint24(p.tickSpacing);
        Order memory order = Order(p.tokenIn, p.tokenOut, key, p.recipient, p.sqrtPriceLimitX96);
        return _sell(order, p.amountIn, p.amountOutMinimum);
    }

    function exactOutputSingle(ExactOutputSingleParams calldata p)
        external
        payable
        before(p.deadline)
        returns (uint256)
    {
        uint24 key = uint24(p.tickSpacing);
        Order memory order = Order(p.tokenIn, p.tokenOut, key, p.recipient, p.sqrtPriceLimitX96);
        return _buy(order, p.amountOut, p.amountInMaximum);
    }

    function uniswapV3SwapCallback(int256 owed0, int256 owed1, bytes calldata data) external {
        _pay(owed0, owed1, data);
    }

    function _pool(address a, address b, uint24 key) internal view override returns (address) {
        return ISpacingFactory(factory).getPool(a, b, int24(key));
    }
}
