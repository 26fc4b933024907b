/** A program that does not close its backend: it runs twice on workers, and waits only for these runs. */
import { wasmBackend } from '../../src/backends/wasm/testing.js';
import { compile, program, read, upload, matmul } from '../../src/dsl/index.js';
import { valueOf } from '../oracles/plans.js';

const backend = wasmBackend({ threads: 2 }, { worthWorkers: 0 });
const { run } = valueOf(
  await compile(
    program({ x: '2 2' }, ({ x }) => ({ y: matmul(x, x) })),
    {},
  )(backend)(),
);
const x = valueOf(await upload(Float32Array.of(1, 1, 0, 1), [2, 2])(backend)());

const once = async (): Promise<void> => {
  const { y } = valueOf(await run({ x })());
  console.log(Array.from(valueOf(await read(y)(backend)())).join());
};

void (async () => {
  await once();
  // during this time only the timer keeps the process alive
  await new Promise((resolve) => void setTimeout(resolve, 20));
  await once();
})();
