import { describe, expect, test } from 'vitest';
import { type AcquireBackend, numbersOf } from '../../../properties/diffusion/run.js';
import { testOnWebgpu } from '../../../properties/webgpu.js';
import { reference } from '../../backends/reference/index.js';
import { tfjs } from '../../backends/tfjs/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { webgpu } from '../../backends/webgpu/index.js';
import { constantOf, type Dim, grad, mul, type Shape, sum, type Tensor } from '../../dsl/index.js';
import { nanOutside, rowOrNaN } from './outOfRange.js';

const N = 10;
const LAST = 2 ** 31 - 1;
/** The float32 numbers next to 0 and to N, so that a bound that is off by a rounding is found. */
const [BEFORE_0, BEFORE_N, AFTER_N] = [-(2 ** -126), Math.fround(N - 2 ** -20), Math.fround(N + 2 ** -20)];

const inside = [0, -0, 2 ** -126, 0.5, 9, BEFORE_N, N];
const outside = [AFTER_N, N + 0.5, 1e30, Infinity, BEFORE_0, -1, -Infinity, NaN];
const times = () => constantOf([...inside, ...outside], inside.length + outside.length);

const wholeInside = [0, 1, 9];
const wholeOutside = [N, N + 1, LAST, -1, -LAST];
const labels = () =>
  constantOf(Int32Array.of(...wholeInside, ...wholeOutside), wholeInside.length + wholeOutside.length);

/** Numbers without a pattern, some of them special: two for each of `count` rows. */
const mixed = (count: number, seed: number): readonly number[] =>
  Array.from({ length: 2 * count }, (_, i) => Math.fround([-0, 0, 3.4e38, Math.sin(i + seed), -(2 ** -126)][i % 5]!));

const repeated = (count: number, value: number): readonly number[] => Array.from({ length: count }, () => value);

/** The gradient by `x` of Σ weights·f(x). */
const gradient = <S extends Shape, R extends Shape>(x: Tensor<S>, f: (x: Tensor<S>) => Tensor<R>, weights: Tensor<R>) =>
  grad((given: Tensor<S>) => sum(mul(weights, f(given)) as Tensor<Shape>))(x) as Tensor<Shape>;

const checks = (check: (backend: AcquireBackend) => Promise<void>): void => {
  test.each<readonly [string, () => AcquireBackend]>([
    ['reference', reference],
    ['tfjs-cpu', () => tfjs('cpu')],
    ['wasm', wasm],
  ])('%s', (_, backend) => check(backend()));
  testOnWebgpu(() => check(webgpu()));
};

describe('times keep their bits inside of a range, and are NaN outside', () => {
  const all = [...inside, ...outside];
  checks(async (backend) => {
    const actual = await numbersOf(() => nanOutside(times(), times(), N), backend);
    expect(actual).toEqual([...inside, ...repeated(outside.length, NaN)]);
    const weights = mixed(all.length, 1).slice(0, all.length);
    const slopes = await numbersOf(
      () => gradient(times(), (t) => nanOutside(t, t, N), constantOf(weights, all.length)),
      backend,
    );
    expect(slopes).toEqual([...weights.slice(0, inside.length), ...repeated(outside.length, 0)]);
  });
});

describe.each([
  ['times', times, N, inside.length, outside.length],
  ['labels', labels, N - 1, wholeInside.length, wholeOutside.length],
] as const)('rows keep their bits where %s are inside of a range, and are NaN elsewhere', (_, at, last, kept, lost) => {
  const count = kept + lost;
  const [x, weights] = [mixed(count, 2), mixed(count, 3)];
  const rows = (numbers: readonly number[]) => constantOf(numbers, count, 2);
  checks(async (backend) => {
    const apply = (given: Tensor<[Dim, 2]>) => nanOutside<Dim, [2]>(given, at() as Tensor<[Dim]>, last);
    const actual = await numbersOf(() => apply(rows(x)), backend);
    expect(actual).toEqual([...x.slice(0, 2 * kept), ...repeated(2 * lost, NaN)]);
    const slopes = await numbersOf(() => gradient(rows(x), apply, rows(weights)), backend);
    expect(slopes).toEqual([...weights.slice(0, 2 * kept), ...repeated(2 * lost, 0)]);
  });
});

describe('a label takes its row, and gives NaN if the table has none', () => {
  const table = (): Tensor<[Dim, 2]> => constantOf([1, -0, 3, 4, 5, 6], 3 as number, 2);
  const label = () => constantOf(Int32Array.of(2, 0, 3, -1, LAST, -LAST, 0), 7);
  const weights = mixed(7, 4).map((_, i) => i + 1);
  checks(async (backend) => {
    const actual = await numbersOf(() => rowOrNaN(table(), label()), backend);
    expect(actual).toEqual([5, 6, 1, -0, ...repeated(8, NaN), 1, -0]);
    const slopes = await numbersOf(
      () => gradient(table(), (rows) => rowOrNaN(rows, label()), constantOf(weights, 7, 2)),
      backend,
    );
    expect(slopes).toEqual([3 + 13, 4 + 14, 0, 0, 1, 2]);
    const none = constantOf([], 0, 2) as Tensor<[Dim, 2]>;
    expect(await numbersOf(() => rowOrNaN(none, label()), backend)).toEqual(repeated(14, NaN));
  });
});
