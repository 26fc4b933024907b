/** Compares fused regions on a GPU with the same operations one by one, in the same plan. */
import { add, type Backend, groupNorm, mul, type Program, program, silu, square, tanh } from 'noisefold/dsl';
import type { DeviceBuffer, Runner } from '../../src/dsl/plan/backend.js';
import { plan } from '../../src/dsl/compile/planning.js';
import { nodeOf } from '../../src/dsl/graph/tensor.js';
import { interleaved, type Case } from '../measure.js';
import { ramp } from '../peers/jax.js';
import { atMost, information, orThrow, type Row } from '../table.js';
import { unfusedPlan } from '../unfused.js';
import { sizeOf } from '../../src/internal/numbers.js';

/** Cheap elementwise operations, whose time is determined by memory. */
const chain = program({ x: '8 32 32 64', y: '8 32 32 64' }, ({ x, y }) => ({
  z: tanh(add(square(add(mul(y, x), y)), mul(y, silu(x)))),
}));

const normed = program({ x: '8 32 32 64', gamma: '64', beta: '64' }, ({ x, gamma, beta }) => ({
  z: silu(groupNorm(x, { gamma, beta }, { groups: 8 })),
}));

/** The number of runs per measurement, so that the wait for the device has little effect. */
const RUNS = 4;

/** The number of rounds. Runs take milliseconds, so that few of them would mostly measure other work of the machine. */
const LEAST_ROUNDS = 21;

interface Pair {
  readonly cases: readonly [Case, Case];
  readonly calls: readonly [number, number];
  readonly release: () => Promise<void>;
}

const pairOf = async <I, O>(backend: Backend, name: string, of: Program<I, O>): Promise<Pair> => {
  const { plan: fused, traced } = orThrow(plan(of, {}, backend.capabilities));
  const apart = unfusedPlan(traced.inputs, nodeOf(traced.outputs[0]!.leaf), backend.capabilities);
  const inputs: DeviceBuffer[] = [];
  for (const { shape } of fused.inputs) inputs.push(orThrow(await backend.upload(ramp(sizeOf(shape)), 'float32')()));
  const mark = orThrow(await backend.upload(Float32Array.of(0), 'float32')());
  const runners: Runner[] = [];
  for (const one of [fused, apart]) runners.push(orThrow(await backend.compile(one)()));
  const results: DeviceBuffer[] = [];
  const run = (runner: Runner) => async (): Promise<void> => {
    let output: DeviceBuffer | null = null;
    for (let i = 0; i < RUNS; i++) {
      if (output !== null) backend.release(output)();
      [output] = orThrow(await runner.run(inputs)()) as [DeviceBuffer];
    }
    orThrow(await backend.read(mark)()); // completes after everything submitted before
    backend.release(output!)();
  };
  // both compute the same
  for (const runner of runners) results.push(...(orThrow(await runner.run(inputs)()) as DeviceBuffer[]));
  const [a, b] = [orThrow(await backend.read(results[0]!)()), orThrow(await backend.read(results[1]!)())];
  const apartBy = Array.from(a).reduce((most: number, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
  if (!(apartBy < 1e-4)) throw new Error(`bench: ${name} fused and unfused are apart by ${apartBy}`);
  for (const result of results) backend.release(result)();
  return {
    cases: [
      { name: `${name} fused`, run: run(runners[0]!) },
      { name: `${name} apart`, run: run(runners[1]!) },
    ],
    calls: [fused.calls.length, apart.calls.length],
    release: async () => {
      for (const runner of runners) runner.release();
      for (const buffer of [...inputs, mark]) backend.release(buffer)();
    },
  };
};

export const gpuRegionSection = async (backend: Backend, rounds: number): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  for (const [name, pair] of [
    ['elementwise chain', await pairOf(backend, 'chain', chain)],
    ['group norm + SiLU', await pairOf(backend, 'norm', normed)],
  ] as const) {
    const times = await interleaved(pair.cases, Math.max(LEAST_ROUNDS, rounds));
    const [fused, apart] = pair.cases.map((one) => times[one.name]! / RUNS) as [number, number];
    await pair.release();
    const note = `${pair.calls[0]} calls for ${pair.calls[1]}, [8, 32, 32, 64]`;
    rows.push(
      information(`${name}, one by one`, apart, 'ms'),
      atMost(`(c) ${name}, fused / one by one`, fused / apart, 0.5, '', note),
    );
  }
  return rows;
};
