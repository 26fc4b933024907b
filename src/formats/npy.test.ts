import { fc, test } from '@fast-check/vitest';
import { strToU8, zipSync } from 'fflate';
import { describe, expect } from 'vitest';
import { E } from '../internal/fp.js';
import { joinBytes } from './bytes/bytes.js';
import { decodeNpy, decodeNpz, type NpyArray } from './npy.js';

const right = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

/** An .npy file by the specification. */
const npy = (header: string, data: ArrayBuffer | readonly number[], version = 1): Uint8Array => {
  const text = strToU8(`${header}\n`);
  const length = new Uint8Array(version === 1 ? 2 : 4);
  length.set([text.length & 255, text.length >> 8]);
  return joinBytes([Uint8Array.of(0x93), strToU8('NUMPY'), Uint8Array.of(version, 0), length, text, new Uint8Array(data)]);
}; // oxfmt-ignore
const header = (descr: string, shape: string, order = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
const read = (bytes: Uint8Array): NpyArray => right(decodeNpy('x.npy')(bytes));

describe('elements', () => {
  /** The bytes of numbers, in an order. */
  const bytesOf = (each: number, numbers: readonly number[], write: (view: DataView, at: number, n: number) => void) => {
    const view = new DataView(new ArrayBuffer(each * numbers.length));
    numbers.forEach((n, i) => write(view, i * each, n));
    return view.buffer;
  };

  test.each(['<', '>'])('of every type, in the order %s', (order) => {
    const little = order === '<';
    const cases = [
      ['u2', 2, [0, 258, 65535], Uint16Array, (v: DataView, at: number, n: number) => v.setUint16(at, n, little)],
      ['i2', 2, [-2, 258], Int16Array, (v: DataView, at: number, n: number) => v.setInt16(at, n, little)],
      ['u4', 4, [7, 2 ** 32 - 1], Uint32Array, (v: DataView, at: number, n: number) => v.setUint32(at, n, little)],
      ['i4', 4, [-7, 2 ** 30 + 1], Int32Array, (v: DataView, at: number, n: number) => v.setInt32(at, n, little)],
      ['f4', 4, [0.5, -1e10], Float32Array, (v: DataView, at: number, n: number) => v.setFloat32(at, n, little)],
      ['f8', 8, [Math.PI, -1e300], Float64Array, (v: DataView, at: number, n: number) => v.setFloat64(at, n, little)],
      ['i8', 8, [-3, 2 ** 40 + 1], Float64Array, (v: DataView, at: number, n: number) => v.setBigInt64(at, BigInt(n), little)],
      ['u8', 8, [3, 2 ** 53 - 1], Float64Array, (v: DataView, at: number, n: number) => v.setBigUint64(at, BigInt(n), little)],
    ] as const;
    for (const [code, each, numbers, array, write] of cases) {
      const actual = read(npy(header(order + code, `(${numbers.length},)`), bytesOf(each, numbers, write)));
      expect(actual).toEqual({ shape: [numbers.length], data: array.from(numbers as readonly number[]) });
    }
  });

  test('of 16 bits become float32', () => {
    const bits = [0x3c, 0x00, 0xc0, 0x00, 0x35, 0x55]; // 1, -2, about a third
    const actual = read(npy(header('>f2', '(3,)'), bits));
    expect(actual.data).toEqual(Float32Array.of(1, -2, 0.333251953125));
  });

  test('of a byte', () => {
    expect(read(npy(header('|u1', '(2,)'), [7, 255])).data).toEqual(Uint8Array.of(7, 255));
    expect(read(npy(header('|i1', '(2,)'), [7, 255])).data).toEqual(Int8Array.of(7, -1));
    expect(read(npy(header('|b1', '(2,)'), [0, 1])).data).toEqual(Uint8Array.of(0, 1));
  });

  test('that float64 cannot hold are refused', () => {
    const large = new BigInt64Array([1n, 2n ** 53n + 1n]).buffer;
    expect(decodeNpy('x.npy')(npy(header('<i8', '(2,)'), large))).toMatchObject({ left: { _tag: 'DecodeError', expected: 'integers within ±2⁵³' } });
  });
}); // oxfmt-ignore

test('versions 2 and 3, a scalar, an empty array, and entries in another order', () => {
  expect(read(npy(header('|u1', '(1, 2)'), [3, 4], 2))).toEqual({ shape: [1, 2], data: Uint8Array.of(3, 4) });
  expect(read(npy(header('|u1', '(1, 2)'), [3, 4], 3)).shape).toEqual([1, 2]);
  expect(read(npy(header('|u1', '()'), [5]))).toEqual({ shape: [], data: Uint8Array.of(5) });
  expect(read(npy(header('<f4', '(3, 0)'), []))).toEqual({ shape: [3, 0], data: new Float32Array(0) });
  const turned = "{'shape': (1,), 'fortran_order': False, 'descr': '|u1'}";
  expect(read(npy(turned, [9])).data).toEqual(Uint8Array.of(9));
});

test('Fortran order becomes row-major order', () => {
  // [[0, 1, 2], [3, 4, 5]], column by column
  const actual = read(npy(header('|u1', '(2, 3)', 'True'), [0, 3, 1, 4, 2, 5]));
  expect(actual).toEqual({ shape: [2, 3], data: Uint8Array.of(0, 1, 2, 3, 4, 5) });
  const cube = Array.from({ length: 24 }, (_, i) => {
    const [a, b, c] = [i % 2, Math.floor(i / 2) % 3, Math.floor(i / 6)];
    return a * 12 + b * 4 + c;
  });
  const deep = read(npy(header('|u1', '(2, 3, 4)', 'True'), cube));
  expect([...deep.data]).toEqual(Array.from({ length: 24 }, (_, i) => i));
  const ones = read(npy(header('|u1', `(1, 2, ${'1, '.repeat(60)}3, 4)`, 'True'), cube));
  expect(ones.data).toEqual(deep.data);
});

describe('refuses, and says why:', () => {
  test.each([
    ['nothing', new Uint8Array(0), 'an .npy file'],
    ['another format', strToU8('PK\x03\x04 and more'), 'an .npy file'],
    ['version 4', npy(header('|u1', '(1,)'), [1], 4), 'version 1, 2 or 3'],
    ['a truncated header', npy(header('|u1', '(1,)'), [1]).subarray(0, 30), 'a header of at most 10000 bytes, whole'],
    ['a header of gigabytes', npy(' '.repeat(20_000), []), 'a header of at most 10000 bytes'],
    ['objects', npy(header('|O', '(1,)'), [1]), 'elements of a type b1, u1'],
    ['complex numbers', npy(header('<c8', '(1,)'), [1, 2, 3, 4, 5, 6, 7, 8]), 'elements of a type b1, u1'],
    ['a name of the prototype', npy(header('<constructor', '(1,)'), [1]), 'elements of a type b1, u1'],
    ['records', npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", [1]), 'a header with descr'],
    ['code', npy("{'descr': '|u1', 'fortran_order': exit(), 'shape': (1,), }", [1]), 'a header with descr'],
    ['a field twice', npy("{'descr': '|u1', 'descr': '|u1', 'shape': (1,), }", [1]), 'a header with descr'],
    ['2⁶⁰ elements', npy(header('<f8', '(1152921504606846976,)'), [1]), 'bytes of data for'],
    ['2⁶⁰ elements of many extents', npy(header('<f8', '(1048576, 1048576, 1048576)'), [1]), 'bytes of data for'],
    ['an endless extent', npy(header('|u1', `(${'9'.repeat(400)},)`), [1]), 'bytes of data for'],
    ['65 extents', npy(header('|u1', `(${'1, '.repeat(65)})`, 'True'), [1]), 'at most 64 extents'],
    ['a tuple without extents', npy(header('|u1', '(,,)'), [1]), 'a header with descr'],
    ['an extent with a leading zero', npy(header('|u1', '(01,)'), [1]), 'a header with descr'],
    ['a number in place of a tuple', npy(header('|u1', '(1)'), [1]), 'a header with descr'],
    ['a byte missing', npy(header('<i2', '(2,)'), [1, 2, 3]), '4 bytes of data for [2]'],
    ['a byte too many', npy(header('|u1', '(2,)'), [1, 2, 3]), '2 bytes of data for [2]'],
  ])('%s', (_, bytes, expected) => {
    const actual = decodeNpy('x.npy')(bytes);
    expect(actual).toMatchObject({ left: { _tag: 'DecodeError', where: 'x.npy' } });
    expect(E.isLeft(actual) && actual.left.expected).toContain(expected);
  });

  test.prop([fc.uint8Array({ maxLength: 200 })])('arbitrary bytes, without an exception', (bytes) => {
    expect(E.isLeft(decodeNpy('x')(bytes))).toBe(true);
    const file = npy(header('|u1', '(2,)'), [1, 2]);
    bytes.forEach((byte, i) => (file[(i * 7 + byte) % file.length]! ^= byte));
    expect(() => decodeNpy('x')(file)).not.toThrow();
  });
}); // oxfmt-ignore

/** Written by NumPy 2.4: savez_compressed(images = uint8 [2, 2, 3], labels = int64 [2], big = float32 in Fortran order, big-endian). */
const BY_NUMPY =
  'UEsDBC0AAAAIAAAAIQDFIoSg//////////8KABQAaW1hZ2VzLm5weQEAEACMAAAAAAAAAFQAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKQGSsqaNQq0Ae4GJgZGJmYWVj5+Dk4gYAUEsDBC0AAAAIAAAAIQB2lSd2//////////8KABQAbGFiZWxzLm5weQEAEACQAAAAAAAAAEoAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjqaOgq1ChQALnYGCGCG0gBQSwMELQAAAAgAAAAhAAnZ0Y///////////wcAFABiaWcubnB5AQAQAJgAAAAAAAAAVgAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBul2airqOgnpZfVFKUmBefX5SSChIPKSpNBQoXZyQWpAK5GkY6CsaaOgq1CuQDLgYgcHBgYLBvANIgDOIvYGAAAFBLAQItAy0AAAAIAAAAIQDFIoSgVAAAAIwAAAAKAAAAAAAAAAAAAACAAQAAAABpbWFnZXMubnB5UEsBAi0DLQAAAAgAAAAhAHaVJ3ZKAAAAkAAAAAoAAAAAAAAAAAAAAIABkAAAAGxhYmVscy5ucHlQSwECLQMtAAAACAAAACEACdnRj1YAAACYAAAABwAAAAAAAAAAAAAAgAEWAQAAYmlnLm5weVBLBQYAAAAAAwADAKUAAAClAQAAAAA=';

describe('an .npz file', () => {
  const file = Uint8Array.from(atob(BY_NUMPY), (byte) => byte.charCodeAt(0));
  const x = npy(header('|u1', '(3,)'), [1, 2, 3]);

  test('of NumPy', () => {
    const arrays = right(decodeNpz('x.npz')(file));
    expect([...arrays.keys()]).toEqual(['images', 'labels', 'big']);
    expect(arrays.get('images')).toEqual({ shape: [2, 2, 3], data: Uint8Array.from({ length: 12 }, (_, i) => i) });
    expect(arrays.get('labels')).toEqual({ shape: [2], data: Float64Array.of(7, 3) });
    expect(arrays.get('big')).toEqual({ shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) });
  });

  test.each([0, 9] as const)('of another writer, at level %d; files that are not arrays are left out', (level) => {
    const arrays = right(decodeNpz('x.npz')(zipSync({ 'x.npy': x, 'read me': strToU8('text') }, { level })));
    expect([...arrays]).toEqual([['x', { shape: [3], data: Uint8Array.of(1, 2, 3) }]]);
  });

  test('of ZIP64, as archives of more than 4 GiB are', () => {
    const plain = zipSync({ 'x.npy': x }, { level: 0 });
    const end = plain.length - 22;
    const view = new DataView(plain.buffer);
    const [size, at] = [view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
    const tail = new DataView(new ArrayBuffer(56 + 20 + 22));
    tail.setUint32(0, 0x06064b50, true);
    tail.setBigUint64(24, 1n, true);
    tail.setBigUint64(32, 1n, true);
    tail.setBigUint64(40, BigInt(size), true);
    tail.setBigUint64(48, BigInt(at), true);
    tail.setUint32(56, 0x07064b50, true);
    tail.setBigUint64(64, BigInt(end), true);
    tail.setUint32(76, 0x06054b50, true);
    tail.setUint16(86, 0xffff, true);
    tail.setUint32(92, 0xffffffff, true);
    const large = joinBytes([plain.subarray(0, end), new Uint8Array(tail.buffer)]);
    expect(right(decodeNpz('x.npz')(large)).size).toBe(1);
    const claims = Uint8Array.from(large);
    new DataView(claims.buffer).setBigUint64(end + 32, 2n ** 60n, true); // the number of entries
    expect(decodeNpz('x.npz')(claims)).toMatchObject({ left: { _tag: 'DecodeError' } });
  });

  test('of zeros that would fill the memory is refused before it is unpacked', () => {
    const bomb = zipSync({ 'x.npy': npy(header('|u1', '(10000000,)'), new Uint8Array(10 ** 7).buffer) });
    expect(bomb.length).toBeLessThan(20_000);
    const timed = (maxBytes: number) => {
      const before = performance.now();
      const result = decodeNpz('x.npz', { maxBytes })(bomb);
      return { result, milliseconds: performance.now() - before };
    };
    const [unpacked, refused] = [timed(2 * 10 ** 7), timed(10 ** 6)];
    expect(right(unpacked.result).size).toBe(1);
    expect(refused.result).toMatchObject({ left: { _tag: 'DecodeError', expected: 'at most 1000000 bytes unpacked' } });
    expect(refused.milliseconds).toBeLessThan(unpacked.milliseconds / 2); // about 1 to 1,000
  });

  /** Bytes that compress badly. */
  const noise = Uint8Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
  /** An archive with an array `x` whose packed bytes are damaged after the header. */
  const damaged = (head: string): Uint8Array => {
    const bytes = zipSync({ 'x.npy': npy(head, noise.buffer), 'y.npy': x }, { level: 1 });
    const at = Math.floor(bytes.length / 2);
    return bytes.with(at, bytes[at]! ^ 255);
  };

  test('may have arrays that are not requested, which are not unpacked and do not count', () => {
    const bytes = damaged(header('|u1', '(100000,)'));
    const arrays = right(decodeNpz('x.npz', { names: ['y'], maxBytes: 1000 })(bytes));
    expect([...arrays]).toEqual([['y', { shape: [3], data: Uint8Array.of(1, 2, 3) }]]);
    expect(E.isLeft(decodeNpz('x.npz', { names: ['x', 'y'] })(bytes))).toBe(true);
    expect(decodeNpz('x.npz', { names: ['y', 'z'] })(bytes)).toMatchObject({ left: { expected: 'an array z', actual: 'x, y' } });
    expect(decodeNpz('x.npz', { names: 'x' } as never)(bytes)).toMatchObject({ left: { _tag: 'ConfigError', where: 'decodeNpz.names' } });
  });

  test.each([
    ['its own', '|u1', '(100000,)', /^100073 bytes$/],
    ['that of another shape', '|u1', '(100001,)', /^100001 bytes of data for \[100001\]$/],
    ['that of objects', '|O', '(100000,)', /^elements of a type b1, u1/],
  ])('whose header is %s is refused for that before its data are unpacked', (_, descr, shape, expected) => {
    const actual = decodeNpz('x.npz')(damaged(header(descr, shape)));
    expect(actual).toMatchObject({ left: { _tag: 'DecodeError', where: 'x.npz: x.npy', expected: expect.stringMatching(expected) } });
  });

  test('that claims an impossible size is refused', () => {
    const bytes = zipSync({ 'x.npy': x });
    const at = bytes.length - 22 - (46 + 5) + 24; // the size in the directory
    new DataView(bytes.buffer).setUint32(at, 2 ** 30 - 1, true);
    expect(decodeNpz('x.npz')(bytes)).toMatchObject({ left: { _tag: 'DecodeError', where: 'x.npz: x.npy', actual: `${2 ** 30 - 1} bytes` } });
  });

  test('with two arrays of one name is refused', () => {
    const bytes = zipSync({ 'x.npy': x, '!.npy': x }, { level: 0 });
    const twice = bytes.map((byte) => (byte === '!'.charCodeAt(0) ? 'x'.charCodeAt(0) : byte));
    expect(decodeNpz('x.npz')(twice)).toMatchObject({ left: { _tag: 'DecodeError', expected: 'one file of this name' } });
  });

  test.each(Array.from({ length: 16 }, (_, i) => i))('that is truncated, at %d sixteenths, is refused', (i) => {
    const cut = file.subarray(0, Math.floor((file.length * i) / 16));
    expect(decodeNpz('x.npz')(cut)).toMatchObject({ left: { _tag: 'DecodeError' } });
  });

  test.prop([fc.nat(), fc.nat(7)])('with a flipped bit is refused, or its arrays are unchanged', (position, bit) => {
    const bytes = Uint8Array.from(file);
    bytes[position % bytes.length]! ^= 1 << bit;
    const actual = decodeNpz('x.npz')(bytes);
    if (E.isLeft(actual)) expect(actual.left._tag).toBe('DecodeError');
    else for (const [name, array] of actual.right)
      for (const [known, same] of right(decodeNpz('x.npz')(file))) if (name === known) expect(array).toEqual(same);
  });
}); // oxfmt-ignore
