/**
 * Closes a backend at every point where a call waits. The call must end with an error of a closed backend or with the
 * right result, all memory must be freed, and the values of other backends must stay intact.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { valueOf } from '../../../properties/oracles/plans.js';
import { skippedFor } from '../../../properties/skips.js';
import { noWebgpu } from '../../../properties/webgpu.js';
import type { Backend, DeviceBuffer, Runner } from '../../dsl/plan/backend.js';
import { add, compile, iterate, mul, program, read, upload } from '../../dsl/index.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { lower } from '../../dsl/compile/lower/index.js';
import { node } from '../../dsl/graph/node.js';
import type { Plan } from '../../dsl/plan/plan.js';
import * as p from '../../dsl/primitives/index.js';
import { E, type either } from '../../internal/fp.js';
import { reference } from '../reference/index.js';
import { faults } from '../../../properties/faults.js';
import { tfjs } from '../tfjs/index.js';
import { wasmBackend } from '../wasm/testing.js';
import { webgpu } from '../webgpu/index.js';

type Result<A> = either.Either<NoisefoldError, A>;

const LENGTH = 1024;
const ones = new Float32Array(LENGTH).fill(1);
const numbers = Float32Array.from({ length: LENGTH }, (_, i) => Math.sin(i));

const x = node('input', [], { path: 'x' }, [LENGTH], 'float32');
const shifted = p.add(x, p.constant(Float64Array.from(numbers), [LENGTH], 'float32'));
/** `x + c` and a sum of sums of x, where the constant c has the length of x. */
const planOn = ({ capabilities }: Backend): Plan =>
  lower(
    { inputs: [x], outputs: [shifted, p.cumsum(p.cumsum(x, 0), 0)], donations: [null, null], donated: [false] },
    capabilities,
  );

/** The text of an error of a closed backend: of a value, or of the backend itself. */
const ofClosed = (name: string): RegExp =>
  new RegExp(`^(the ${name} backend: .*got a closed one|input x: .*one of the ${name} backend, which is closed)`);
const messageOf = (result: Result<unknown>): string => (E.isLeft(result) ? result.left.message : 'a Right');

/** A clock that advances at every reading, so that a call pauses wherever it may. */
let clock = 0;
beforeAll(() => void vi.spyOn(performance, 'now').mockImplementation(() => (clock += 20)));
afterAll(() => void vi.restoreAllMocks());

/** Starts the workers of a backend, so that calls do not wait for their start. */
const warmed = async (backend: Backend): Promise<Backend> => {
  const [buffer, runner] = [await uploaded(backend), await compiled(backend)];
  for (const slot of valueOf(await runner.run([buffer])())) backend.release(slot as DeviceBuffer)(); // no output is a key
  runner.release();
  backend.release(buffer)();
  return backend;
};

/** Tests if a buffer holds `numbers`. */
const areNumbers = async (backend: Backend, buffer: DeviceBuffer): Promise<boolean> =>
  valueOf(await backend.read(buffer)()).every((number, i) => number === numbers[i]);

const uploaded = async (backend: Backend): Promise<DeviceBuffer> => valueOf(await backend.upload(ones, 'float32')());
const compiled = async (backend: Backend): Promise<Runner> => valueOf(await backend.compile(planOn(backend))());

const sum = program({ x: `${LENGTH}`, y: `${LENGTH}` }, ({ x, y }) => ({ x: mul(add(x, y), y) }));

/** Prepares a backend for each kind of call, and returns a function that starts the call. */
const calls: Readonly<Record<string, (backend: Backend) => Promise<() => Promise<Result<unknown>>>>> = {
  upload: async (backend) => () => backend.upload(ones, 'float32')(),
  'compile of a plan': async (backend) => () => backend.compile(planOn(backend))(),
  run: async (backend) => {
    const [buffer, { run }] = [await uploaded(backend), await compiled(backend)];
    return () => run([buffer])();
  },
  profile: async (backend) => {
    const [buffer, { profile }] = [await uploaded(backend), await compiled(backend)];
    return () => profile([buffer])();
  },
  'two runs': async (backend) => {
    const [buffer, { run }] = [await uploaded(backend), await compiled(backend)];
    return async () => (await Promise.all([run([buffer])(), run([buffer])()]))[1];
  },
  'a run whose executable is released': async (backend) => {
    const [buffer, runner] = [await uploaded(backend), await compiled(backend)];
    return () => {
      const outcome = runner.run([buffer])();
      runner.release();
      return outcome;
    };
  },
  read: async (backend) => {
    const buffer = valueOf(await backend.upload(numbers, 'float32')());
    return async () =>
      E.map((actual: ArrayLike<number>) => {
        // a read that ends before the close returned the right numbers
        expect(Array.from(actual).every((number, i) => number === numbers[i])).toBe(true);
      })(await backend.read(buffer)());
  },
  'compile of a program': async (backend) => () => compile(sum, {})(backend)(),
  'a run with numbers from the host': async (backend) => {
    const { run } = valueOf(await compile(sum, {})(backend)());
    return () => run({ x: ones, y: numbers })();
  },
  'an iteration, and its read': async (backend) => {
    const step = valueOf(await compile(sum, {}, { donate: ['x'] })(backend)());
    const x = valueOf(await upload(ones, [LENGTH])(backend)());
    const y = valueOf(await upload(ones, [LENGTH])(backend)());
    return async () => {
      const end = await iterate(step, { times: 3, inputs: () => ({ y }) })({ x })(backend)();
      return E.isLeft(end) ? end : read(end.right.x)(backend)();
    };
  },
};

const microtasks = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await Promise.resolve();
};
const turns = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** A point in time: turns of the event loop, then microtasks. */
type Point = readonly [turns: number, microtasks: number];

/**
 * Points in ascending order: all in the first turn, then some in later and later turns, because a call may wait for a
 * device.
 */
const POINTS: readonly Point[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 17, 23, 32, 48, 70, 100].flatMap((turn) =>
  Array.from({ length: turn === 0 ? 30 : 3 }, (_, i): Point => [turn, i]),
);
/** One of `share` parts of the points; all in `npm run test:faults`. */
const some = (points: readonly Point[], share: number, part: number): readonly Point[] =>
  points.filter((_, i) => i % faults(share, 1) === faults(part, 0));
const MANY = some(POINTS, 3, 0);
/** Fewer points, for backends whose workers take long to start. */
const SPARSE = POINTS.filter(([turn, i]) => (turn === 0 ? i % 4 === 0 : i === turn % 3));
const FEW = some(SPARSE, 3, 0);

interface Case {
  readonly name: string;
  /** The reason to skip the tests, or empty. */
  readonly absent: string;
  readonly acquire: () => Promise<Result<Backend>>;
  readonly points: readonly Point[];
  readonly ready?: (backend: Backend) => Promise<Backend>;
}
const wasmOn = (threads: number, worthWorkers: number, where: string, points: readonly Point[]): Case => ({
  name: `wasm ${where}`,
  absent: '',
  acquire: async () => E.right(wasmBackend({ threads }, { worthWorkers })),
  points,
  ...(worthWorkers === 0 && { ready: warmed }),
});
const cases: readonly Case[] = [
  { name: 'reference', absent: '', acquire: () => reference()(), points: MANY },
  wasmOn(1, Infinity, 'on the calling thread', MANY),
  // they share the points
  wasmOn(1, 0, 'on one worker', some(SPARSE, 6, 0)),
  wasmOn(2, 0, 'on two workers', some(SPARSE, 6, 3)),
  { name: 'tfjs-cpu', absent: '', acquire: () => tfjs('cpu')(), points: MANY },
  { name: 'webgpu', absent: noWebgpu, acquire: () => webgpu()(), points: FEW },
  { name: 'tfjs-webgpu', absent: noWebgpu, acquire: () => tfjs('webgpu')(), points: FEW },
];

/** Starts a call, closes its backend at a point in time, or after the call if it is null. Returns whether the call had ended. */
const closedAt = async (
  backend: Backend,
  start: () => Promise<Result<unknown>>,
  point: Point | null,
  other: Backend,
) => {
  let hasEnded: boolean = false;
  const outcome = start().finally(() => (hasEnded = true));
  if (point === null) await outcome;
  else {
    await turns(point[0]);
    await microtasks(point[1]);
  }
  const endedBefore = hasEnded;
  const closing = backend.close();
  const beside = valueOf(await other.upload(numbers, 'float32')());
  const given = await outcome;
  if (endedBefore) expect(given).toMatchObject({ _tag: 'Right' });
  else if (E.isLeft(given)) expect(given.left.message).toMatch(ofClosed(backend.name));
  valueOf(await closing);
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  expect(messageOf(await start())).toMatch(ofClosed(backend.name));
  expect(await areNumbers(other, beside)).toBe(true);
  other.release(beside)();
  return endedBefore;
};

describe.each(cases)('$name', ({ absent, acquire, points, ready = async (backend) => backend }) => {
  test.each(Object.entries(calls))(
    '%s: an error of a closed backend, or the result',
    skippedFor(absent),
    async (_, prepare) => {
      const other = valueOf(await acquire());
      const kept = valueOf(await other.upload(numbers, 'float32')());
      for (const point of [...points, null]) {
        const backend = await ready(valueOf(await acquire()));
        if (await closedAt(backend, await prepare(backend), point, other)) break; // the later points are after its end
      }
      expect(await areNumbers(other, kept)).toBe(true);
      expect(other.stats()).toMatchObject({ buffers: 1 });
      valueOf(await other.close());
    },
  );
});
