import { describe, expect, test } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { tfjs } from '../../backends/tfjs/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { E } from '../../internal/fp.js';
import type { Capabilities } from '../plan/backend.js';
import {
  add, addBias, attempt, cast, checkpoint, constantOf, conv2d, cumsum, customVjp, dims, dtypeOf, exp, gather,
  grad, jvp, type Key, layerNorm, matmul, mean, mul, normal, ones, program, reshape, round, type Scalar,
  softmax, square, sum, tanh, type Tensor, vmap, zeros,
} from '../index.js'; // oxfmt-ignore
import { node } from '../graph/node.js';
import { plan } from '../compile/planning.js';
import { nodeOf, tensor } from '../graph/tensor.js';

const PLAIN: Capabilities = { fuses: false, composites: [], scratchElements: () => 0 };

/** Arbitrary numbers. */
const some = (seed: number, n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));

interface Example {
  readonly image: Tensor<[4, 4, 2]>;
  readonly kernel: Tensor<[3, 3, 2, 2]>;
  readonly at: Tensor<[], 'int32'>;
}

/** A network of one image and its own kernel, in which rounding errors grow little. */
const network = ({ image, kernel, at }: Example): Scalar => {
  const seen = reshape(conv2d(reshape(image, 1, 4, 4, 2), kernel), 16, 2);
  const shared = tanh(addBias(matmul(seen, constantOf(some(1, 6), 2, 3)), constantOf([0.1, -0.2, 0.3], 3)));
  const standard = layerNorm(shared, { gamma: ones(3), beta: zeros(3) }, { epsilon: 0.1 });
  const [row] = [gather(softmax(standard), reshape(at, 1))];
  return add(mean(cumsum(square(standard), 0)), sum(mul(row, row)));
};

const examples = {
  image: some(2, 3 * 32),
  kernel: some(3, 3 * 36),
  at: [4, 15, 0],
};

describe('vmap', () => {
  test.each([
    { name: 'tfjs-cpu', acquire: tfjs('cpu') },
    { name: 'wasm', acquire: wasm() },
  ])('of a network and of its gradient on $name are those of each example on the reference', async ({ acquire }) => {
    type Batch = {
      readonly [K in keyof Example]: Example[K] extends Tensor<infer S, infer D> ? Tensor<[3, ...S], D> : never;
    };
    const xs: Batch = {
      image: constantOf(examples.image, 3, 4, 4, 2),
      kernel: constantOf(examples.kernel, 3, 3, 3, 2, 2),
      at: constantOf(Int32Array.from(examples.at), 3),
    };
    const one = (i: number): Example => ({
      image: constantOf(examples.image.slice(32 * i, 32 * (i + 1)), 4, 4, 2),
      kernel: constantOf(examples.kernel.slice(36 * i, 36 * (i + 1)), 3, 3, 2, 2),
      at: reshape(constantOf(Int32Array.of(examples.at[i]!), 1)),
    });
    const values = await numbersOf(() => vmap(network)(xs), acquire);
    const slopes = await numbersOf(() => vmap(grad(network))(xs).kernel, acquire);
    for (const i of [0, 1, 2]) {
      const [value] = await numbersOf(() => network(one(i)));
      expect(values[i]).toBeCloseTo(value!, 5);
      const slope = await numbersOf(() => grad(network)(one(i)).kernel);
      slope.forEach((x, j) => expect(slopes[36 * i + j]).toBeCloseTo(x, 5));
    }
  });

  test('has second derivatives: the Hessian of each example along a direction', async () => {
    type V = Tensor<[3]>;
    const [x, v] = [some(5, 6), some(6, 6)];
    const f = (y: V): Scalar => sum(mul(checkpoint((z: V) => softmax(tanh(z)))(y), exp(y)));
    const along = (g: (y: V) => Scalar) => (y: V, d: V) => jvp(grad(g))(y, d).tangent;
    const rows = (numbers: readonly number[]) => constantOf(numbers, 2, 3);
    const all = await numbersOf(() => jvp(grad((ys: Tensor<[2, 3]>) => sum(vmap(f)(ys))))(rows(x), rows(v)).tangent);
    const mapped = await numbersOf(() => vmap((p: { y: V; d: V }) => along(f)(p.y, p.d))({ y: rows(x), d: rows(v) })); // oxfmt-ignore
    for (const i of [0, 1]) {
      const part = (numbers: readonly number[]) => numbers.slice(3 * i, 3 * i + 3);
      const own = await numbersOf(() => along(f)(constantOf(part(x), 3), constantOf(part(v), 3)));
      own.forEach((h, j) => {
        expect(part(all)[j]).toBeCloseTo(h, 12);
        expect(part(mapped)[j]).toBeCloseTo(h, 12);
      });
    }
  });

  test('computes nodes without examples once, and multiplies by shared weights once', () => {
    const program3 = program({ w: '3 2', xs: '5 3' }, ({ w, xs }) => vmap((x: Tensor<[3]>) => matmul(x, tanh(w)))(xs));
    const { calls } = right(plan(program3, {}, PLAIN)).plan;
    const operations = calls.map(({ origin }) => origin.label);
    expect(operations.filter((label) => ['tanh', 'dot', 'broadcast'].includes(label))).toEqual(['tanh', 'dot']);
    const [y] = right(plan(program3, {}, PLAIN)).traced.outputs;
    expect(nodeOf(y!.leaf).shape).toEqual([5, 2]);
  });

  test('gives all examples the same random numbers', async () => {
    const noisy = await numbersOf((key) => vmap((x: Scalar) => add(mul(zeros(2), x), normal(key, 2)))(zeros(3)));
    const [a, b] = noisy;
    expect(noisy).toEqual([a, b, a, b, a, b]);
    expect(a).not.toBe(b);
  });

  test('keeps composites and user-defined derivatives', async () => {
    const xs = constantOf(some(4, 6), 2, 3);
    expect(nodeOf(vmap((x: Tensor<[3]>) => softmax(x))(xs))).toMatchObject({
      op: 'composite',
      attributes: { composite: { name: 'softmax' } },
    });
    const straightThrough = customVjp(
      (x: Tensor<[3]>) => round(x),
      () => (cotangent) => cotangent,
    );
    const slopes = grad((x: Tensor<[2, 3]>) => sum(square(vmap(straightThrough)(x))));
    expect(await numbersOf(() => slopes(mul(xs, 10)))).toEqual(
      some(4, 6).map((x) => 2 * Math.round(10 * Math.fround(x)) + 0),
    );
  });

  test('a checkpointed chain needs less memory for its gradient', () => {
    type State = Tensor<[16]>;
    const block = (w: Tensor<[16, 16]>) => (h: State) => {
      let at = h;
      for (let i = 0; i < 8; i++) at = tanh(matmul(at, w));
      return at;
    };
    const arenaOf = (wrap: (f: (h: State) => State) => (h: State) => State): number => {
      const chain = (w: Tensor<[16, 16]>) => (x: State) => {
        let at = x;
        for (let i = 0; i < 8; i++) at = wrap(block(w))(at);
        return sum(at);
      };
      const slopes = program({ w: '16 16', xs: '16 16' }, ({ w, xs }) =>
        grad((w: Tensor<[16, 16]>) => sum(vmap(chain(w))(xs)))(w),
      );
      return right(plan(slopes, {}, PLAIN)).plan.arenaElements;
    };
    expect(arenaOf((f) => checkpoint(f))).toBeLessThan(arenaOf((f) => f) / 2);
  });

  test('zero examples give empty results of the right shapes', async () => {
    const none = vmap(({ image, kernel, at }: Example) => ({ y: network({ image, kernel, at }), at, image }))({
      image: zeros(0, 4, 4, 2),
      kernel: zeros(0, 3, 3, 2, 2),
      at: cast(zeros(0), 'int32'),
    });
    expect(dims(none.y)).toEqual([0]);
    expect(dims(none.image)).toEqual([0, 4, 4, 2]);
    expect(dtypeOf(none.at)).toBe('int32');
    expect(await numbersOf(() => grad((x: Tensor<[0, 3]>) => sum(vmap((y: Tensor<[3]>) => sum(y))(x)))(zeros(0, 3)))).toEqual([]); // oxfmt-ignore
  });

  const key = tensor<[], 'key'>(node('input', [], { path: 'key' }, [], 'key'));
  test.each<[string, () => unknown, object]>([
    [
      'a key',
      () => vmap((p: { x: Scalar; key: Key }) => p.x)({ x: zeros(2), key } as never),
      { _tag: 'DTypeError', where: 'vmap at key', actual: 'a key' },
    ],
    [
      'a key as a result',
      () => vmap((x: Scalar) => ({ x, key }))(zeros(2)),
      { _tag: 'DTypeError', where: 'the result of vmap at key' },
    ],
    [
      'leading axes of two extents',
      () => vmap((p: { a: Scalar; b: Scalar }) => p.a)({ a: zeros(2), b: zeros(Number('3')) }),
      { _tag: 'ShapeError', expected: 'a leading axis of 2 in each tensor', actual: '[3] at b' },
    ],
    [
      'a scalar',
      () => vmap((x: Scalar) => x)(zeros() as never),
      { _tag: 'ShapeError', expected: 'a leading axis in each tensor', actual: '[]' },
    ],
    ['no tensors', () => vmap(() => zeros(2))({} as never), { _tag: 'ShapeError', expected: 'at least one tensor' }],
  ])('refuses %s', (_, build, error) => {
    expect(attempt(build)).toMatchObject(E.left(error));
  });
});
