import { Blob } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fc, test } from '@fast-check/vitest';
import { afterAll, describe, expect } from 'vitest';
import { faults } from '../../properties/faults.js';
import { encodeSafetensors, type StoredTensor } from '../formats/safetensors/safetensors.js';
import { E, F, TE } from '../internal/fp.js';
import { leftOf, right } from '../training/testing.js';
import { type WeightFiles, type WeightOptions, withWeights } from './weights.js';

const golden = fileURLToPath(new URL('../../properties/golden/weights/', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'noisefold-weights-'));
afterAll(() => rm(folder, { recursive: true }));
let count = 0;
const newFolder = async (): Promise<string> => {
  const path = join(folder, `${count++}`);
  await mkdir(path);
  return path;
};

const readAll = (from: WeightFiles, options?: WeightOptions) =>
  withWeights(
    from,
    ({ entries, tensor }) =>
      F.pipe(
        [...entries.values()],
        TE.traverseSeqArray((entry) =>
          TE.map(({ data }: StoredTensor) => [entry.name, [...data]] as const)(tensor(entry)),
        ),
        TE.map((pairs) => Object.fromEntries(pairs)),
      ),
    options,
  );

const counted = Array.from({ length: 12 }, (_, i) => i);
const ofShards = { a: [-2, -1.25], b: [-2, -1.25, -0.5], c: counted };

const file = (name: string, ...data: readonly number[]): Uint8Array =>
  right(
    encodeSafetensors({
      tensors: new Map([[name, { dtype: 'F32', shape: [data.length], data: Float32Array.from(data) }]]),
      metadata: {},
    }),
  );

describe('a safetensors file with an absurd header length is refused as safetensors, not as an index', () => {
  test.each([
    [0, 0, 0, 0, 0, 0, 0, 32],
    [255, 255, 255, 255, 255, 255, 255, 127],
    [0, 0, 0, 0, 0, 1, 0, 0],
  ])('of the bytes %i %i %i %i %i %i %i %i', async (...length) => {
    const bytes = file('w', 1);
    bytes.set(length);
    expect(await leftOf(readAll(bytes))).toMatchObject({
      _tag: 'DecodeError',
      expected: 'a safetensors file, whose header has at most 100000000 bytes',
      hint: 'the file is damaged or of another format: use a copy of it',
    });
  });
});

describe('weights are opened', () => {
  test('by the path of a file of any name', async () => {
    const path = join(await newFolder(), 'no ending');
    await copyFile(join(golden, 'parameter.pt'), path);
    expect(right(await readAll(path)())).toEqual({ w: [-2, -1.25, -0.5, 0.25], b: [-2, -1.25] });
    await copyFile(join(golden, 'sharded', 'model-00002-of-00002.safetensors'), path);
    expect(right(await readAll(path)())).toEqual({ c: counted });
  });

  test.each(['', 'model.safetensors.index.json', 'pytorch_model.bin.index.json'])(
    'by a folder with an index, or by the path of the index: %s',
    async (name) => expect(right(await readAll(join(golden, 'sharded', name))())).toEqual(ofShards),
  );

  test('by a folder with one file, or with one of a standard name beside its variants', async () => {
    const path = await newFolder();
    await writeFile(join(path, 'weights.safetensors'), file('w', 1));
    await writeFile(join(path, 'config.json'), '{}');
    await copyFile(join(golden, 'parameter.pt'), join(path, 'older.pt'));
    expect(right(await readAll(path)())).toEqual({ w: [1] });
    await writeFile(join(path, 'diffusion_pytorch_model.safetensors'), file('w', 2));
    await writeFile(join(path, 'diffusion_pytorch_model.fp16.safetensors'), file('w', 3));
    expect(right(await readAll(path)())).toEqual({ w: [2] });
  });

  test('from bytes, from a Blob and from the files of a folder by name', async () => {
    const bytes = new Uint8Array(await readFile(join(golden, 'views.pt')));
    const expected = right(await readAll(join(golden, 'views.pt'))());
    expect(right(await readAll(bytes)())).toEqual(expected);
    expect(right(await readAll(new Blob([bytes]))())).toEqual(expected);
    const names = (await readdir(join(golden, 'sharded'))).filter((name) => name.includes('model'));
    const files = await Promise.all(names.map(async (name) => [name, new Blob([await readFile(join(golden, 'sharded', name))])] as const));
    expect(right(await readAll(new Map(files))())).toEqual(ofShards);
  });

  test('below a prefix, with or without its dot', async () => {
    const path = join(golden, 'training.pt');
    const names = Object.keys(right(await readAll(path, { prefix: 'ema' })()));
    expect(names).toContain('first.weight');
    expect(Object.keys(right(await readAll(path, { prefix: 'ema.' })()))).toEqual(names);
  });

  test('without Node: a browser reads bytes, and a path is an error', async () => {
    const bytes = new Uint8Array(await readFile(join(golden, 'training.pt')));
    const builtin = process.getBuiltinModule;
    process.getBuiltinModule = undefined as never;
    const [inMemory, onDisk] = [await readAll(bytes, { prefix: 'ema' })(), await readAll('model.pt')()];
    process.getBuiltinModule = builtin;
    expect(Object.keys(right(inMemory))).toContain('first.weight');
    expect(onDisk).toMatchObject({ left: { _tag: 'FileError', actual: 'ENOSYS: no file system here' } });
  });

  test('and are closed, whether they are read, refused or their use fails', async () => {
    const open = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length;
    const before = await open();
    right(await readAll(join(golden, 'sharded'))());
    await leftOf(readAll(join(golden, 'evil.pt')));
    await leftOf(readAll(join(golden, 'training.pt'), { prefix: 'none' }));
    const failing = withWeights(join(golden, 'views.pt'), () => {
      throw new Error('of the caller');
    });
    await expect(failing()).rejects.toThrow('of the caller');
    expect(await open()).toBe(before);
  });
}); // oxfmt-ignore

describe('refuses, and says why:', () => {
  const index = (map: unknown, rest = ''): string => `{"metadata":{"total_size":[1,{"a":"}"}]},"weight_map":${JSON.stringify(map)}${rest}}`;
  const inFolder = async (files: Readonly<Record<string, Uint8Array | string>>): Promise<string> => {
    const path = await newFolder();
    for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
    return path;
  };

  test.each<readonly [string, Readonly<Record<string, Uint8Array | string>>, where: string, expected: RegExp]>([
    ['an empty folder', {}, '', /a file of weights: \*\.safetensors\.index\.json/],
    ['two files without a usual name', { 'a.pt': '', 'b.pt': '' }, '', /one file of weights \(\*\.pt\)/],
    ['an index whose file is missing', { 'x.bin.index.json': index({ w: 'x-1.bin' }) }, '/x-1.bin', /a file to read/],
    ['an index that leads out of the folder', { 'x.bin.index.json': index({ w: '../x.bin' }) }, '/x.bin.index.json: weight_map.w', /in the same folder/],
    ['an index that leads to a folder', { 'x.bin.index.json': index({ w: '..' }) }, '/x.bin.index.json: weight_map.w', /in the same folder/],
    ['an index without a map', { 'x.bin.index.json': '{"metadata":{}}' }, '/x.bin.index.json', /a field weight_map/],
    ['an index with two maps', { 'x.bin.index.json': index({}, ',"weight_map":{}') }, '/x.bin.index.json: weight_map', /one weight_map/],
    ['an index with a name twice', { 'x.bin.index.json': '{"weight_map":{"w":"a","w":"b"}}' }, '/x.bin.index.json: weight_map.w', /one file for this tensor/],
    ['an index of numbers', { 'x.bin.index.json': '{"weight_map":{"w":1}}' }, '/x.bin.index.json: weight_map.w', /the name of a file/],
    ['a truncated index', { 'x.bin.index.json': '{"weight_map":{"w":"a"' }, '/x.bin.index.json', /JSON/],
    ['an index in an index', { 'x.bin.index.json': index({ w: 'y' }), y: index({ w: 'z' }) }, '/y', /a file of tensors/],
    ['a tensor that its shard lacks', { 'm.safetensors.index.json': index({ w: 'a', v: 'a' }), a: file('w', 1) }, '/m.safetensors.index.json: v', /a tensor of a/],
    ['a tensor of a shard that the index lacks', { 'm.safetensors.index.json': index({ v: 'a' }), a: file('w', 1) }, '/a: w', /only tensors that the index has/],
    ['one name in two shards', { 'm.safetensors.index.json': index({ w: 'a', v: 'b' }), a: file('w', 1), b: file('w', 2) }, '/b: w', /only tensors that the index has/],
  ])('%s', async (_, files, where, expected) => {
    const path = await inFolder(files);
    const error = await leftOf(readAll(path));
    expect(['DecodeError', 'FileError']).toContain(error._tag);
    expect(error.where).toBe(path + where);
    expect(error.expected).toMatch(expected);
  });

  test.each<readonly [string, Uint8Array | string, string]>([
    ['an empty file', '', 'an empty file'],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), 'a file that begins with the bytes 89 50 4e 47 0d 0a 1a 0a'],
    ['a page', '<!doctype html>', 'a file that begins with the bytes 3c 21 64 6f 63 74 79 70'],
    ['a pointer of git-lfs', 'version https://git-lfs', 'a file that begins with the bytes 76 65 72 73 69 6f 6e 20'],
  ])('%s', async (_, content, actual) => {
    const path = join(await newFolder(), 'x.safetensors');
    await writeFile(path, content);
    expect(await leftOf(readAll(path))).toMatchObject({ _tag: 'DecodeError', where: path, actual, expected: expect.stringContaining('safetensors, a file of torch.save') });
  });

  test('a path without a file, a pipe, and other things that are not files', async () => {
    const path = join(await newFolder(), 'x');
    expect(await leftOf(readAll(path))).toMatchObject({ _tag: 'FileError', where: path, hint: 'check the path' });
    execFileSync('mkfifo', [path]);
    expect(await leftOf(readAll(path))).toMatchObject({ _tag: 'FileError', where: path });
    expect(await leftOf(readAll(3 as never))).toMatchObject({ _tag: 'ConfigError', where: 'withWeights', actual: 'Number' });
    for (const odd of [new Map([['a', 3]]), new Map([[1, new Uint8Array()]])])
      expect(await leftOf(readAll(odd as never))).toMatchObject({ _tag: 'ConfigError', where: 'withWeights', actual: 'a Map of other entries' });
    expect(await leftOf(readAll(new Uint8Array(), { prefx: 'a' } as never))).toMatchObject({ _tag: 'ConfigError', where: 'withWeights.prefx' });
  });

  test('a file of a page that changed since it was chosen', async () => {
    const gone = {
      size: 100,
      slice: () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadableError')) }),
      name: 'model.pt',
      [Symbol.toStringTag]: 'File',
    };
    expect(await leftOf(readAll(gone))).toMatchObject({
      _tag: 'FileError',
      where: 'model.pt',
      actual: 'Error: NotReadableError',
      hint: 'choose the file again: it may have changed',
    });
  });

  test('an index without its files', async () => {
    const bytes = new Uint8Array(await readFile(join(golden, 'sharded', 'model.safetensors.index.json')));
    expect(await leftOf(readAll(bytes))).toMatchObject({
      _tag: 'FileError',
      where: 'model-00001-of-00002.safetensors',
      hint: 'give all files of the folder, in a Map by name',
    });
  });

  test('a missing tensor, suggesting a similar name', async () => {
    const other = withWeights(join(golden, 'parameter.pt'), ({ tensor }) => tensor({ name: 'ww', dtype: 'F32', shape: [] }));
    expect(await leftOf(other)).toMatchObject({ _tag: 'ConfigError', actual: 'ww' });
  });
}); // oxfmt-ignore

test.prop([fc.uint8Array({ maxLength: 200 }), fc.constantFrom('', '\x80\x02', '\x80\x04\x95', 'PK\x03\x04', '{"weight_map":{', '\x10\0\0\0\0\0\0\0{')], {
  numRuns: faults(300, 30_000),
})('arbitrary bytes are refused or read, and nothing throws', async (bytes, start) => {
  const result = await readAll(Uint8Array.of(...Array.from(start, (character) => character.charCodeAt(0)), ...bytes))();
  if (E.isLeft(result)) expect(['DecodeError', 'FileError']).toContain(result.left._tag);
}); // oxfmt-ignore
