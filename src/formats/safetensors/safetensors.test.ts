import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { faults } from '../../../properties/faults.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { bfloatsOf, halvesOf } from '../../internal/numerics/toFloat16.js';
import { oddNumber } from './safetensorsLayout.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor, type TensorFile } from './safetensors.js';

const read = decodeSafetensors('model.safetensors');

const right = <A>(result: either.Either<NoisefoldError, A>): A =>
  E.getOrElse((error: NoisefoldError): A => {
    throw new Error(error.message);
  })(result);

const messageOf = (result: either.Either<NoisefoldError, unknown>): string =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag} ${message}`,
    () => 'accepted',
  )(result);

const shapes = fc.array(fc.nat(3), { maxLength: 3 });
const tensors: fc.Arbitrary<StoredTensor> = shapes.chain((shape) => {
  const size = { minLength: shape.reduce((a, b) => a * b, 1), maxLength: shape.reduce((a, b) => a * b, 1) };
  return fc.oneof(
    fc.float64Array(size).map((data): StoredTensor => ({ dtype: 'F64', shape, data })),
    fc.float32Array(size).map((data): StoredTensor => ({ dtype: 'F32', shape, data })),
    fc.int32Array(size).map((data): StoredTensor => ({ dtype: 'I32', shape, data })),
    fc.bigInt64Array(size).map((data): StoredTensor => ({ dtype: 'I64', shape, data })),
    fc.uint16Array(size).map((data): StoredTensor => ({ dtype: 'F16', shape, data })),
    fc.uint16Array(size).map((data): StoredTensor => ({ dtype: 'BF16', shape, data })),
    fc.uint8Array(size).map((data): StoredTensor => ({ dtype: 'U8', shape, data })),
    fc.uint8Array({ ...size, max: 1 }).map((data): StoredTensor => ({ dtype: 'BOOL', shape, data })),
  );
});
const names = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('down.0.conv.kernel', '__proto__', 'constructor', '0', 'ε "quoted"\n', '\uFEFF', '\ud800'),
);
const files: fc.Arbitrary<TensorFile> = fc.record({
  tensors: fc
    .array(
      fc.tuple(
        names.filter((name) => name !== '__metadata__'),
        tensors,
      ),
      { maxLength: 6 },
    )
    .map((entries) => new Map(entries)),
  metadata: fc.dictionary(
    fc.string().filter((name) => name !== 'crc32'),
    fc.string(),
    { noNullPrototype: true, maxKeys: 4 },
  ),
});

/** Compares files up to the order of the tensors, and numbers by their bits. */
const expectEqual = (actual: TensorFile, expected: TensorFile): void => {
  expect(actual.metadata).toEqual(expected.metadata);
  expect(actual.tensors).toEqual(expected.tensors);
};

/** A file by the specification, assembled by hand. */
const byHand = (header: string, data: readonly number[] = []): Uint8Array => {
  const text = new TextEncoder().encode(header);
  const length = new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer);
  return Uint8Array.from([...length, ...text, ...data]);
};

describe('encode, then decode', () => {
  test.prop([files])('returns the same file', (file) => {
    expectEqual(right(read(right(encodeSafetensors(file)))), file);
  });

  test.prop([files, fc.integer({ min: 1, max: 7 })])('also from bytes that are not aligned', (file, offset) => {
    const bytes = right(encodeSafetensors(file));
    const shifted = new Uint8Array(bytes.length + offset);
    shifted.set(bytes, offset);
    expectEqual(right(read(shifted.subarray(offset))), file);
  });

  test.prop([files])('the data begins at a multiple of eight, and each tensor at one of its element', (file) => {
    const bytes = right(encodeSafetensors(file));
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
    for (const { data } of right(read(bytes)).tensors.values())
      expect(data.byteLength === 0 || data.buffer === bytes.buffer).toBe(true);
  });
});

test('the bytes of a file are those of earlier versions', () => {
  const bytes = right(
    encodeSafetensors({
      tensors: new Map<string, StoredTensor>([
        ['u', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
        ['w', { dtype: 'F32', shape: [2], data: Float32Array.of(1.5, -2) }],
      ]),
      metadata: { by: 'ε' },
    }),
  );
  const start = 8 + 160;
  expect([...bytes.subarray(0, 8)]).toEqual([160, 0, 0, 0, 0, 0, 0, 0]);
  expect(new TextDecoder().decode(bytes.subarray(8, start)).trimEnd()).toBe(
    '{"__metadata__":{"crc32":"e29abbea","by":"ε"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"u":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}',
  );
  expect([...bytes.subarray(start)]).toEqual([0, 0, 192, 63, 0, 0, 0, 192, 1, 2, 3]);
});

test.each<readonly [string, StoredTensor['dtype'], (values: readonly number[]) => StoredTensor['data']]>([
  ['float64', 'F64', (values) => Float64Array.from(values)],
  ['float32', 'F32', (values) => Float32Array.from(values)],
  ['float16', 'F16', (values) => halvesOf(Float32Array.from(values))],
  ['bfloat16', 'BF16', (values) => bfloatsOf(Float32Array.from(values))],
])('the first %s that is not finite is found', (_name, dtype, arrayOf) => {
  const found = (...values: readonly number[]): string | undefined =>
    oddNumber({ dtype, data: arrayOf(values) } as StoredTensor, true, 10)?.actual;
  expect(found()).toBe(undefined);
  expect(found(1, -0, -65504, 1e-30, 3.3e4)).toBe(undefined);
  expect(found(0, 1, NaN, Infinity)).toMatch(/^NaN.* at position 12$/);
  expect(found(-Infinity)).toMatch(/infinity.* at position 10$/i);
  expect(oddNumber({ dtype, data: arrayOf([NaN]) } as StoredTensor, false)).toBe(null);
});

describe('other writers', () => {
  const header = '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"format":"pt"}}   ';

  test('a file by the specification', () => {
    const file = right(read(byHand(header, [0, 0, 128, 63, 0, 0, 0, 192])));
    expect(file.tensors).toEqual(new Map([['w', { dtype: 'F32', shape: [2], data: Float32Array.of(1, -2) }]]));
    expect(file.metadata).toEqual({ format: 'pt' });
  });

  test('white space, fields in any order, escapes and byte order marks in names', () => {
    const text =
      ' \t\n{ "\uFEFFa\\ud83d\\ude00\\"" : { "shape" : [ 2 , 1 ] ,\r\n"data_offsets":[0 , 2],"dtype":"U8" } } ';
    const bytes = byHand(text.trimStart(), [1, 2]);
    expect(right(read(bytes)).tensors).toEqual(
      new Map([['\uFEFFa😀"', { dtype: 'U8', shape: [2, 1], data: Uint8Array.of(1, 2) }]]),
    );
  });

  test('numbers that are not aligned, in a Buffer of Node', () => {
    const text =
      '{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}';
    const { tensors } = right(read(Buffer.from(byHand(text, [7, 0, 0, 128, 63, 0, 0, 0, 192]))));
    expect(tensors.get('w')).toEqual({ dtype: 'F32', shape: [2], data: Float32Array.of(1, -2) });
    expect(tensors.get('b')).toEqual({ dtype: 'U8', shape: [1], data: Uint8Array.of(7) });
  });

  test('an empty file', () => {
    expect(right(read(byHand('{}')))).toEqual({ tensors: new Map(), metadata: {} });
  });

  test.each([{ by: 'us', crc32: '00000000' }, { epoch: '00000000' }, { crc16: 'none' }])(
    'other metadata that resemble a checksum: %j',
    (metadata) => {
      expect(right(read(byHand(JSON.stringify({ __metadata__: metadata })))).metadata).toEqual(metadata);
    },
  );
});

describe('refuses, and says where', () => {
  const entry = (dtype: string, shape: unknown, offsets: unknown): string =>
    JSON.stringify({ dtype, shape, data_offsets: offsets });
  const hint = 'the file is damaged: use a copy of it';

  test.each<readonly [string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), '0 bytes'],
    ['a pickle', new TextEncoder().encode('\x80\x04\x00\x00\x00\x00\x00\x00'), 'other bytes'],
    ['words', new TextEncoder().encode('a letter, and no tensors at all'), 'other bytes'],
    ['a header of no bytes', byHand(''), 'other bytes'],
    ['a header that is a list', byHand('[]'), 'other bytes'],
  ])('%s, which is not a safetensors file', (_name, bytes, actual) => {
    expect(messageOf(read(bytes))).toBe(
      `DecodeError model.safetensors: expected a safetensors file, got ${actual}; give one that was saved as safetensors`,
    );
  });

  test('a web page, which servers answer to an address that they do not know', () => {
    expect(messageOf(read(new TextEncoder().encode('<!doctype html><title>Samples</title>')))).toBe(
      'DecodeError model.safetensors: expected a safetensors file, got a web page, which begins with <; ' +
        'check the address, and that the server has the file',
    );
  });

  test('a header without end', () => {
    expect(messageOf(read(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 123)))).toBe(
      'DecodeError model.safetensors: expected a safetensors file, whose header has at most 100000000 bytes, ' +
        'got 18446744073709551615 as its length; the file is damaged or of another format: use a copy of it',
    );
  });

  test.each<readonly [string, Uint8Array, string]>([
    ['in its header', byHand('{}').subarray(0, 9), '10 bytes (from the header), got 9'],
    ['in its data', byHand(`{"a":${entry('U8', [2], [0, 2])}}`, [0]), '63 bytes (from the header), got 62'],
  ])('a file that is truncated %s', (_name, bytes, expected) => {
    expect(messageOf(read(bytes))).toBe(
      `DecodeError model.safetensors: expected ${expected}; the file is truncated: copy or download it again`,
    );
  });

  test.each(['F8_E5M2', 'F8_E4M3', 'F4', 'C64', 'toString'])('the dtype %s, by its name', (dtype) => {
    expect(messageOf(read(byHand(`{"w":${entry(dtype, [1], [0, 1])}}`, [0])))).toBe(
      'DecodeError model.safetensors: w.dtype: expected "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | ' +
        `"U64" | "U32" | "U16" | "U8" | "BOOL", got "${dtype}"; ` +
        'convert the tensor, as by tensor.float() of PyTorch, and save it again',
    );
  });

  test.each<readonly [string, Uint8Array, string]>([
    [
      'a tensor that is a number',
      byHand('{"w":1}'),
      'model.safetensors: w: expected { dtype, shape, data_offsets }, got 1',
    ],
    [
      'a negative extent',
      byHand(`{"w":${entry('U8', [-1], [0, 2])}}`),
      'model.safetensors: w.shape.0: expected an integer ≥ 0, got -1',
    ],
    [
      'a third offset',
      byHand(`{"w":${entry('U8', [2], [0, 2, 4])}}`, [0, 0]),
      'model.safetensors: w.data_offsets.2: expected [begin, end], got one more',
    ],
    [
      'an unknown field',
      byHand('{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"strides":[1]}}'),
      'model.safetensors: w.strides: expected no fields but dtype, shape, data_offsets, got another one',
    ],
    [
      'metadata that is not a string',
      byHand('{"__metadata__":{"step":3}}'),
      'model.safetensors: __metadata__.step: expected a string, got 3',
    ],
    [
      'too few bytes for a shape',
      byHand(`{"w":${entry('F32', [2], [0, 4])}}`, [0, 0, 0, 0]),
      'model.safetensors: w: expected 8 bytes for F32 [2], got 4',
    ],
    [
      'offsets that run backwards',
      byHand(`{"w":${entry('F32', [2], [0, 8])},"v":${entry('U8', [2], [8, 6])}}`),
      'model.safetensors: v: expected 2 bytes for U8 [2], got -2',
    ],
    [
      'a shape beyond counting',
      byHand(`{"w":${entry('U8', [2 ** 53 - 1, 2 ** 53 - 1], [0, 1])}}`, [0]),
      'model.safetensors: w: expected extents whose product is a safe integer, got [9007199254740991, 9007199254740991]',
    ],
    [
      'an overlap',
      byHand(`{"a":${entry('U8', [2], [0, 2])},"b":${entry('U8', [2], [1, 3])}}`, [0, 0, 0]),
      'model.safetensors: b: expected data from byte 2, where the tensor before it ends, got from byte 1',
    ],
    [
      'a gap',
      byHand(`{"a":${entry('U8', [2], [0, 2])},"b":${entry('U8', [2], [3, 5])}}`, [0, 0, 0, 0, 0]),
      'model.safetensors: b: expected data from byte 2, where the tensor before it ends, got from byte 3',
    ],
    [
      'trailing bytes',
      byHand(`{"a":${entry('U8', [2], [0, 2])}}`, [0, 0, 0]),
      'model.safetensors: expected 2 bytes of data (from the header), got 3',
    ],
    [
      'a bool of 2',
      byHand(`{"a":${entry('BOOL', [2], [0, 2])}}`, [1, 2]),
      'model.safetensors: a: expected bytes of 0 or 1, got 2',
    ],
  ])('%s', (_name, bytes, message) => {
    expect(messageOf(read(bytes))).toBe(`DecodeError ${message}; ${hint}`);
  });
});

describe('encode refuses', () => {
  const one: StoredTensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
  const file = (name: string, tensor: StoredTensor, metadata = {}): TensorFile => ({
    tensors: new Map([[name, tensor]]),
    metadata,
  });

  test.each<readonly [string, TensorFile]>([
    ['w to hold F32 [2], got 1 numbers', file('w', { ...one, shape: [2] })],
    ['w to hold F32 [-1, -1], got 1 numbers', file('w', { ...one, shape: [-1, -1] })],
    ['w to hold bools, 0 or 1, got 7', file('w', { dtype: 'BOOL', shape: [2], data: Uint8Array.of(1, 7) })],
    ['tensors without the name __metadata__, got __metadata__', file('__metadata__', one)],
    ['metadata without the name crc32, got crc32', file('w', one, { crc32: '' })],
    ['w to hold F64 in a Float64Array, got Float32Array', file('w', { ...one, dtype: 'F64' } as never)],
    [
      'w to have one of the dtypes F64,F32,F16,BF16,I64,I32,I16,I8,U64,U32,U16,U8,BOOL, got C64',
      file('w', { ...one, dtype: 'C64' } as never),
    ],
    ['w to hold F16 in a Uint16Array, got Float32Array', file('w', { ...one, dtype: 'F16' } as never)],
    ['metadata.step to be a string, got number', file('w', one, { step: 3 })],
    ['w to have at most 64 extents, got 65', file('w', { ...one, shape: Array.from({ length: 65 }, () => 1) })],
    [
      'w to hold F32 [9007199254740991, 9007199254740991, 0], got 0 numbers',
      file('w', { ...one, shape: [2 ** 53 - 1, 2 ** 53 - 1, 0], data: new Float32Array() }),
    ],
    [
      'fewer than 4096 words of metadata, got 4096',
      file('w', one, Object.fromEntries(Array.from({ length: 4096 }, (_, i) => [i, '']))),
    ],
    [
      'at most 65536 tensors, got 65537',
      { tensors: new Map(Array.from({ length: 2 ** 16 + 1 }, (_, i) => [`${i}`, one])), metadata: {} },
    ],
    ['a header of at most 100000000 bytes, got a longer one', file('w', one, { note: ' '.repeat(100_000_000) })],
  ])('%s', (message, wrong) => {
    expect(messageOf(encodeSafetensors(wrong))).toContain(`ConfigError encodeSafetensors: expected ${message};`);
  });
});

describe('damage', () => {
  test.prop([files, fc.nat()], { numRuns: faults(100, 50_000) })('a truncated file is refused', (file, length) => {
    const bytes = right(encodeSafetensors(file));
    expect(messageOf(read(bytes.subarray(0, length % bytes.length)))).toMatch(/^DecodeError/);
  });

  test.prop([files, fc.nat(), fc.nat(7)], { numRuns: faults(1000, 100_000) })(
    'a flipped bit is refused',
    (file, position, bit) => {
      const bytes = right(encodeSafetensors(file));
      bytes[position % bytes.length]! ^= 1 << bit;
      expect(messageOf(read(bytes))).toMatch(/^DecodeError/);
    },
  );

  test('a flipped bit is refused in the name of the checksum, in a file without other metadata', () => {
    const [name, digits] = ['{"__metadata__":{"', 'crc32'].map(({ length }) => length);
    for (let at = 8 + name!; at < 8 + name! + digits!; at++)
      for (let bit = 0; bit < 8; bit++) {
        const bytes = right(encodeSafetensors({ tensors: new Map(), metadata: {} }));
        bytes[at]! ^= 1 << bit;
        expect(messageOf(read(bytes))).toMatch(/^DecodeError/);
      }
  });

  test.prop([fc.uint8Array({ maxLength: 200 })], { numRuns: faults(100, 50_000) })(
    'arbitrary bytes never throw',
    (bytes) => {
      expect(messageOf(read(bytes))).toMatch(/^DecodeError/);
    },
  );

  test.prop([fc.json(), fc.uint8Array({ maxLength: 20 })], { numRuns: faults(100, 50_000) })(
    'arbitrary JSON never throws',
    (json, data) => {
      expect(typeof messageOf(read(byHand(`{"w":${json}}`, [...data])))).toBe('string');
    },
  );
});
