import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { faults } from '../../../properties/faults.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { E } from '../../internal/fp.js';
import { ARRAYS, byteLength, elementBytes, type Header, readHeader, type StoredDType } from './safetensorsHeader.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const outcomeOf = (bytes: Uint8Array): string =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag} ${message}`,
    () => 'accepted',
  )(readHeader('f', bytes));

const entry = (dtype: string, shape: unknown, offsets: unknown): string =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });
const EMPTY = entry('U8', [0], [0, 0]);
const hint = 'the file is damaged: use a copy of it';

describe('refuses, and says where', () => {
  test.each<readonly [string, string, string]>([
    [
      'a shape beyond counting, and empty',
      `{"w":${entry('U8', [2 ** 53 - 1, 2 ** 53 - 1, 0], [0, 0])}}`,
      'w: expected extents whose product is a safe integer, got [9007199254740991, 9007199254740991, 0]',
    ],
    [
      'bytes beyond counting',
      `{"w":${entry('F64', [2 ** 50], [0, 2 ** 53])}}`.replace('9007199254740992', '9007199254740991'),
      'w: expected extents whose product is a safe integer, got [1125899906842624]',
    ],
    [
      'an extent beyond counting',
      `{"w":${entry('U8', [2 ** 53], [0, 0])}}`,
      'w.shape.0: expected an integer ≥ 0, got 9007199254740992',
    ],
    ['half an extent', `{"w":${entry('U8', [0, 0.5], [0, 0])}}`, 'w.shape.1: expected an integer ≥ 0, got 0.5'],
    [
      'a shape of 65 extents',
      `{"w":${entry(
        'U8',
        Array.from({ length: 65 }, () => 1),
        [0, 1],
      )}}`,
      'w.shape.64: expected a shape of at most 64 extents, got one more',
    ],
    [
      'a tensor twice',
      `{"w":${entry('U8', [1], [0, 1])},"v":${entry('U8', [1], [1, 2])},"w":${entry('U8', [1], [0, 1])}}`,
      'w: expected one value of this name, got a second one',
    ],
    [
      'a tensor twice, once in other letters',
      `{"w":${entry('U8', [0], [0, 0])},"\\u0077":${entry('U8', [0], [0, 0])}}`,
      'w: expected one value of this name, got a second one',
    ],
    [
      'a field twice',
      '{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"shape":[0]}}',
      'w.shape: expected one value of this name, got a second one',
    ],
    [
      'a word of the metadata twice',
      '{"__metadata__":{"a":"1","a":"1"}}',
      '__metadata__.a: expected one value of this name, got a second one',
    ],
    [
      'metadata twice',
      '{"__metadata__":{},"__metadata__":{}}',
      '__metadata__: expected one value of this name, got a second one',
    ],
    ['a tensor without a shape', '{"w":{"dtype":"U8","data_offsets":[0,0]}}', 'w: expected a field shape, got none'],
    ['one offset', `{"w":${entry('U8', [0], [0])}}`, 'w: expected a field data_offsets of [begin, end], got none'],
  ])('%s', (_name, header, message) => {
    expect(outcomeOf(bytesOf(header))).toBe(`DecodeError f: ${message}; ${hint}`);
  });

  test.each<readonly [string, string]>([
    ['{"w":', 'a value at byte 5, got the end'],
    ['{"w"', '":" at byte 4, got the end'],
    ['{w:1}', 'a name in quotes at byte 1, got "w"'],
    ['{"w":}', 'a value at byte 5, got "}"'],
    ['{"__metadata__":{},}', 'a name in quotes at byte 19, got "}"'],
    ['{} {}', 'the end at byte 3, got "{"'],
    ['{"__metadata__":{"a":"b" "c":"d"}}', '"," or "}" at byte 25, got "\\""'],
    ['{"__metadata__":{"a":"\n"}}', 'a character of a string at byte 22, got byte 0x0a'],
    ['{"__metadata__":{"a":"\\x"}}', 'a string from byte 21, got "\\x"'],
    ['{"w":{"dtype":"U8","shape":[01],"data_offsets":[0,1]}}', ''],
  ])('a header that is not JSON: %s', (header, message) => {
    expect(() => JSON.parse(header) as unknown).toThrow(SyntaxError);
    const expected = message === '' ? 'w.shape.0: expected an integer ≥ 0, got 01' : message;
    expect(outcomeOf(bytesOf(header))).toBe(
      `DecodeError f${message === '' ? ': ' : ', header: expected JSON: '}${expected}; ${hint}`,
    );
  });

  test('a header that is not UTF-8', () => {
    expect(outcomeOf(Uint8Array.of(123, 34, 255, 34))).toContain('expected JSON: UTF-8 from byte 2, got invalid bytes');
    expect(outcomeOf(Uint8Array.of(123, 255, 125))).toContain(
      'expected JSON: a name in quotes at byte 1, got byte 0xff',
    );
  });
});

describe('agrees with JSON.parse', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 5 }),
    fc.constantFrom('w', '__proto__', '\uFEFF', '\ud800'),
  );
  const entries = fc
    .record({
      dtype: fc.constantFrom(...(Object.keys(ARRAYS) as StoredDType[])),
      shape: fc.array(fc.nat(9), { maxLength: 3 }),
      begin: fc.nat(1e6),
    })
    .map(({ dtype, shape, begin }) => ({
      dtype,
      shape,
      data_offsets: [begin, begin + shape.reduce((size, extent) => size * extent, elementBytes(dtype))],
    }));
  const headers = fc
    .tuple(
      fc.dictionary(names, entries, { noNullPrototype: true, maxKeys: 4 }),
      fc.dictionary(names, fc.string({ unit: 'binary' }), { noNullPrototype: true, maxKeys: 3 }),
      fc.constantFrom('', ' ', '\t', '\n'),
    )
    .map(([tensors, metadata, indent]) =>
      JSON.stringify(Object.fromEntries([...Object.entries(tensors), ['__metadata__', metadata]]), null, indent),
    );

  /** A header read by JSON.parse. */
  const parsed = (text: string): Header => {
    const { __metadata__: metadata = {}, ...others } = JSON.parse(text) as Readonly<Record<string, never>>;
    return {
      metadata,
      tensors: new Map(
        Object.entries(
          others as Readonly<Record<string, { dtype: 'U8'; shape: number[]; data_offsets: number[] }>>,
        ).map(
          ([
            name,
            {
              dtype,
              shape,
              data_offsets: [begin, end],
            },
          ]) => [name, { name, dtype, shape, begin: begin!, end: end! }],
        ),
      ),
    };
  };

  test.prop([headers], { numRuns: faults(100, 20_000) })('on every header', (text) => {
    expect(readHeader('f', bytesOf(text))).toEqual(E.right(parsed(text)));
  });

  test.prop([headers, fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(...bytesOf('"\\,:[]{}019-.eE \n')))], {
    numRuns: faults(2000, 200_000),
  })('on every header with a changed byte, unless it refuses the header', (text, position, byte) => {
    const bytes = bytesOf(text);
    bytes[position % bytes.length] = byte;
    const read = readHeader('f', bytes);
    const changed = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    if (E.isRight(read)) expect(read.right).toEqual(parsed(changed));
    else expect(read.left._tag).toBe('DecodeError');
  });
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void; // the name is there once the flag is

const heapUsed = (): number => process.memoryUsage().heapUsed;

test('a shape of 64 extents has the bytes of their product', () => {
  expect(byteLength('F32', [3, ...Array.from({ length: 63 }, () => 1)])).toBe(12);
});

test('a header of more than 2¹⁶ tensors is refused', () => {
  const entries = Array.from({ length: 2 ** 16 + 1 }, (_, i) => `"${i}":${EMPTY}`);
  expect(outcomeOf(bytesOf(`{${entries.join(',')}}`))).toMatch(
    /^DecodeError .*: expected at most 65536 tensors, got more/,
  );
});

describe('a header of a megabyte takes little memory', () => {
  const repeated = (begin: string, part: (i: number) => string, end: string): Uint8Array => {
    const count = Math.ceil(2 ** 20 / part(0).length);
    const middle =
      part(0) === part(1) ? part(0).repeat(count) : Array.from({ length: count }, (_, i) => part(i)).join('');
    return bytesOf(begin + middle + end);
  };

  test.each<readonly [string, string, (i: number) => string, string]>([
    ['negative extents', '{"w":{"shape":[-1', () => ',-1', ']}}'],
    ['extents', '{"w":{"shape":[1', () => ',1', ']}}'],
    ['tensors that are numbers', '{"w":1', (i) => `,"${i}":1`, '}'],
    ['unknown fields of a tensor', '{"w":{"a":1', (i) => `,"${i}":1`, '}}'],
    ['nested arrays', '{"w":', () => '[', '}'],
    ['nested objects', '', () => '{"a":', ''],
    ['arrays for extents', '{"w":{"shape":[[]', () => ',[]', ']}}'],
    ['numbers for words', '{"__metadata__":{"w":1', (i) => `,"${i}":1`, '}}'],
    ['too many words', '{"__metadata__":{"w":""', (i) => `,"${i}":""`, '}}'],
    ['an extent of many digits', '{"w":{"shape":[', () => '9', ']}}'],
    ['a tensor many times', `{"w":${EMPTY}`, () => `,"w":${EMPTY}`, '}'],
  ])('even if it is refused: %s', (_name, begin, part, end) => {
    const bytes = repeated(begin, part, end);
    const before = heapUsed();
    expect(outcomeOf(bytes)).toMatch(/^DecodeError.{0,400}$/);
    expect((heapUsed() - before) / bytes.length).toBeLessThan(2);
  });

  test('with many tensors', () => {
    const bytes = repeated(`{"w":${EMPTY}`, (i) => `,"${i}":${EMPTY}`, '}');
    const measure = () => {
      collect();
      const before = heapUsed();
      const header = readHeader('f', bytes);
      const taken = heapUsed() - before; // with garbage
      collect();
      expect(header).toMatchObject({ _tag: 'Right' });
      return { taken, kept: heapUsed() - before };
    };
    // garbage is collected at any time: the smallest of some measurements counts
    const all = Array.from({ length: 12 }, measure);
    const [taken, kept] = [Math.min(...all.map((one) => one.taken)), Math.min(...all.map((one) => one.kept))];
    expect(taken / bytes.length).toBeLessThan(12);
    expect(kept / bytes.length).toBeLessThan(6);
  });
});
