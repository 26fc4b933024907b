import { describe, expect, test } from 'vitest';
import { E } from '../../internal/fp.js';
import { attempt } from '../../internal/errors.js';
import { node } from './node.js';
import { extentsOf, fillSpec, leafSpec, parseSpec, program, type Spec, symbolsOf, treeSpec } from './spec.js';
import { type Dim, dims, type Tensor, tensor } from './tensor.js';

const parsed = (spec: Spec) =>
  E.getOrElseW((error: { message: string }) => expect.fail(error.message))(parseSpec(spec));

describe('parseSpec', () => {
  test.each([
    ['B 28 28 1', ['B', 28, 28, 1], 'float32'],
    ['  B   H/2 ', ['B', 'H/2'], 'float32'],
    ['B:int32', ['B'], 'int32'],
    [':bool', [], 'bool'],
    ['', [], 'float32'],
    ['key', [], 'key'],
    ['e Infinity', ['e', 'Infinity'], 'float32'],
    ['B (C+D)/2:float32', ['B', '(C+D)/2'], 'float32'],
  ])('%o', (spec, shape, dtype) => {
    expect(parsed(spec).leaves).toEqual([{ _tag: 'LeafSpec', path: '', shape, dtype }]);
  });

  test('sets the paths of leaves, also of nested specs', () => {
    const inner = treeSpec<unknown>({ levels: [{ kernel: leafSpec([3, 3, 1, 8]) }] });
    const spec = parsed({ params: inner, pair: ['B 2', 'B'], key: 'key' });
    expect(spec.leaves.map(({ path }) => path)).toEqual(['params.levels.0.kernel', 'pair.0', 'pair.1', 'key']);
    expect(spec.tree).toMatchObject({ params: { levels: [{ kernel: { shape: [3, 3, 1, 8] } }] } });
  });

  test.each([
    ['B -1', 'ShapeError'],
    ['B 1.5', 'ShapeError'],
    ['B 2C', 'ShapeError'],
    ['B C/', 'ShapeError'],
    ['B 1e3', 'ShapeError'],
    ['B:float', 'DTypeError'],
    ['B:int32:int32', 'DTypeError'],
    ['B:key', 'ShapeError'],
    ['B int32', 'DTypeError'],
  ])('rejects %o', (spec, _tag) => {
    expect(parseSpec(spec)).toMatchObject(E.left({ _tag }));
  });

  test.each([
    ['B int32', 'int32 without one'],
    ['bool', 'bool without one'],
    ['B 2 float32:int32', 'float32 without one'],
    ['B:int', 'int'],
  ])('says how a dtype is written: %o', (spec, actual) => {
    const result = parseSpec(spec);
    expect(E.isLeft(result) && result.left.message).toBe(
      `spec '${spec}': expected one of float32, int32, bool, key after a colon, got ${actual}; write 'B 28 28 1' or 'B:int32'`,
    );
  });
});

describe('treeSpec', () => {
  test('describes a tree that depends on a configuration', () => {
    const levels = [8, 16].map((channels) => ({ kernel: leafSpec([3, 3, channels, 2 * channels]) }));
    const spec = treeSpec<{ readonly levels: readonly { readonly kernel: Tensor<[3, 3, Dim, Dim]> }[] }>({
      levels,
    });
    expect(spec.leaves.map(({ path, shape }) => [path, shape])).toEqual([
      ['levels.0.kernel', [3, 3, 8, 16]],
      ['levels.1.kernel', [3, 3, 16, 32]],
    ]);
  });

  test('keeps absent members', () => {
    expect(treeSpec({ w: leafSpec([2]), b: undefined })).toMatchObject({ leaves: [{ path: 'w' }] });
    expect(treeSpec({ t: 'B:int32', w: [leafSpec([2])] })).toMatchObject({
      leaves: [{ path: 't', shape: ['B'], dtype: 'int32' }, { path: 'w.0' }],
    });
    expect(attempt(() => treeSpec({ w: 'B -1' }))).toMatchObject(E.left({ _tag: 'ShapeError' }));
    const none = undefined as unknown as number;
    expect(attempt(() => leafSpec([2, none]))).toMatchObject(E.left({ actual: 'undefined' }));
  });

  test('leafSpec rejects invalid extents', () => {
    expect(attempt(() => leafSpec([3, -1]))).toMatchObject(E.left({ _tag: 'ShapeError', actual: '-1' }));
    expect(attempt(() => leafSpec([0.5]))).toMatchObject(E.left({ _tag: 'ShapeError', actual: '0.5' }));
  });
});

describe('extents', () => {
  const spec = treeSpec<unknown>({ x: leafSpec(['B', 'H/2', 'C+D']), y: leafSpec(['B', 'W']) });
  const bound = { B: 8, H: 28, C: 1, D: 2 };

  test('symbolsOf names each symbol once', () => {
    expect(symbolsOf(spec)).toEqual(['B', 'H', 'C', 'D', 'W']);
  });

  test('extentsOf evaluates each dim', () => {
    expect(extentsOf(spec.leaves[0]!, bound)).toEqual(E.right([8, 14, 3]));
  });

  test('extentsOf reports the path of the leaf', () => {
    expect(extentsOf(spec.leaves[1]!, bound)).toMatchObject(E.left({ _tag: 'UnknownDim', where: "y: dim 'W'" }));
    expect(extentsOf(spec.leaves[1]!, bound)).toMatchObject(
      E.left({ message: expect.stringMatching(/^y: dim 'W': expected an extent for W, got B = 8, H = 28/) }),
    );
  });
});

test('fillSpec replaces each leaf by a tensor', () => {
  const filled = fillSpec(treeSpec<{ readonly a: Tensor<[2]> }>({ a: leafSpec([2]) }), ({ path, dtype }) =>
    tensor(node('input', [], { path }, [2], dtype)),
  );
  expect(dims(filled.a)).toEqual([2]);
});

describe('program', () => {
  test('does not trace the function', () => {
    program('B 28', () => expect.fail('traced'));
  });

  test('holds the error of an invalid spec', () => {
    const spec: string = 'B:float';
    expect(program(spec, (x) => x).inputs).toMatchObject(E.left({ _tag: 'DTypeError' }));
  });
});
