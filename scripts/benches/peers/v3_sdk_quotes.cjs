// Quotes swaps with the TypeScript SDK of Uniswap V3: a task on standard input, an answer on output.
const { CurrencyAmount, Token } = require("@uniswap/sdk-core");
const { Pool, TickListDataProvider } = require("@uniswap/v3-sdk");

const task = JSON.parse(require("node:fs").readFileSync(0, "utf8"));

const pools = task.pools.map((state) => {
  const token0 = new Token(task.chain_id, state.token0, 18);
  const token1 = new Token(task.chain_id, state.token1, 18);
  const ticks = state.ticks.map(([index, net, gross]) => ({
    index,
    liquidityNet: net,
    liquidityGross: gross,
  }));
  return new Pool(
    token0,
    token1,
    state.fee_pips,
    state.sqrt_price_x96,
    state.liquidity,
    state.tick,
    new TickListDataProvider(ticks, state.tick_spacing),
  );
});

async function timed(order) {
  const pool = pools[order.pool];
  const [tokenIn, tokenOut] = order.zero_for_one
    ? [pool.token0, pool.token1]
    : [pool.token1, pool.token0];
  const isInput = !order.amounts[0].startsWith("-");
  const amounts = order.amounts.map((signed) =>
    CurrencyAmount.fromRawAmount(isInput ? tokenIn : tokenOut, signed.replace("-", "")),
  );
  const ask = (amount) => (isInput ? pool.getOutputAmount(amount) : pool.getInputAmount(amount));
  const counters = [await ask(amounts.pop())];
  const started = process.hrtime.bigint();
  for (const amount of amounts) {
    counters.push(await ask(amount));
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9 / amounts.length;
  const total = counters.reduce((sum, [counter]) => sum + BigInt(counter.quotient.toString()), 0n);
  return [total.toString(), seconds];
}

(async () => {
  const answers = [];
  for (const order of task.orders) {
    answers.push(await timed(order));
  }
  const [totals, seconds] = [0, 1].map((at) => answers.map((answer) => answer[at]));
  process.stdout.write(JSON.stringify({ totals, seconds }));
})();
