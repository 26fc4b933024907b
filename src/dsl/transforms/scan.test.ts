import { describe, expect, test } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import {
  add, attempt, checkpoint, constantOf, dims, dtypeOf, foldIn, fork, grad, greater, type Key, matmul, mul, normal, ones,
  program, scalar, scan, type Scalar, sum, tanh, type Tensor, vmap, zeros,
} from '../index.js'; // oxfmt-ignore
import { node } from '../graph/node.js';
import { plan } from '../compile/planning.js';
import { tensor } from '../graph/tensor.js';
import { drawOnReference } from '../../../properties/oracles/running.js';

/** A leaky sum: h ↦ a·h + x. */
const leaky = (a: Scalar) =>
  scan((h: Scalar, x: Scalar) => {
    const next = add(mul(h, a), x);
    return [next, { next, isLarge: greater(next, 2) }];
  });

const inputs = [1, 2, -3, 0.5];
const rate = 0.75;
/** The definition of scan. */
const states = (h: number): readonly number[] =>
  inputs.reduce<readonly number[]>((all, x) => [...all, rate * (all.at(-1) ?? h) + x], []);

describe('scan', () => {
  test('passes the state along, and stacks the results', async () => {
    const run = () => leaky(scalar(rate))(scalar(8), constantOf(inputs, 4));
    expect(await numbersOf(() => run()[0])).toEqual([states(8).at(-1)]);
    expect(await numbersOf(() => run()[1].next)).toEqual(states(8));
    expect(dtypeOf(run()[1].isLarge)).toBe('bool');
    expect(dims(run()[1].isLarge)).toEqual([4]);
  });

  test('has the derivative of the recurrence: dh/da = Σ n·aⁿ⁻¹·x, for x from n steps before', async () => {
    const [last] = await numbersOf(() =>
      grad((a: Scalar) => leaky(a)(scalar(8), constantOf(inputs, 4))[0])(scalar(rate)),
    );
    const expected = [8, ...inputs].reduce((total, x, i) => total + (4 - i) * rate ** (3 - i) * x, 0);
    expect(last).toBeCloseTo(expected, 12);
  });

  test('accepts trees, and keeps the order of elements', async () => {
    type X = { readonly a: Tensor<[2]>; readonly b: readonly [Scalar] };
    const [count, ys] = scan((n: Scalar, { a, b: [b] }: X) => [add(n, 1), mul(a, b)])(scalar(0), {
      a: constantOf([1, 2, 3, 4, 5, 6], 3, 2),
      b: [constantOf([1, 10, 100], 3)],
    });
    expect(await numbersOf(() => count)).toEqual([3]);
    expect(await numbersOf(() => ys)).toEqual([1, 2, 30, 40, 500, 600]);
  });

  test('has no results if f returns null', () => {
    const [, ys] = scan((n: Scalar, x: Scalar) => [add(n, x), null])(scalar(0), ones(3));
    expect(ys).toBeNull();
  });

  test('passes a key along, which draws different numbers at each step', async () => {
    const noise = (key: Key) =>
      scan((at: Key, _: Scalar) => {
        const { next, now } = fork(at, 'next', 'now');
        return [next, normal(now, 1)];
      })(key, zeros(3))[1];
    const numbers = await drawOnReference([7, 0], noise);
    expect(new Set(numbers).size).toBe(3);
    const second = await drawOnReference([7, 0], (key) => normal(fork(fork(key, 'next').next, 'now').now, 1));
    expect(numbers[1]).toBe(second[0]);
  });

  test('zero steps keep the state, and give empty results of the right shapes', () => {
    const init = zeros(2);
    const [carry, ys] = scan((h: Tensor<[2]>, x: Tensor<[2]>) => [add(h, x), { x, s: greater(sum(x), 0) }])(
      init,
      zeros(0, 2),
    );
    expect(carry).toBe(init);
    expect([dims(ys.x), dims(ys.s), dtypeOf(ys.s)]).toEqual([[0, 2], [0], 'bool']);
  });

  test('commutes with vmap', async () => {
    const batch = vmap((x: Tensor<[4]>) => leaky(scalar(rate))(scalar(8), x)[1].next);
    const xs = constantOf([...inputs, ...inputs.map((x) => x + 1)], 2, 4);
    const each = await numbersOf(() => batch(xs));
    expect(each.slice(0, 4)).toEqual(states(8));
    const [other] = [await numbersOf(() => leaky(scalar(rate))(scalar(8), constantOf(inputs.map((x) => x + 1), 4))[1].next)]; // oxfmt-ignore
    expect(each.slice(4)).toEqual(other);
  });

  test('its graph grows with the extent, and checkpoint reduces its memory', () => {
    type State = Tensor<[16, 16]>;
    const step = (w: State) => (h: State) => {
      let at = h;
      for (let i = 0; i < 8; i++) at = tanh(matmul(at, w));
      return at;
    };
    const planOf = (n: number, wrap: (f: (h: State) => State) => (h: State) => State) =>
      right(
        plan(
          program({ w: '16 16', h: '16 16' }, ({ w, h }) =>
            grad((w: State) => sum(scan((at: State, _: Scalar) => [wrap(step(w))(at), null])(h, zeros(n))[0]))(w),
          ),
          {},
          { fuses: false, composites: [], scratchElements: () => 0 },
        ),
      ).plan;
    const [kept, again] = [planOf(8, (f) => f), planOf(8, (f) => checkpoint(f))];
    expect(again.arenaElements).toBeLessThan(kept.arenaElements / 2);
    expect(planOf(16, (f) => f).calls.length).toBeGreaterThan(1.8 * kept.calls.length);
  });

  const key = tensor<[], 'key'>(node('input', [], { path: 'key' }, [], 'key'));
  test.each<[string, () => unknown, object]>([
    [
      'a state that changes its shape',
      () => scan((h: Tensor<[2]>, x: Scalar) => [zeros(Number('3')) as never, x])(zeros(2), zeros(3)),
      { _tag: 'ShapeError', where: 'the carry of scan', expected: 'float32 [2]', actual: 'float32 [3]' },
    ],
    [
      'a state that loses a part',
      () => scan((_: { a: Scalar; b: Scalar }, x: Scalar) => [{ a: x, b: null } as never, x])({ a: zeros(), b: zeros() }, zeros(3)), // oxfmt-ignore
      { _tag: 'ShapeError', where: 'the carry of scan at b', actual: 'nothing' },
    ],
    [
      'results that change their shape',
      () => {
        let n = 0;
        return scan((h: Scalar, _: Scalar) => [h, zeros(++n)])(zeros(), zeros(3));
      },
      { _tag: 'ShapeError', where: 'the results of scan', expected: 'float32 [1]', actual: 'float32 [2]' },
    ],
    [
      'a key as a result',
      () => scan((h: Scalar, x: Scalar) => [h, { x, key: foldIn(key, 1) }])(zeros(), zeros(3)),
      { _tag: 'DTypeError', where: 'the results of scan at key' },
    ],
    [
      'sequences of two lengths',
      () => scan((h: Scalar, { a }: { a: Scalar; b: Scalar }) => [h, a])(zeros(), { a: zeros(3), b: zeros(Number('2')) }), // oxfmt-ignore
      { _tag: 'ShapeError', where: 'scan', actual: '[2] at b' },
    ],
  ])('refuses %s', (_, build, error) => {
    expect(attempt(build)).toMatchObject(E.left(error));
  });
});
