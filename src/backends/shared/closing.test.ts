/**
 * Closing a backend during a call: the call ends in an error that says so, and the values of other backends stay
 * intact.
 */
import { describe, expect, test } from 'vitest';
import { valueOf } from '../../../properties/oracles/plans.js';
import { noWebgpu } from '../../../properties/webgpu.js';
import type { Backend } from '../../dsl/compile/backend.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { lower } from '../../dsl/compile/lower/index.js';
import { node } from '../../dsl/graph/node.js';
import type { Plan } from '../../dsl/compile/plan.js';
import * as p from '../../dsl/primitives/index.js';
import { E, type either, type taskEither } from '../../internal/fp.js';
import { reference } from '../reference/index.js';
import { tfjs } from '../tfjs/index.js';
import { wasm } from '../wasm/index.js';
import { webgpu } from '../webgpu/index.js';

/** 256 KiB: a stray write to address 0 would overwrite the values of the other backend. */
const LENGTH = 2 ** 16;
const ones = new Float32Array(LENGTH).fill(1);
const numbers = Float32Array.from({ length: LENGTH }, (_, i) => Math.sin(i));

const x = node('input', [], { path: 'x' }, [LENGTH], 'float32');
const shifted = p.add(x, p.constant(Float64Array.from(numbers), [LENGTH], 'float32'));
/** `x + c`, where the constant c is as long as x. */
const planOn = ({ capabilities }: Backend): Plan =>
  lower({ inputs: [x], outputs: [shifted], donations: [null], donated: [false] }, capabilities);

const closed = (name: string) => ({
  _tag: 'BackendFailure',
  where: `the ${name} backend`,
  actual: 'a closed one',
});

interface Call {
  readonly outcome: Promise<either.Either<NoisefoldError, unknown>>;
  /** Uses the result of the call. */
  readonly use: (given: never) => taskEither.TaskEither<NoisefoldError, unknown>;
}

/** Prepares a backend for each kind of call, and returns a function that starts the call. */
const calls: Readonly<Record<string, (backend: Backend) => Promise<() => Call>>> = {
  upload: async (backend) => () => ({
    outcome: backend.upload(ones, 'float32')(),
    use: (buffer) => backend.read(buffer),
  }),
  compile: async (backend) => {
    const buffer = valueOf(await backend.upload(ones, 'float32')());
    return () => ({
      outcome: backend.compile(planOn(backend))(),
      use: ({ run }: { run: (inputs: readonly unknown[]) => taskEither.TaskEither<NoisefoldError, unknown> }) =>
        run([buffer]),
    });
  },
  run: async (backend) => {
    const buffer = valueOf(await backend.upload(ones, 'float32')());
    const runner = valueOf(await backend.compile(planOn(backend))());
    return () => ({ outcome: runner.run([buffer])(), use: ([sum]: never[]) => backend.read(sum!) });
  },
  profile: async (backend) => {
    const buffer = valueOf(await backend.upload(ones, 'float32')());
    const runner = valueOf(await backend.compile(planOn(backend))());
    return () => ({
      outcome: runner.profile([buffer])(),
      use: ({ outputs: [sum] }: { outputs: never[] }) => backend.read(sum!),
    });
  },
  read: async (backend) => {
    const buffer = valueOf(await backend.upload(ones, 'float32')());
    return () => ({ outcome: backend.read(buffer)(), use: () => backend.read(buffer) });
  },
};

/** Numbers of microtasks to wait before closing: together they reach each stage of a call. */
const WAITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24];

const microtasks = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await Promise.resolve();
};

describe.each([
  ['reference', reference, ''],
  ['tfjs-cpu', () => tfjs('cpu'), ''],
  ['wasm', wasm, ''],
  ['webgpu', webgpu, noWebgpu],
  ['tfjs-webgpu', () => tfjs('webgpu'), noWebgpu],
] as const)('%s', (name, acquire, absent) => {
  const fresh = async (): Promise<Backend> => valueOf(await acquire()());

  describe.skipIf(absent !== '').each(Object.entries(calls))(`%s ${absent}`, (_call, prepare) => {
    test('fails once its backend is closed, and leaves the values of another backend intact', async () => {
      const other = await fresh();
      const kept = valueOf(await other.upload(numbers, 'float32')());
      for (const wait of WAITS) {
        const backend = await fresh();
        const start = await prepare(backend);
        const { outcome, use } = start();
        if (wait > 0) await microtasks(wait);
        const closing = backend.close();
        const beside = valueOf(await other.upload(numbers, 'float32')());
        const given = await outcome;
        valueOf(await closing);
        // the result of a call that finished before the close cannot be used either
        const used = E.isLeft(given) ? given : await use(given.right as never)();
        expect(E.isLeft(used) && used.left).toMatchObject(closed(name));
        if (wait === 0) expect(E.isLeft(given)).toBe(true);
        const late = await start().outcome;
        expect(E.isLeft(late) && late.left).toMatchObject(closed(name));
        expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
        for (const buffer of [kept, beside]) {
          const found = valueOf(await other.read(buffer)());
          expect(found.every((number, i) => number === numbers[i])).toBe(true);
        }
        other.release(beside)();
      }
      valueOf(await other.close());
    });
  });
});
