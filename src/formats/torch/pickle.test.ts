import { readFileSync } from 'node:fs';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { faults } from '../../../properties/faults.js';
import { errorIn, type NoisefoldError } from '../../internal/errors.js';
import { readPickle } from './pickle.js';
import { call, dict, get, global, integer, list, type Part, pickleOf, put, text, tuple } from './pickleTesting.js';
import { isPickled, type Pickled } from './pickleValues.js';
import { sourceOfBytes } from '../bytes/source.js';

const golden = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../properties/golden/weights/${name}`, import.meta.url)));

const read = async (bytes: Uint8Array): Promise<Pickled> => (await readPickle(sourceOfBytes('x.pkl', bytes), 0)).value;

/** The error that reading raises; anything else that it throws fails the test. */
const errorOf = async (bytes: Uint8Array): Promise<NoisefoldError> => {
  try {
    await read(bytes);
  } catch (thrown) {
    const error = errorIn(thrown);
    if (error === null) throw thrown;
    return error;
  }
  throw new Error('it was read');
};

/** Dictionaries as maps, lists and tuples as arrays; bytes as they are in the file. */
const plain = (value: Pickled, file: Uint8Array): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (isPickled('Bytes', value)) return file.slice(value.at, value.at + value.length);
  if (isPickled('Dict', value)) return new Map(value.entries.map(([key, item]) => [key, plain(item, file)]));
  if (isPickled('List', value) || isPickled('Tuple', value)) return value.items.map((item) => plain(item, file));
  return value;
};

describe('a pickle that Python wrote', () => {
  test.each([2, 3, 4, 5])('of protocol %d has its values', async (protocol) => {
    const file = golden(`values/protocol${protocol}.pkl`);
    const value = await read(file);
    const actual = plain(value, file) as Map<string, unknown>;
    expect(actual.get('none')).toBe(null);
    expect(actual.get('bools')).toEqual([true, false]);
    expect(actual.get('ints')).toEqual([0, 255, 256, 65535, 65536, -1, -(2 ** 31), 2 ** 31, 2 ** 40, -(2 ** 40), 2n ** 70n, -(2n ** 70n)]);
    expect(actual.get('float')).toBe(-0.1);
    expect(actual.get('text')).toBe('grün ☃ 𝄞');
    if (protocol > 2) expect(actual.get('bytes')).toEqual(Uint8Array.of(0, 255));
    else expect(actual.get('bytes')).toMatchObject({ global: '_codecs.encode', args: ['\0ÿ', 'latin1'] });
    expect(actual.get('tuples')).toEqual([[], [1], [1, 2], [1, 2, 3]]);
    expect(actual.get('long')).toBe('x'.repeat(300));
    if (protocol > 3) expect(actual.get('set')).toEqual({ _tag: 'Set', items: [7] });
    expect(actual.get('ordered')).toMatchObject({ _tag: 'Inert', global: 'collections.OrderedDict', args: [], entries: [['a', 1]] });
    const entries = isPickled('Dict', value) ? new Map(value.entries) : new Map<Pickled, Pickled>();
    expect(entries.get('shared')).toBe(entries.get('bools')); // one list
  });

  test('of protocol 0 is refused', async () => {
    expect(await errorOf(golden('values/protocol0.pkl'))).toMatchObject({
      _tag: 'DecodeError',
      where: 'x.pkl',
      expected: 'an operation of a pickle, of protocol 2 to 5',
    });
  });

  test('ends where the next one begins', async () => {
    const [first, second] = [pickleOf(integer(1)), pickleOf(integer(2))];
    const source = sourceOfBytes('x', Uint8Array.of(...first, ...second));
    const { value, end } = await readPickle(source, 0);
    expect([value, end]).toEqual([1, first.length]);
    expect((await readPickle(source, end)).value).toBe(2);
  });

  test('of more than a window is read as one', async () => {
    const words = Array.from({ length: 20_000 }, (_, i) => `word ${i} ${'·'.repeat(i % 300)}`);
    expect(plain(await read(pickleOf(list(...words.map(text)))), new Uint8Array())).toEqual(words);
  });
}); // oxfmt-ignore

test('None is stored in the memo and taken from it, as any value', async () => {
  expect(await read(pickleOf('N', put(3), '0', get(3)))).toBeNull();
}); // oxfmt-ignore

describe('a call in a pickle', () => {
  test('is a record, with its state', async () => {
    const value = await read(pickleOf(call(global('os', 'system'), text('echo')), dict([text('a'), integer(1)]), 'b'));
    expect(value).toMatchObject({ _tag: 'Inert', global: 'os.system', args: ['echo'], state: { _tag: 'Dict', entries: [['a', 1]] } });
  });

  test('that is called is listed by its name, and one that is only named is not', async () => {
    const named = [global('posix', 'system'), '0', text('nt'), text('system'), 0x93, '0'];
    const { value, calls } = await readPickle(sourceOfBytes('x', pickleOf(named, call(global('a', 'B')), text('v'), 'b')), 0);
    expect([...calls]).toEqual(['a.B']);
    expect(value).toMatchObject({ global: 'a.B', state: 'v' });
  });

  test('of getattr is the name of a method, as of protocol 4', async () => {
    const method = call(global('__builtin__', 'getattr'), global('a', 'B'), text('f'));
    expect(await read(pickleOf(method))).toEqual({ _tag: 'Global', global: 'a.B.f' });
    const { calls } = await readPickle(sourceOfBytes('x', pickleOf(call(method))), 0);
    expect([...calls]).toEqual(['a.B.f']);
  });

  test('of getattr, again and again, makes no name without end', async () => {
    const again = Array.from({ length: 1000 }, (): Part => [put(0), '0', call(global('builtins', 'getattr'), get(0), text('f'))]);
    expect(await errorOf(pickleOf(global('a', 'B'), again))).toMatchObject({ expected: 'a name of at most 1024 characters' });
  });

  test('of the name __proto__ changes no prototype', async () => {
    const value = await read(pickleOf(dict([text('__proto__'), dict([text('polluted'), 0x88])])));
    expect(plain(value, new Uint8Array())).toEqual(new Map([['__proto__', new Map([['polluted', true]])]]));
    expect('polluted' in {}).toBe(false);
  });
}); // oxfmt-ignore

describe('refuses, and says where:', () => {
  const u64 = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);

  test.each<readonly [string, readonly Part[], expected: RegExp, actual: RegExp]>([
    ['an empty stack', ['0'], /a value on the stack/, /none at byte 2/],
    ['values from below a mark', ['N', '(', '0'], /a value on the stack/, /none at byte 4/],
    ['a mark that is missing', ['t'], /a mark on the stack/, /none/],
    ['a memo that is empty', [get(7)], /a value in the memo/, /none of index 7/],
    ['a call of a number', [integer(1), tuple(), 'R'], /a call of a global/, /^1 at byte/],
    ['arguments that are not a tuple', [global('a', 'b'), list(), 'R'], /a tuple of arguments/, /a List/],
    ['state of a number', [integer(1), 'N', 'b'], /an object to build/, /^1 at byte/],
    ['items of a tuple', [tuple(), 'N', 'a'], /a List/, /a Tuple/],
    ['entries of a list', [']', '(', 'N', 'N', 'u'], /a Dict/, /a List/],
    ['a key without a value', ['}', '(', 'N', 'u'], /keys with values/, /a key without one/],
    ['a name that is not a string', ['N', 'N', 0x93], /the name of a global/, /None/],
    ['a global without end', ['c', 'x'.repeat(2000)], /an argument of at most 1024 bytes/, /1025/],
    ['protocol 6', [0x80, 6], /protocol 5 or lower/, /^6/],
    ['an unknown operation', [0xff], /an operation of a pickle/, /byte 255 at 2/],
    ['an operation of protocol 0', ['i', 'os\nsystem\n'], /an operation of a pickle/, /byte 105/],
    ['an extension, which is code elsewhere', [0x82, 1], /an operation of a pickle/, /byte 130/],
    ['a buffer that is outside of the file', [0x97], /an operation of a pickle/, /byte 151/],
    ['text that is no UTF-8', ['X', 2, 0, 0, 0, 0xc3, 0x28], /UTF-8 at byte 7/, /invalid bytes/],
    ['a text of 2⁶⁰ bytes', [0x8d, u64(2n ** 60n)], /an argument of at most 16777216 bytes/, /^115292150460684/],
    ['2⁵⁰ bytes', [0x8e, u64(2n ** 50n)], /1125899906842624 bytes at 11/, /a file of 12 bytes/],
    ['2⁶⁰ bytes', [0x8e, u64(2n ** 60n)], /an argument of at most 9007199254740991 bytes/, /^115292150460684/],
    ['an integer of 2³⁰ bytes', [0x8b, u64(2n ** 30n).subarray(0, 4)], /an argument of at most 32 bytes/, /1073741824/],
  ])('%s', async (_, parts, expected, actual) => {
    const error = await errorOf(pickleOf(...parts));
    expect(error).toMatchObject({ _tag: 'DecodeError', where: 'x.pkl' });
    expect(error.expected).toMatch(expected);
    expect(error.actual).toMatch(actual);
  });

  test('a truncated pickle, at any byte', async () => {
    const file = golden('values/protocol4.pkl');
    for (let length = 0; length < file.length; length++)
      expect(await errorOf(file.subarray(0, length))).toMatchObject({ _tag: 'DecodeError' });
  });

  test('more operations than any file of weights has, before they fill the memory', async () => {
    const bytes = new Uint8Array(10 ** 7).fill(']'.charCodeAt(0));
    expect(await errorOf(bytes)).toMatchObject({ expected: 'at most 4194304 operations' });
  });
}); // oxfmt-ignore

describe('a pickle that means harm', () => {
  test('holds itself, and is a finite record', async () => {
    const value = await read(pickleOf(']', put(0), get(0), 'a'));
    expect(isPickled('List', value) && value.items[0] === value).toBe(true);
  });

  test('is as deep as it is long, and takes no recursion', async () => {
    const value = await read(pickleOf('N', new Uint8Array(500_000).fill(0x85)));
    expect(isPickled('Tuple', value)).toBe(true);
  });

  test('calls with a tuple of its memo again and again: none is copied', async () => {
    const wide = ['(', 'N'.repeat(100_000), 't', put(0)];
    const calls = Array.from({ length: 100_000 }, (): Part => [global('a', 'b'), get(0), 'R']);
    expect(isPickled('Tuple', await read(pickleOf(wide, '(', calls, 't')))).toBe(true);
  });

  const codes = '.(012NKMJGXUTCB]aet)}suqrhjcRbQ'.split('').map((code) => code.charCodeAt(0));
  const operations = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...codes, 0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x8a, 0x8c, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94) },
    { weight: 2, arbitrary: fc.nat(4) },
    { weight: 1, arbitrary: fc.nat(255) },
  );
  test.prop([fc.array(operations, { maxLength: 60 })], { numRuns: faults(1000, 100_000) })(
    'of any operations is read or refused, and nothing else',
    async (bytes) => {
      const file = Uint8Array.of(0x80, 2, ...bytes, 0x2e);
      await read(file).catch((thrown: unknown) => {
        if (errorIn(thrown)?._tag !== 'DecodeError') throw thrown;
      });
    },
  );

  test.prop([fc.constantFrom(2, 3, 4, 5), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })], {
    numRuns: faults(500, 50_000),
  })('has other bytes than Python wrote, and is read or refused', async (protocol, changes) => {
    const file = golden(`values/protocol${protocol}.pkl`);
    for (const [at, byte] of changes) file[at % file.length] = byte;
    await read(file).catch((thrown: unknown) => {
      if (errorIn(thrown)?._tag !== 'DecodeError') throw thrown;
    });
  });
}); // oxfmt-ignore
