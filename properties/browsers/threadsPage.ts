/** Runs the workers of the wasm backend in a browser. */
import { wasmBackend } from '../../src/backends/wasm/testing.js';
import { type Spawn, spawnWith } from '../../src/backends/wasm/threads/spawn.js';
import { createSite, turn } from '../../src/backends/wasm/threads/testing.js';
import { workerSource } from '../../src/backends/wasm/threads/workerSource.js';
import { compile, key, matmul, normal, program, read } from '../../src/dsl/index.js';
import { E } from '../../src/internal/fp.js';
import { valueOf } from '../oracles/plans.js';

/** The checks that a test can run in the page. */
export interface ThreadsChecks {
  readonly isIsolated: () => boolean;
  /** For each number of threads: whether the bits of a product equal those of the calling thread. */
  readonly equalBits: (threads: readonly number[]) => Promise<readonly boolean[]>;
  /** The number of turns of the event loop during a run that waits for 20 of them, and whether the run succeeded. */
  readonly turns: () => Promise<readonly [number, boolean]>;
  /**
   * Closes the backend during a run. Returns the outcome of the run, and whether workers of other backends continue.
   */
  readonly closed: () => Promise<readonly [string, boolean]>;
  /** Makes a worker throw during a run. Returns the outcomes of this run and of the next one. */
  readonly failed: () => Promise<readonly [string, boolean]>;
}

const product = program({ key: 'key' }, (inputs) => {
  const x = normal(inputs.key, 512, 512);
  return { y: matmul(matmul(x, x), x) };
});

const runOn = async (backend: ReturnType<typeof wasmBackend>) => {
  const { run } = valueOf(await compile(product, {})(backend)());
  return async (): Promise<E.Either<string, Float32Array>> => {
    const outputs = await run({ key: key(1) })();
    if (E.isLeft(outputs)) return E.left(`${outputs.left._tag}: ${outputs.left.actual}`);
    return E.right(Float32Array.from(valueOf(await read(outputs.right.y)(backend)())));
  };
};

const onCaller = await (await runOn(wasmBackend({ threads: 1 }, { worthWorkers: Infinity })))();

const isExpected = (numbers: E.Either<string, Float32Array>): boolean =>
  E.isRight(numbers) && E.isRight(onCaller) && numbers.right.every((x, i) => Object.is(x, onCaller.right[i]));

const withBackend = async <A>(
  spawn: Spawn,
  use: (run: Awaited<ReturnType<typeof runOn>>, backend: ReturnType<typeof wasmBackend>) => Promise<A>,
): Promise<A> => {
  // oxfmt-ignore
  const backend = wasmBackend({ threads: 2 }, { worthWorkers: 0, start: spawn });
  const result = await use(await runOn(backend), backend);
  await backend.close();
  return result;
};

const outcomeOf = (numbers: E.Either<string, unknown>): string => (E.isLeft(numbers) ? numbers.left : 'a value');

const checks: ThreadsChecks = {
  isIsolated: () => (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated === true,
  equalBits: async (threads) => {
    const equal: boolean[] = [];
    for (const count of threads) {
      const backend = wasmBackend({ threads: count }, { worthWorkers: 0 });
      equal.push(isExpected(await (await runOn(backend))()));
      await backend.close();
    }
    return equal;
  },
  turns: () => {
    const site = createSite();
    return withBackend(site.spawn, async (run) => {
      site.shut();
      const running = run();
      await site.reached();
      let turns = 0;
      for (; turns < 20; turns++) await turn();
      site.open();
      return [turns, isExpected(await running)];
    });
  },
  closed: () => {
    const site = createSite();
    return withBackend(site.spawn, async (run, backend) => {
      site.shut();
      const running = run();
      await site.reached();
      const closing = backend.close();
      site.open();
      await closing;
      const outcome = outcomeOf(await running);
      return [outcome, await withBackend(site.spawn, async (other) => isExpected(await other()))];
    });
  },
  failed: () => {
    let starts = 0;
    const throwing = spawnWith(`${workerSource}
      handlers.run = () => { throw new Error('a broken worker'); };`);
    const sound = spawnWith(workerSource);
    // the second of the first two workers
    return withBackend(
      (listener) => (++starts === 2 ? throwing : sound)(listener),
      async (run) => [outcomeOf(await run()), isExpected(await run())],
    );
  },
};
Object.assign(globalThis, { checks });
