import { describe, expect, expectTypeOf, test } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import {
  add,
  addBias,
  type Affine,
  constantOf,
  fork,
  type Key,
  neg,
  normal,
  ones,
  silu,
  type Tensor,
  zeros,
} from '../../dsl/index.js';
import { E, F } from '../../internal/fp.js';
import { attempt } from '../../internal/errors.js';
import { allOnes, allZeros, fanInUniform } from './initializers.js';
import { layer, parameter } from './layer.js';
import { linearLayer } from './layers.js';

/** x − p. The result shows which parameters were bound. */
const shift = () => layer(parameter(allZeros, 1), (p) => (x: Tensor<[2, 1]>) => addBias(x, neg(p)));
const shiftBy = (n: number): Tensor<[1]> => constantOf([n], 1);

const linears = {
  a: linearLayer({ inputs: 2, outputs: 3 }),
  more: [linearLayer({ inputs: 2, outputs: 3 })],
} as const;

describe('the parameters', () => {
  test('form the tree of the parameters of the parts', () => {
    const { params, init } = layer(linears, (bound) => bound);
    expect(params.leaves.map(({ path, shape }) => [path, shape])).toEqual([
      ['a.w', [2, 3]],
      ['a.b', [3]],
      ['more.0.w', [2, 3]],
      ['more.0.b', [3]],
    ]);
    expectTypeOf(init).returns.toExtend<{
      readonly a: Affine<2, 3>;
      readonly more: readonly [Affine<2, 3>];
    }>();
  });

  test('of a nested layer have the paths of both layers', () => {
    const inner = layer(linears, (bound) => bound);
    const outer = layer({ left: inner, right: [[inner]] }, (bound) => bound);
    expect(outer.params.leaves.map(({ path }) => path)).toEqual([
      ...['left.a.w', 'left.a.b', 'left.more.0.w', 'left.more.0.b'],
      ...['right.0.0.a.w', 'right.0.0.a.b', 'right.0.0.more.0.w', 'right.0.0.more.0.b'],
    ]);
  });

  test('omit those of an absent part', () => {
    const { params } = layer({ a: undefined, b: parameter(allZeros, 2) }, (bound) => bound);
    expect(params.leaves.map(({ path }) => path)).toEqual(['b']);
  });

  test('have names without dots', () => {
    expect(attempt(() => layer({ 'a.b': parameter(allZeros, 2) }, (bound) => bound))).toMatchObject(
      E.left({ _tag: 'ConfigError' }),
    );
  });
});

describe('initialization', () => {
  const weightsOf = (parts: { readonly a: typeof linears.a }) =>
    numbersOf((k) => layer(parts, (bound) => bound).init(k).a.w);

  test('does not depend on the other parts', async () => {
    const alone = await weightsOf({ a: linears.a });
    expect(await weightsOf(linears)).toEqual(alone);
    const others = { before: parameter(fanInUniform(), 9), ...linears };
    expect(await weightsOf(others)).toEqual(alone);
  });

  test('differs between equal parts', async () => {
    const { init } = layer(linears, (bound) => bound);
    expect(await numbersOf((k) => init(k).more[0].w)).not.toEqual(await numbersOf((k) => init(k).a.w));
  });

  test('keeps the form of the parts: lists are lists, and absent parts are absent', async () => {
    await numbersOf((k) => {
      const params = layer({ list: [parameter(allOnes, 2)], none: undefined }, (bound) => bound).init(k);
      expect(Array.isArray(params.list)).toBe(true);
      expect(params.none).toBeUndefined();
      return params.list[0]!;
    });
  });
});

describe('a part that is not a layer is refused', () => {
  const messageOf = (build: () => unknown) =>
    F.pipe(
      attempt(build),
      E.match(
        ({ message }) => message,
        () => 'no error',
      ),
    );
  const expected = 'expected a layer, made by linearLayer, parameter or layer, got';
  const { a } = linears;

  test('a function, a tensor, a number', () => {
    // @ts-expect-error 'a part is a layer, parameters, or a record of them'
    expect(messageOf(() => layer({ a, act: silu }, () => null))).toContain(`layer: act: ${expected} a function;`);
    // @ts-expect-error the same
    expect(messageOf(() => layer({ a, s: zeros(2) }, () => null))).toContain(`layer: s: ${expected} a tensor [2];`);
    // @ts-expect-error the same
    expect(messageOf(() => layer({ a, list: [a, 3] }, () => null))).toContain(`layer: list.1: ${expected} 3;`);
    // @ts-expect-error the same
    expect(messageOf(() => layer(silu, () => null))).toContain(`layer: ${expected} a function;`);
  });

  test('a model, whose apply takes more than the parameters', () => {
    const model = { ...layer({}, () => null), apply: (_: object, x: Tensor<[2]>) => x };
    // @ts-expect-error 'a model is not a layer: apply of a layer takes only the parameters'
    expect(messageOf(() => layer({ model }, () => null))).toContain(`layer: model: ${expected} a model;`);
  });

  test('an absent part is not', () => {
    expect(messageOf(() => layer({ a, none: undefined }, () => null))).toBe('no error');
  });
});

describe('missing parameters and wrong shapes are refused with their path', () => {
  const blocks = layer({ blocks: [linears.a, linears.a] }, ({ blocks: [first] }) => first!);
  const fitting = { w: zeros(2, 3), b: zeros(3) };
  test.each<[unknown, string]>([
    [undefined, 'params.blocks.0.w: expected a tensor [2, 3], got nothing'],
    [{}, 'params.blocks.0.w: expected a tensor [2, 3], got nothing'],
    [{ blocks: [fitting] }, 'params.blocks.1.w: expected a tensor [2, 3], got nothing'],
    [{ blocks: [fitting, { w: zeros(2, 3), bias: zeros(3) }] }, 'params.blocks.1.b: expected a tensor [3], got nothing'],
    [{ blocks: [fitting, { ...fitting, w: zeros(3, 2) }] }, 'params.blocks.1.w: expected a tensor [2, 3], got [3, 2]'],
    [{ blocks: [fitting, { ...fitting, b: 0 }] }, 'params.blocks.1.b: expected a tensor [3], got 0'],
  ])('%#', (params, message) => {
    expect(attempt(() => blocks.apply(params as ReturnType<typeof blocks.init>))).toMatchObject(
      E.left({ _tag: 'ConfigError', message: expect.stringContaining(message) }),
    );
  }); // oxfmt-ignore
});

test('a bound layer that is used as a tensor is named in the error', () => {
  const bound = linears.a.apply({ w: zeros(2, 3), b: zeros(3) });
  expect(attempt(() => silu(bound as unknown as Tensor<[2]>))).toMatchObject(
    E.left({ actual: 'the function linearLayer(…).apply(params)' }),
  );
  const whole = layer(
    { p: parameter(allOnes, 2) },
    ({ p }) =>
      (x: Tensor<[2, 2]>) =>
        addBias(x, p),
  );
  expect(attempt(() => silu(whole.apply({ p: ones(2) }) as unknown as Tensor<[2]>))).toMatchObject(
    E.left({ actual: 'the function layer(…).apply(params)' }),
  );
});

describe('binding', () => {
  test('gives each part its own parameters', async () => {
    const { apply } = layer({ first: shift(), then: shift() }, ({ first, then }) => ({ first, then }));
    const bound = apply({ first: shiftBy(1), then: shiftBy(10) });
    expect(await numbersOf(() => bound.first(ones(2, 1)))).toEqual([0, 0]);
    expect(await numbersOf(() => bound.then(ones(2, 1)))).toEqual([-9, -9]);
  });

  test('binds parts in nested lists of any length', async () => {
    const depth: number = 3;
    const chain = layer(
      { rows: Array.from({ length: depth }, () => [shift(), shift()] as const) },
      ({ rows }) =>
        (x: Tensor<[2, 1]>) =>
          rows.flat().reduce((h, f) => f(h), x),
    );
    const rows = [0, 1, 2].map((i) => [shiftBy(2 ** (2 * i)), shiftBy(2 ** (2 * i + 1))] as const);
    expect(await numbersOf(() => chain.apply({ rows })(ones(2, 1)))).toEqual([1 - 63, 1 - 63]);
  });

  test('binds a parameter to its tensor, and an absent part to undefined', async () => {
    const { apply } = layer({ p: parameter(allOnes, 2), none: undefined }, (bound) => bound);
    const bound = apply({ p: constantOf([3, 4], 2), none: undefined });
    expect(bound.none).toBeUndefined();
    expect(await numbersOf(() => bound.p)).toEqual([3, 4]);
  });

  test('of a layer in a layer binds its parts', async () => {
    const twice = layer(
      { a: shift(), b: shift() },
      ({ a, b }) =>
        (x: Tensor<[2, 1]>) =>
          F.pipe(x, a, b),
    );
    const outer = layer({ twice, last: shift() }, (bound) => (x: Tensor<[2, 1]>) => bound.last(bound.twice(x)));
    const params = { twice: { a: shiftBy(1), b: shiftBy(2) }, last: shiftBy(4) };
    expect(await numbersOf(() => outer.apply(params)(ones(2, 1)))).toEqual([-6, -6]);
  });
});

describe('a context, the second argument of a part', () => {
  type At = { readonly key: Key };
  const noise = () =>
    layer(
      {},
      () =>
        (x: Tensor<[2]>, { key }: At) =>
          add(x, normal(key, 2)),
    );
  const outer = layer(
    { list: [layer({ inner: noise() }, ({ inner }) => inner), noise()] as const },
    ({ list }) => list,
  );
  const bound = () => outer.apply({ list: [{ inner: {} }, {}] });
  const forked = (key: Key, ...paths: readonly string[]) => paths.reduce((k, path) => fork(k, path)[path]!, key);

  test('gives each part a key of its own, by its path', async () => {
    const [nested, direct] = [
      await numbersOf((key) => bound()[0](zeros(2), { key })),
      await numbersOf((key) => bound()[1](zeros(2), { key })),
    ];
    expect(nested).toEqual(await numbersOf((key) => normal(forked(key, 'list.0', 'inner'), 2)));
    expect(direct).toEqual(await numbersOf((key) => normal(forked(key, 'list.1'), 2)));
  });

  test('reaches a part unchanged without a key of random numbers', () => {
    const given = layer(
      {
        part: layer(
          {},
          () =>
            (...args: readonly unknown[]) =>
              args,
        ),
      },
      ({ part }) => part,
    ).apply({
      part: {},
    });
    const contexts = [{ key: ones(2) }, { key: undefined }, { key: 7 }, {}, ones(2), [ones(2)], null, 3];
    for (const context of contexts) expect(given(ones(2), context)[1]).toBe(context);
    expect(given(ones(2))).toHaveLength(1);
  });

  test('does not change other arguments, among them a key that is an argument itself', async () => {
    const drawn = layer({ part: layer({}, () => (_: null, key: Key) => normal(key, 2)) }, ({ part }) => part);
    const numbers = await numbersOf((key) => drawn.apply({ part: {} })(null, key));
    expect(numbers).toEqual(await numbersOf((key) => normal(key, 2)));
  });
});
