import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { reference } from '../backends/reference/index.js';
import { wasm } from '../backends/wasm/backend.js';
import { leafSpec, read, type Tensor, treeSpec, type TreeSpec, upload, using } from '../dsl/index.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import { E, F, RTE } from '../internal/fp.js';
import { writeTensors } from '../node/tensorStream.js';
import { readTensors, uploadTensors } from './snapshot.js';
import { loadTensors, saveTensors } from './tensorFiles.js';

const folder = mkdtempSync(`${tmpdir()}/noisefold-`);
afterAll(() => rmSync(folder, { recursive: true }));
const path = `${folder}/model.safetensors`;

interface Counter {
  readonly blocks: readonly { readonly w: Tensor<[2, 2]>; readonly count: Tensor<[], 'int32'> }[];
}
const spec = treeSpec<Counter>({ blocks: [{ w: '2 2', count: ':int32' }] });
const numbers = Float32Array.of(0.1, -2, 3e-9, 4e9);

const saved = F.pipe(
  RTE.Do,
  RTE.bind('w', () => upload(numbers, [2, 2])),
  RTE.bind('count', () => upload(Int32Array.of(7), [])),
  RTE.flatMap((block) => saveTensors(path)({ blocks: [block] })),
);

test.each([
  ['wasm', 'wasm', wasm, wasm],
  ['wasm', 'the reference', wasm, reference],
  ['the reference', 'wasm', reference, wasm],
])('tensors that %s saved are loaded on %s bit for bit', async (_from, _to, from, to) => {
  expect(await using(from())(saved)()).toEqual(E.right(undefined));
  const loaded = F.pipe(
    RTE.Do,
    RTE.bind('tree', () => loadTensors(path, spec)),
    RTE.bind('w', ({ tree }) => read(tree.blocks[0]!.w)),
    RTE.bind('count', ({ tree }) => read(tree.blocks[0]!.count)),
    RTE.map(({ w, count }) => [Array.from(w), Array.from(count)]),
  );
  expect(await using(to())(loaded)()).toEqual(E.right([Array.from(numbers), [7]]));
});

test.each<[what: string, file: string, spec: TreeSpec<unknown>, tag: string, where: string]>([
  ['is not there', `${folder}/none`, spec, 'FileError', `${folder}/none`],
  ['is not a safetensors file', fileURLToPath(import.meta.url), spec, 'DecodeError', fileURLToPath(import.meta.url)],
  [
    'has another shape',
    path,
    treeSpec({ blocks: [{ w: '2 3', count: ':int32' }] }),
    'CheckpointMismatch',
    `${path}: blocks.0.w`,
  ],
  [
    'has another dtype',
    path,
    treeSpec({ blocks: [{ w: '2 2', count: '' }] }),
    'CheckpointMismatch',
    `${path}: blocks.0.count`,
  ],
  ['has more', path, treeSpec({ blocks: [{ w: '2 2' }] }), 'CheckpointMismatch', `${path}: blocks.0.count`],
])('a file that %s is an error that names the tensor', async (_what, file, other, tag, where) => {
  await using(wasm())(saved)();
  const loaded = await using(wasm())(loadTensors(file, other))();
  expect(E.isLeft(loaded) && { tag: loaded.left._tag, where: loaded.left.where }).toEqual({
    tag,
    where: expect.stringContaining(where) as string,
  });
});

describe.each([
  ['wasm', wasm],
  ['the reference', reference],
])('float64 numbers on %s', (_, backend) => {
  const pair = treeSpec<{ readonly layer: { readonly w: Tensor<[3]> } }>({ layer: { w: leafSpec([3]) } });
  const wide = (...data: readonly number[]): StoredTensor => ({
    dtype: 'F64',
    shape: [3],
    data: Float64Array.from(data),
  });
  const written = (tensor: StoredTensor) =>
    writeTensors(path, { tensors: new Map([['layer.w', tensor]]), metadata: {} });
  /** The numbers of the file and of the same tensor in memory, uploaded. */
  const uploaded = async (tensor: StoredTensor) => {
    expect(await written(tensor)()).toEqual(E.right(undefined));
    const loads = [loadTensors(path, pair), uploadTensors('snapshot', pair)(new Map([['layer.w', tensor]]))];
    const reads = loads.map(RTE.flatMap(({ layer }) => read(layer.w)));
    return Promise.all(reads.map((numbers) => using(backend())(numbers)()));
  };

  test('up to the largest of float32, and not finite, are uploaded', async () => {
    const largest = (2 - 2 ** -23) * 2 ** 127;
    for (const numbers of [
      [largest, -largest, 0.5],
      [NaN, Infinity, -Infinity],
    ])
      // oxfmt-ignore
      for (const found of await uploaded(wide(...numbers)))
        expect(E.map((read: Iterable<number>) => [...read])(found)).toEqual(E.right(numbers));
  });

  test.each([1e39, -1e308, 2 ** 128 - 2 ** 103])(
    '%d is refused by the name of its tensor, not read as an infinity',
    async (number) => {
      const refusal = await uploaded(wide(0, NaN, number));
      expect(refusal).toMatchObject(
        [path, 'snapshot'].map((where) =>
          E.left({
            _tag: 'DecodeError',
            where: `${where}: layer.w`,
            expected: 'numbers of float32, up to ±3.4e+38',
            actual: `${number} at position 2`,
            hint: 'use other weights, or an earlier checkpoint: parameters are float32',
          }),
        ),
      );
    },
  );
});

test.each([
  ['a path', path, '"'],
  ['bytes', new Uint8Array(8), 'a Uint8Array'],
  ['work', loadTensors(path, spec), 'work that has not run'],
])('%s in place of values is refused with what to do', async (_, tree, actual) => {
  const refusal = (where: string) => ({
    left: {
      _tag: 'ConfigError',
      where: `${where}: tree`,
      actual: expect.stringContaining(actual),
      hint: expect.stringMatching(/loadTensors\(path, model.params\)|await nf.run/),
    },
  });
  expect(await using(reference())(readTensors(tree))()).toMatchObject(refusal('readTensors'));
  expect(await using(reference())(saveTensors(path)(tree))()).toMatchObject(refusal('saveTensors'));
});

test.each([null, undefined])(
  'the tree %s of a model without parameters has no tensors, and is loaded again',
  async (tree) => {
    expect(await using(reference())(readTensors(tree))()).toEqual(E.right(new Map()));
    expect(await using(reference())(saveTensors(path)(tree))()).toEqual(E.right(undefined));
    expect(await using(reference())(loadTensors(path, treeSpec(tree)))()).toEqual(E.right(tree));
  },
);

test('a model in place of its spec is refused with what to give', async () => {
  const result = await using(reference())(loadTensors(path, { params: spec } as never))();
  expect(result).toMatchObject({
    left: { where: 'loadTensors: spec', hint: 'give the spec of its tensors, such as model.params' },
  });
});
