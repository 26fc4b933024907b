/** Runs `wasm` in a browser, on two threads if the page allows them. */
import { wasm } from '../../src/backends/wasm/index.js';
import { compile, matmul, program, read } from '../../src/dsl/index.js';
import { open } from '../../src/index.js';

/** A product of matrices large enough for threads. */
const SIZE = 320;

export interface WasmChecks {
  readonly isIsolated: () => boolean;
  /** The notices of the backend, and the sum of x·x for a matrix of ones. */
  readonly run: () => Promise<{ readonly notices: readonly string[]; readonly sum: number }>;
}

const product = program({ x: 'N N' }, ({ x }) => matmul(x, x));

const checks: WasmChecks = {
  isIsolated: () => (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated === true,
  run: async () => {
    const notices: string[] = [];
    const nf = await open(wasm({ threads: 2, onNotice: (notice) => () => void notices.push(notice) }));
    const { run } = await nf.run(compile(product, { N: SIZE }));
    const inputs = { x: new Float32Array(SIZE * SIZE).fill(1) };
    await nf.run(run(inputs));
    const numbers = await nf.run(read(await nf.run(run(inputs)))); // a second run gives no second notice
    return { notices, sum: Array.from(numbers).reduce((a, b) => a + b, 0) };
  },
};
Object.assign(globalThis, { checks });
