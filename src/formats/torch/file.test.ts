import { readdirSync, readFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { faults } from '../../../properties/faults.js';
import { E, TE } from '../../internal/fp.js';
import { withWeights } from '../../node/weights.js';
import { joinBytes } from '../bytes/bytes.js';
import { errorOf, readAll, tensorsOf } from '../../node/weightsTesting.js';
import { call, dict, get, global, integer, list, type Part, pickleOf, put, storage, tensor, text, torchZip, tuple } from './pickleTesting.js'; // oxfmt-ignore

const folder = new URL('../../../properties/golden/weights/', import.meta.url);
const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));

/** i·0.75 − 2, which the fixtures are made of. */
const numbers = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => 0.75 * i - 2);
const counted = Float32Array.from({ length: 12 }, (_, i) => i);
const F32 = (shape: readonly number[], data: ArrayLike<number>) => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(data),
});
const I32 = (...data: readonly number[]) => ({ dtype: 'I32', shape: [data.length], data: Int32Array.from(data) });

describe('a file that PyTorch wrote', () => {
  test.each(['dtypes.pt', 'dtypes.safetensors'])('has tensors of each dtype: %s', async (name) => {
    const read = await tensorsOf(golden(name));
    expect(read.get('float64')).toEqual({ dtype: 'F64', shape: [3], data: Float64Array.of(-2, -1.25, -0.5) });
    expect(read.get('float32')).toEqual(F32([2, 3], numbers(6)));
    expect(read.get('float16')).toEqual(F32([4], numbers(4)));
    expect(read.get('bfloat16')).toEqual(F32([4], numbers(4)));
    expect(read.get('int64')).toEqual(I32(-(2 ** 31), 0, 2 ** 31 - 1));
    expect(read.get('int32')).toEqual(I32(-7, 7));
    expect(read.get('int16')).toEqual(I32(-(2 ** 15), 2 ** 15 - 1));
    expect(read.get('int8')).toEqual(I32(-128, 127));
    expect(read.get('uint8')).toEqual(I32(0, 255));
    expect(read.get('bool')).toEqual({ dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) });
    expect(read.get('scalar')).toEqual(F32([], [2.5]));
    expect(read.get('empty')).toEqual(F32([0, 4], []));
  });

  test.each(['dtypes.pt', 'unsigned.safetensors'])('has unsigned integers: %s', async (name) => {
    const read = await tensorsOf(golden(name));
    for (const dtype of ['uint16', 'uint32', 'uint64']) expect(read.get(dtype)).toEqual(I32(1, 2, 65535));
  });

  test('has views of one storage, in the order of their rows', async () => {
    const read = await tensorsOf(golden('views.pt'));
    expect(read.get('whole')).toEqual(F32([3, 4], counted));
    expect(read.get('transposed')).toEqual(F32([4, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]));
    expect(read.get('column')).toEqual(F32([3], [1, 5, 9]));
    expect(read.get('row')).toEqual(F32([4], [8, 9, 10, 11]));
    expect(read.get('every_second')).toEqual(F32([2, 2], [1, 3, 9, 11]));
    expect(read.get('repeated')).toEqual(F32([3], [5, 5, 5]));
    expect(read.get('nothing')).toEqual(F32([0, 0], []));
  });

  test('has parameters, of an ordered dictionary', async () => {
    const read = await tensorsOf(golden('parameter.pt'));
    expect([...read]).toEqual([
      ['w', F32([2, 2], numbers(4))],
      ['b', F32([2], numbers(2))],
    ]);
  });

  test('has no CRC-32, by torch.serialization.set_crc32_options(False)', async () => {
    expect([...(await tensorsOf(golden('no-crc32.pt')))]).toEqual([['w', F32([3, 4], counted)]]);
  });

  test('is of pickle protocol 4, with a torch.Size and a dtype beside the tensor', async () => {
    expect([...(await tensorsOf(golden('protocol4.pt')))]).toEqual([['w', F32([3, 4], counted)]]);
  });

  test('is of the format before PyTorch 1.6', async () => {
    expect([...(await tensorsOf(golden('legacy.pt')))]).toEqual([
      ['w', F32([3, 4], counted)],
      ['column', F32([3], [1, 5, 9])],
      ['half', F32([3], numbers(3))],
    ]);
  });

  test('is a checkpoint of a training: tensors by path, and words beside them', async () => {
    const read = await withWeights(golden('training.pt'), ({ entries, metadata }) => TE.right({ names: [...entries.keys()], metadata }))();
    expect(E.isRight(read) && read.right.names).toEqual(expect.arrayContaining(['model.first.weight', 'ema.last.weight', 'optimizer.state.4.exp_avg']));
    expect(E.isRight(read) && read.right.metadata).toMatchObject({ step: '3', loss: '0.25', run: 'first', 'optimizer.param_groups.0.betas': '[0.9,0.999]' });
  });

  test('gives the tensors below a prefix by the rest of their names', async () => {
    const [model, ema] = [await tensorsOf(golden('training.pt'), { prefix: 'model' }), await tensorsOf(golden('training.pt'), { prefix: 'ema' })];
    expect([...ema.keys()]).toEqual([...model.keys()]);
    expect([...ema.keys()]).toHaveLength(8);
    expect(model.get('first.weight')).toEqual(F32([3, 2], numbers(6)));
    expect(ema.get('first.weight')).toEqual(F32([3, 2], numbers(6).map((x) => 2 * x)));
    expect(await readAll(golden('training.pt'), { prefix: 'average' })).toMatchObject({
      left: { _tag: 'ConfigError', expected: 'tensors whose names begin with average.', actual: 'names that begin with model, ema, optimizer' },
    });
  });
}); // oxfmt-ignore

describe('a pickle of EDM', () => {
  test.each([2, 4])('of protocol %d has the parameters and buffers of its network', async (protocol) => {
    const read = await tensorsOf(golden(`edm-protocol${protocol}.pkl`), { prefix: 'ema' });
    expect(Object.fromEntries(read)).toEqual({
      resample_filter: F32([2], [0.25, 0.75]),
      'enc.8x8_conv.weight': F32([2, 3], [0, 0.5, 1, 1.5, 2, 2.5]),
      'enc.8x8_conv.bias': F32([2], [-1, 0]),
      'out.weight': F32([1, 2], [0, 0.5]),
      'norm.weight': F32([2], [1, 1]),
      'norm.bias': F32([2], [0, 0]),
    });
  });

  test('tells the class and the arguments of the network', async () => {
    const read = await withWeights(golden('edm-protocol4.pkl'), ({ metadata }) => TE.right(metadata))();
    expect(read).toMatchObject({
      right: {
        'ema.class_name': 'Net',
        'ema.sigma_data': '0.5',
        'ema._init_kwargs.img_resolution': '8',
        'ema._init_kwargs.channel_mult': '[1,2,2]',
        'loss_fn.P_mean': '-1.2',
        'dataset_kwargs.path': 'digits',
      },
    });
  });

  test('that names a function of the system is refused, and one without tensors', async () => {
    const evil = pickleOf(dict([text('ema'), call(global('posix', 'system'), text('echo'))]));
    expect(await errorOf(evil)).toMatchObject({ _tag: 'DecodeError', where: 'weights', actual: 'the global "posix.system"' });
    expect(await errorOf(pickleOf(dict([text('ema'), 'N'])))).toMatchObject({ expected: 'a pickle with tensors of PyTorch' });
    const sparse = call(global('torch._utils', '_rebuild_sparse_tensor'), 'N');
    expect(await errorOf(pickleOf(dict([text('ema'), sparse])))).toMatchObject({ where: 'weights: ema', expected: 'a dense tensor' });
  });
}); // oxfmt-ignore

const w = tensor(storage('0', 4), [2, 2]);
const four = { 0: Float32Array.of(1, 2, 3, 4) };

describe('is refused, and nothing of it executed:', () => {
  test.each([
    ['evil.pt', 'the global "posix.system"', /^nothing was executed, but Python would call it: take the weights from a source that you trust$/],
    ['module.pt', 'the global "torch.nn.modules.linear.Linear"', /^nothing was executed; if you trust the file, save its weights alone: torch\.save\(torch\.load\(path, weights_only=False\)\.state_dict\(\), out\); docs\/weights\.md does it without the code of its classes$/],
    ['script.pt', 'a TorchScript archive', /save the state dict/],
    ['float8.pt', 'torch.float8_e4m3fn', /convert the tensor/],
    ['complex.pt', 'torch.ComplexFloatStorage', /convert the tensor/],
  ])('%s', async (name, actual, hint) => {
    expect(await errorOf(golden(name))).toMatchObject({ _tag: 'DecodeError', where: expect.stringMatching(/^weights/), actual, hint: expect.stringMatching(hint) });
  });

  test.each([
    ['builtins', 'eval'],
    ['__builtin__', 'exec'],
    ['os', 'system'],
    ['torch', 'load'],
    ['torch.hub', 'load'],
    ['torch.storage', '_load_from_bytes'],
    ['numpy.core.multiarray', 'fromfile'],
    ['collections', 'OrderedDict.update'],
    ['__main__', 'Model'],
    ['constructor', 'prototype'],
  ])('a file that names %s.%s', async (module, name) => {
    const pickle = pickleOf(dict([text('w'), w], [text('x'), call(global(module, name))]));
    const { _tag, actual } = await errorOf(torchZip(pickle, four));
    expect([_tag, actual]).toEqual(['DecodeError', `the global "${module}.${name}"`]);
  });
}); // oxfmt-ignore

describe('is refused, by the name of the tensor:', () => {
  test.each<readonly [string, Part, RegExp]>([
    ['a tensor beyond its storage', tensor(storage('0', 4), [2, 3]), /numbers within a storage of 4/],
    ['an offset beyond its storage', tensor(storage('0', 4), [2], [1], 3), /numbers within a storage of 4/],
    ['strides beyond its storage', tensor(storage('0', 4), [2, 2], [3, 1]), /numbers within a storage of 4/],
    ['extents beyond counting', tensor(storage('0', 4), [2 ** 40, 2 ** 40], [0, 0]), /product is a safe integer/],
    ['a number that is repeated to terabytes', tensor(storage('0', 4), [2 ** 40], [0]), /at most 16777216 numbers that repeat/],
    ['negative extents', tensor(storage('0', 4), [-2, -2], [2, 1]), /extents that are integers ≥ 0/],
    ['negative strides', tensor(storage('0', 4), [2], [-1], 1), /strides that are integers ≥ 0/],
    ['more strides than extents', tensor(storage('0', 4), [2], [1, 1]), /each with a stride/],
    ['a negative offset', tensor(storage('0', 4), [2], [1], -1), /an offset, an integer ≥ 0/],
    ['a storage that the file lacks', tensor(storage('7', 4), [2]), /a storage archive\/data\/7/],
    ['a storage of another length', tensor(storage('0', 5), [2]), /a storage of 20 bytes/],
    ['a storage of another dtype', tensor(storage('0', 4, 'DoubleStorage'), [2]), /a storage of 32 bytes/],
    ['a storage of −4 numbers', tensor(storage('0', -4), [0]), /a length/],
    ['a storage by a path', tensor(storage('../data.pkl', 4), [2]), /a storage archive\/data\/\.\.\/data\.pkl/],
    ['no storage', tensor('N', [2]), /the id of a storage/],
    ['a parameter of a parameter', call(global('torch._utils', '_rebuild_parameter'), call(global('torch._utils', '_rebuild_parameter'), w)), /a dense tensor/],
    ['no tensor in a parameter', call(global('torch._utils', '_rebuild_parameter'), integer(1)), /a dense tensor/],
  ])('%s', async (_, part, expected) => {
    const error = await errorOf(torchZip(pickleOf(dict([text('w'), part])), four));
    expect(error).toMatchObject({ _tag: 'DecodeError', where: 'weights: w' });
    expect(error.expected).toMatch(expected);
  });

  test.each<readonly [string, Part, string, RegExp]>([
    ['two paths of one name', dict([text('a.b'), w], [text('a'), dict([text('b'), w])]), 'weights: a.b', /one tensor of this name/],
    ['one key twice', dict([text('a'), w], [text('a'), w]), 'weights', /one value of the key "a"/],
    ['one key twice in a dictionary', dict([text('a'), dict([text('b'), 'N'], [text('b'), 'N'])]), 'weights: a', /one value of the key "b"/],
    ['a name of a million characters', dict([text('a'.repeat(10 ** 6)), w]), 'weights', /names of at most 1024 characters/],
    ['a thousand levels', ['N', new Uint8Array(1000).fill(0x85)], 'weights: 0.0.0', /at most 200 levels/],
    ['2⁴⁰ paths', [w, put(0), Array.from({ length: 40 }, (): Part => ['0', tuple(get(0), get(0)), put(0)])], 'weights: ', /at most \d+ (values|tensors)/],
    ['10⁸ visits', [dict(...Array.from({ length: 10 ** 4 }, (_, i) => [integer(i), 'N'] as const)), put(0), list(Array.from({ length: 10 ** 4 }, () => get(0)))], 'weights: ', /at most \d+ values/],
  ])('%s', async (_, part, where, expected) => {
    const error = await errorOf(torchZip(pickleOf(part), four));
    expect(error._tag).toBe('DecodeError');
    expect(error.where).toContain(where);
    expect(error.expected).toMatch(expected);
  });

  test.each([NaN, Infinity])('%d, unless that is allowed', async (odd) => {
    const bytes = torchZip(pickleOf(dict([text('w'), w])), { 0: Float32Array.of(1, odd, 3, 4) });
    expect(await errorOf(bytes)).toMatchObject({
      where: 'weights: w',
      actual: `${odd} at position 1`,
      hint: 'use other weights, or read these with withWeights and { finite: false }',
    });
    expect((await tensorsOf(bytes, { finite: false })).get('w')?.data).toEqual(Float32Array.of(1, odd, 3, 4));
  });

  test('an integer that int32 does not hold', async () => {
    const long = tensor(storage('0', 2, 'LongStorage'), [2]);
    const bytes = torchZip(pickleOf(dict([text('steps'), long])), { 0: BigInt64Array.of(1n, 2n ** 31n) });
    expect(await errorOf(bytes)).toMatchObject({ where: 'weights: steps', expected: 'integers within ±2³¹', actual: '2147483648 at position 1' });
  });
}); // oxfmt-ignore

test('tensors of the names __proto__ and constructor are tensors like others', async () => {
  const bytes = torchZip(pickleOf(dict([text('__proto__'), dict([text('step'), integer(3)], [text('constructor'), w])])), four);
  const read = await withWeights(bytes, ({ entries, metadata }) => TE.right({ names: [...entries.keys()], words: Object.entries(metadata) }))();
  expect(read).toEqual(E.right({ names: ['__proto__.constructor'], words: [['__proto__.step', '3']] }));
  expect('step' in {}).toBe(false);
}); // oxfmt-ignore

describe('a file of the older format', () => {
  const bytes = golden('legacy.pt');

  test('that is truncated is refused, at any length', async () => {
    for (let length = 0; length < bytes.length; length++)
      expect((await errorOf(bytes.subarray(0, length)))._tag).toBe('DecodeError');
  });

  test('of a big-endian machine is refused', async () => {
    const at = Buffer.from(bytes).indexOf('little_endian') + 'little_endian'.length + 2; // behind its place in the memo
    expect(bytes[at]).toBe(0x88); // True
    expect(await errorOf(bytes.with(at, 0x89))).toMatchObject({
      _tag: 'DecodeError',
      expected: 'little-endian numbers: little_endian True',
      actual: 'false',
    });
  });

  test('whose storage has another length is refused', async () => {
    const at = bytes.length - 3 * 2 - 8; // the last storage: three numbers of float16, after their number
    const error = await errorOf(bytes.with(at, 4));
    expect(error.where).toMatch(/^weights: storage \d+$/);
    expect([error.expected, error.actual]).toEqual(['6 bytes', '4 numbers']);
  });
});

describe('an archive', () => {
  const pickle = pickleOf(dict([text('w'), w]));

  test('of another kind is refused by what it lacks', async () => {
    expect(await errorOf(zipSync({ 'x.npy': new Uint8Array(3) }))).toMatchObject({ expected: 'one data.pkl, as torch.save writes' });
  });

  test('of big-endian numbers is refused', async () => {
    const bytes = torchZip(pickle, four, { 'archive/byteorder': new TextEncoder().encode('big') });
    expect(await errorOf(bytes)).toMatchObject({ _tag: 'DecodeError', expected: 'little-endian numbers', actual: 'byteorder big' });
  });

  test('that is compressed is refused: it cannot grow in memory', async () => {
    const bytes = zipSync({ 'archive/data.pkl': pickle, 'archive/data/0': new Uint8Array(10 ** 6) }, { level: 9 });
    expect(await errorOf(bytes)).toMatchObject({ where: 'weights: archive/data.pkl', actual: 'a deflated one', hint: expect.stringContaining('zip -0') });
  });

  test('whose files lie over each other, or end behind it, is refused', async () => {
    const bytes = torchZip(pickle, four);
    const view = new DataView(bytes.buffer);
    const directory = view.getUint32(bytes.length - 6, true);
    const second = directory + 46 + view.getUint16(directory + 28, true) + view.getUint16(directory + 30, true);
    expect(view.getUint32(second, true)).toBe(0x02014b50);
    const over = Uint8Array.from(bytes);
    new DataView(over.buffer).setUint32(second + 42, 5, true);
    expect(await errorOf(over)).toMatchObject({ _tag: 'DecodeError', expected: expect.stringContaining('where the one before it ends') });
    const behind = Uint8Array.from(bytes);
    for (const field of [20, 24]) new DataView(behind.buffer).setUint32(second + field, 2 ** 31, true);
    expect(await errorOf(behind)).toMatchObject({ _tag: 'DecodeError', hint: expect.stringContaining('truncated') });
  });

  test('whose numbers are damaged is refused by its checksum', async () => {
    const bytes = torchZip(pickle, four);
    const at = bytes.findIndex((_, i) => bytes[i + 2] === 0x80 && bytes[i + 3] === 0x3f); // the bytes of 1
    bytes[at] = 1;
    expect(await errorOf(bytes)).toMatchObject({ where: 'weights: w', expected: expect.stringMatching(/^CRC-32 [\da-f]{8}$/), actual: expect.stringMatching(/^[\da-f]{8}$/) });
  });

  test.each<readonly [string, Part]>([
    ['a whole storage', w],
    ['a transposed storage', tensor(storage('0', 4), [2, 2], [1, 2])],
    ['a part of a storage', tensor(storage('0', 4), [2])],
    ['no number of a storage', tensor(storage('0', 4), [0])],
  ])('with %s is refused for a damaged bit anywhere in the storage', async (_, part) => {
    const bytes = torchZip(pickleOf(dict([text('w'), part])), four);
    const first = Buffer.from(bytes).indexOf(Buffer.from(four[0].buffer));
    for (let bit = 0; bit < 8 * four[0].byteLength; bit++) {
      const at = first + (bit >> 3);
      expect(await errorOf(bytes.with(at, bytes[at]! ^ (1 << (bit & 7))), { finite: false })).toMatchObject({ where: 'weights: w', expected: expect.stringMatching(/^CRC-32 /) });
    }
  });

  test('that is truncated is refused, at any length', async () => {
    const bytes = torchZip(pickle, four);
    for (let length = 0; length < bytes.length; length++)
      expect(['DecodeError', 'FileError']).toContain((await errorOf(bytes.subarray(0, length)))._tag);
  });
}); // oxfmt-ignore

describe('bytes that are damaged', () => {
  const values = readdirSync(new URL('values/', folder)).map((name) => `values/${name}`);
  const files = [...readdirSync(folder), ...values].filter((name) => /\.(pt|pkl|safetensors)$/.test(name));
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const changed = (bytes: Uint8Array, at: readonly (readonly [number, number])[]): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    for (const [position, byte] of at) copy[position % copy.length] = byte;
    return copy;
  };
  const soundly = async (bytes: Uint8Array): Promise<void> => {
    const read = await readAll(bytes);
    if (E.isLeft(read)) expect(['DecodeError', 'FileError']).toContain(read.left._tag);
  };

  test.prop([fc.constantFrom(...files), changes], { numRuns: faults(500, 20_000) })(
    'in any place are read or refused: nothing throws, hangs or fills the memory',
    async (name, at) => soundly(changed(golden(name), at)),
  );

  test.prop([fc.constantFrom(...files), fc.nat(), fc.nat(), fc.nat(40)], { numRuns: faults(200, 10_000) })(
    'by a part that is missing or repeated are read or refused',
    async (name, from, to, length) => {
      const bytes = golden(name);
      const [a, b] = [from % bytes.length, to % bytes.length];
      await soundly(joinBytes([bytes.subarray(0, a), bytes.subarray(b, b + length), bytes.subarray(a + length)]));
    },
  );

  const inner = pickleOf(
    dict(
      [text('model'), dict([text('w'), w], [text('b'), tensor(storage('0', 4), [3], [1], 1)])],
      [text('step'), integer(3)],
    ),
  );
  test.prop([changes], { numRuns: faults(500, 20_000) })(
    'in the pickle of an archive, with a checksum that fits, are read or refused',
    async (at) => soundly(torchZip(changed(inner, at), four)),
  );
});
