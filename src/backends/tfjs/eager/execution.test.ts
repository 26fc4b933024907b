/** Tests the lifetime of tensors while a plan runs, and when it fails. */
import { tidy } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test } from 'vitest';
import { runPlan, valueOf } from '../../../../properties/oracles/plans.js';
import type { Backend, DeviceBuffer, Slot } from '../../../dsl/plan/backend.js';
import { lower } from '../../../dsl/compile/lower/index.js';
import { type Node, node, reachable } from '../../../dsl/graph/node.js';
import type { Plan } from '../../../dsl/plan/plan.js';
import * as p from '../../../dsl/primitives/index.js';
import { E } from '../../../internal/fp.js';
import { tensorBackend } from './backend.js';
import type { Engine } from './engine.js';
import { cpuEngine, tensorsAlive } from './testing.js';

const input = (path: string, shape: readonly number[]): Node => node('input', [], { path }, shape, 'float32');

/** A plan of an output. Inputs named in `donated` are donated, to the output of that index or to none (null). */
const planOf = (output: Node, donated: Readonly<Record<string, number | null>> = {}): Plan => {
  const inputs = reachable([output]).filter((n) => n.op === 'input');
  const nameOf = (n: Node): string => (n.op === 'input' ? n.attributes.path : '');
  return lower(
    {
      inputs,
      outputs: [output],
      donations: inputs.map((n) => donated[nameOf(n)] ?? null),
      donated: inputs.map((n) => nameOf(n) in donated),
    },
    { fuses: false, composites: [], scratchElements: () => 0 },
  );
};

/** A backend on tfjs's cpu engine that records the kernels it runs and fails in the kernel `failing`. */
const instrumented = (failing = '') => {
  const engine = cpuEngine();
  const ran: string[] = [];
  const run: Engine['run'] = (kernel, operands, attributes) => {
    if (kernel === failing) throw new Error('out of memory');
    ran.push(kernel);
    return engine.run(kernel, operands, attributes);
  };
  return { ran, backend: tensorBackend('watched', { ...engine, run }) };
};

const bufferOf = (slot: Slot | undefined): DeviceBuffer => {
  if (slot === undefined || !('dtype' in slot)) throw new Error('no buffer');
  return slot;
};
const uploaded = async (backend: Backend, ...numbers: readonly number[]): Promise<DeviceBuffer> =>
  valueOf(await backend.upload(Float32Array.from(numbers), 'float32')());
const readFrom = async (backend: Backend, slot: Slot | undefined): Promise<readonly number[]> =>
  Array.from(valueOf(await backend.read(bufferOf(slot))()));

afterEach(() => expect(tensorsAlive()).toBe(0));

describe('a kernel that fails in the middle', () => {
  const x = input('x', [2]);
  const output = p.unary('neg', p.unary('exp', p.unary('abs', x)));

  test('is an error that names the call, and leaves only the inputs in memory', async () => {
    const { backend } = instrumented('Exp');
    const given = await uploaded(backend, 1, -2);
    const runner = valueOf(await backend.compile(planOf(output))());
    const result = await runner.run([given])();
    expect(E.isLeft(result) && result.left.message).toBe(
      'exp (x): expected cpu exp to run, got out of memory; if the message is about memory, use a smaller batch',
    );
    expect(backend.stats()).toMatchObject({ buffers: 1, bytes: 8 });
    expect(await readFrom(backend, given)).toEqual([1, -2]);
    valueOf(await backend.close());
  });

  test.each(['Exp', 'Neg'])('leaves a donated value alive if it was not overwritten: %s', async (kernel) => {
    const { backend } = instrumented(kernel); // Neg writes the output; Exp runs before it
    const plan = planOf(output, { x: 0 });
    expect(plan.inputs[0]!.donatedTo).toBe(0);
    const given = await uploaded(backend, 1, -2);
    const runner = valueOf(await backend.compile(plan)());
    expect(E.isLeft(await runner.run([given])())).toBe(true);
    expect(await readFrom(backend, given)).toEqual([1, -2]);
    valueOf(await backend.close());
  });
});

test('a donated value is consumed, and its tensor is disposed of once the result replaces it', async () => {
  const { backend } = instrumented();
  const x = input('x', [1, 3]); // an uploaded vector gets its shape in the first run
  const plan = planOf(p.unary('neg', p.add(x, x)), { x: 0 });
  expect(plan.inputs[0]!.donatedTo).toBe(0);
  const runner = valueOf(await backend.compile(plan)());
  let given = await uploaded(backend, 1, 2, 3);
  for (let i = 0; i < 3; i++) {
    const [output] = valueOf(await runner.run([given])());
    expect(E.isLeft(await backend.read(given)())).toBe(true);
    given = bufferOf(output);
    expect(backend.stats()).toMatchObject({ buffers: 1, bytes: 12 });
  }
  expect(await readFrom(backend, given)).toEqual([-8, -16, -24]);
  valueOf(await backend.close());
});

test('an intermediate tensor lives until its last use', async () => {
  const { backend } = instrumented();
  const long = Array.from({ length: 50 }).reduce<Node>((n) => p.unary('neg', n), input('x', [100]));
  await runPlan(backend, planOf(long), [new Float32Array(100)]);
  // at the peak: the input, and the operand and the result of one call
  expect(backend.stats()).toEqual({ buffers: 0, bytes: 0, peakBytes: 3 * 400 });
  valueOf(await backend.close());
});

test('arithmetic kernels broadcast their operands themselves', async () => {
  const { backend, ran } = instrumented();
  const x = input('x', [2, 3]);
  const bias = p.broadcast(p.reshape(input('b', [3]), [1, 3]), [2, 3]);
  const [result] = await runPlan(backend, planOf(p.shift(p.mul(x, bias), 1)), [
    Float32Array.of(1, 2, 3, 4, 5, 6),
    Float32Array.of(1, 10, 100),
  ]);
  expect(Array.from(result!)).toEqual([2, 21, 301, 5, 51, 601]);
  expect(ran).not.toContain('Tile');
  // if both operands lack an axis, one of them is repeated
  const both = p.add(p.broadcast(input('a', [1]), [4]), p.broadcast(input('b', [1]), [4]));
  const [sums] = await runPlan(backend, planOf(both), [Float32Array.of(1), Float32Array.of(2)]);
  expect(Array.from(sums!)).toEqual([3, 3, 3, 3]);
  valueOf(await backend.close());
});

test('a broadcast of a broadcast that needs no kernel reads the operand of that one', async () => {
  const { backend } = instrumented();
  const twice = p.broadcast(p.broadcast(p.reshape(input('x', [1, 2]), [1, 2, 1]), [1, 2, 3]), [2, 2, 3]);
  const cases: readonly (readonly [Node, readonly number[]])[] = [
    [twice, [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2]], // an output
    [p.unary('neg', twice), [-1, -1, -1, -2, -2, -2, -1, -1, -1, -2, -2, -2]],
    [p.reduce('sum', twice, [0, 2]), [6, 12]],
    // both sides lack the first axis, so that one side is repeated
    [p.add(twice, twice), [2, 2, 2, 4, 4, 4, 2, 2, 2, 4, 4, 4]],
  ];
  for (const [output, expected] of cases) {
    const [result] = await runPlan(backend, planOf(output), [Float32Array.of(1, 2)]);
    expect(Array.from(result!)).toEqual(expected);
  }
  // the reader of both needs the first broadcast, and the kernel of the second
  const single = p.reshape(input('s', [1]), [1, 1]);
  const [result] = await runPlan(backend, planOf(p.unary('neg', p.broadcast(p.broadcast(single, [1, 3]), [2, 3]))), [Float32Array.of(4)]); // oxfmt-ignore
  expect(Array.from(result!)).toEqual([-4, -4, -4, -4, -4, -4]);
  valueOf(await backend.close());
});

test('operands without elements have results', async () => {
  const { backend } = instrumented();
  const none = input('x', [0, 2]);
  const empty = new Float32Array(0);
  const cases: readonly (readonly [Node, readonly number[]])[] = [
    [p.reduce('sum', none, [0]), [0, 0]],
    [p.reduce('max', none, [0]), [-Infinity, -Infinity]],
    [p.pad(none, [1, 0], [0, 0], [0, 0], 7), [7, 7]],
    [p.dot(input('x', [2, 0]), p.reshape(input('x', [2, 0]), [0, 2])), [0, 0, 0, 0]],
    [p.concat([none, p.constant(Float32Array.of(1, 2), [1, 2], 'float32')], 0), [1, 2]],
    [p.unary('neg', none), []],
  ];
  for (const [output, expected] of cases) {
    const plan = planOf(output);
    const [result] = await runPlan(backend, plan, plan.inputs.map(() => empty)); // oxfmt-ignore
    expect(Array.from(result!)).toEqual(expected);
  }
  valueOf(await backend.close());
});

test('a tidy scope of the user does not dispose of results', async () => {
  const { backend } = instrumented();
  const runner = valueOf(await backend.compile(planOf(p.unary('neg', input('x', [1]))))());
  const given = await uploaded(backend, 3);
  let running: ReturnType<ReturnType<typeof runner.run>> | null = null;
  tidy(() => {
    running = runner.run([given])();
  });
  const [output] = valueOf(await running!);
  expect(await readFrom(backend, output)).toEqual([-3]);
  valueOf(await backend.close());
});

test('uploads and reads are copies', async () => {
  const { backend } = instrumented();
  const numbers = Float32Array.of(1, 2);
  const value = valueOf(await backend.upload(numbers, 'float32')());
  numbers[0] = 9;
  const first = valueOf(await backend.read(value)());
  first[1] = 9;
  expect(await readFrom(backend, value)).toEqual([1, 2]);
  valueOf(await backend.close());
});

test('a profile has a time for each call', async () => {
  const { backend } = instrumented();
  const runner = valueOf(await backend.compile(planOf(p.unary('exp', p.unary('neg', input('x', [1])))))());
  const { outputs, milliseconds } = valueOf(await runner.profile([await uploaded(backend, 0)])());
  expect(milliseconds).toHaveLength(2);
  expect(await readFrom(backend, outputs[0])).toEqual([1]);
  valueOf(await backend.close());
});

test('closing a backend frees values and the constants of executables', async () => {
  const { backend } = instrumented();
  const x = input('x', [2]);
  const table = p.constant(Float32Array.of(1, 2), [2], 'float32');
  const runner = valueOf(await backend.compile(planOf(p.add(x, table)))());
  const given = await uploaded(backend, 1, 2);
  valueOf(await runner.run([given])());
  valueOf(await backend.close());
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  expect(E.isLeft(await runner.run([given])())).toBe(true);
});
