import { describe, expect, test } from 'vitest';
import { runPlan, unfused, valueOf } from '../../../properties/oracles/plans.js';
import { skippedFor } from '../../../properties/skips.js';
import { noWebgpu } from '../../../properties/webgpu.js';
import type { DeviceBuffer } from '../../dsl/plan/backend.js';
import { node } from '../../dsl/graph/node.js';
import * as p from '../../dsl/primitives/index.js';
import { E } from '../../internal/fp.js';
import { tfjs, type TfjsEngine } from './index.js';

const input = (shape: readonly number[]) => node('input', [], { path: 'x' }, shape, 'float32');

test.each(['gpu', 'toString', undefined, 7])('an engine that does not exist is a ConfigError: %s', async (name) => {
  const result = await tfjs(name as TfjsEngine)();
  expect(E.isLeft(result) && `${result.left._tag} ${result.left.message}`).toBe(
    `ConfigError tfjs: expected 'cpu' | 'wasm' | 'webgpu' | 'node' | 'node-gpu', got ${JSON.stringify(name)}; name an engine of tfjs: tfjs('cpu')`,
  );
});

describe.each([
  ['cpu', ''],
  ['wasm', ''],
  ['webgpu', noWebgpu],
] as const)('%s', (engine, missing) => {
  test('has its own values and the name of the engine', skippedFor(missing), async () => {
    const [one, other] = [valueOf(await tfjs(engine)()), valueOf(await tfjs(engine)())];
    expect(one.name).toBe(`tfjs-${engine}`);
    const kept = valueOf(await other.upload(Float32Array.of(5, 6), 'float32')());
    const x = input([2]);
    const [doubled] = await runPlan(one, unfused([p.add(x, x)]), [Float32Array.of(1, 2)]);
    expect(Array.from(doubled!)).toEqual([2, 4]);
    valueOf(await one.close());
    expect(Array.from(valueOf(await other.read(kept)()))).toEqual([5, 6]);
    valueOf(await other.close());
  });
});

describe('webgpu', skippedFor(noWebgpu), () => {
  test('a reshaped matrix is not mistaken for another one, and products repeat bit for bit', async () => {
    const backend = valueOf(await tfjs('webgpu')());
    const x = input([64, 1024]); // long rows, which tfjs would split, adding the parts in any order
    const numbers = Float32Array.from({ length: 64 * 1024 }, (_, i) => Math.sin(i * i));
    const plan = unfused([p.dot(x, p.reshape(x, [1024, 64]))]);
    const [first] = await runPlan(backend, plan, [numbers]);
    for (let i = 0; i < 5; i++) expect((await runPlan(backend, plan, [numbers]))[0]).toEqual(first);
    valueOf(await backend.close());
  });

  test('a profile has a time of the device for each call', async () => {
    const backend = valueOf(await tfjs('webgpu')());
    const runner = valueOf(await backend.compile(unfused([p.unary('exp', p.unary('neg', input([4])))]))());
    const given = valueOf(await backend.upload(Float32Array.of(0, 0, 0, 0), 'float32')());
    const { outputs, milliseconds } = valueOf(await runner.profile([given])());
    expect(milliseconds).toHaveLength(2);
    expect(Array.from(valueOf(await backend.read(outputs[0] as DeviceBuffer)()))).toEqual([1, 1, 1, 1]);
    valueOf(await backend.close());
  });

  test('leaves no navigator.gpu in Node', async () => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    valueOf(await valueOf(await tfjs('webgpu')()).close());
    expect(Object.getOwnPropertyDescriptor(globalThis, 'navigator')).toEqual(before);
  });

  test('a shape that the device does not support is an error, and the backend stays usable', async () => {
    const backend = valueOf(await tfjs('webgpu')());
    const x = input([1]);
    const tooLarge = unfused([p.broadcast(p.reshape(x, [1, 1]), [2 ** 17, 2 ** 17])]);
    const runner = valueOf(await backend.compile(tooLarge)());
    const given = valueOf(await backend.upload(Float32Array.of(1), 'float32')());
    const failed = await runner.run([given])();
    expect(E.isLeft(failed) && failed.left._tag).toBe('BackendFailure');
    const [fine] = await runPlan(backend, unfused([p.unary('neg', x)]), [Float32Array.of(1)]);
    expect(Array.from(fine!)).toEqual([-1]);
    valueOf(await backend.close());
  });
});

test('one wasm matrix in two shapes gives both products', async () => {
  const backend = valueOf(await tfjs('wasm')());
  const x = input([2, 3]);
  const [product] = await runPlan(backend, unfused([p.dot(p.dot(x, p.reshape(x, [3, 2])), x)]), [
    Float32Array.of(1, 2, 3, 4, 5, 6),
  ]);
  // [[1, 2, 3], [4, 5, 6]] · [[1, 2], [3, 4], [5, 6]] = [[22, 28], [49, 64]]
  expect(Array.from(product!)).toEqual([134, 184, 234, 305, 418, 531]);
  valueOf(await backend.close());
});
