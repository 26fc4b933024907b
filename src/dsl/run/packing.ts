/**
 * Conversions between float32 numbers on the host and the words that store them in 16 bits, and their errors. Modules that
 * every program needs load this one when they use it.
 */
import { fail, type NoisefoldError, showType, type Typed } from '../../internal/errors.js';
import { E, type either, F, TE, type taskEither } from '../../internal/fp.js';
import { sizeOf } from '../../internal/numbers.js';
import { floatsOfBfloats, floatsOfHalves } from '../../internal/numerics/float16.js';
import { bfloatsOf, halvesOf } from '../../internal/numerics/toFloat16.js';
import type { Backend, DeviceBuffer, HostArray } from '../plan/backend.js';
import { type HalfStorage, wordsFor } from '../types/storage.js';
import type { ResidentRecord } from './value.js';

/** The least number that rounds to infinity, and the greatest finite number, for messages. */
const LIMITS: Readonly<Record<HalfStorage, readonly [limit: number, most: string]>> = {
  float16: [65520, '65504'],
  bfloat16: [(2 - 2 ** -8) * 2 ** 127, '3.39e38'],
};

/** Rounds numbers and packs two into each word. Returns `ConfigError` for a finite number that would become infinite. */
const packed = (where: string, storage: HalfStorage, data: HostArray): either.Either<NoisefoldError, Int32Array> => {
  const numbers = data instanceof Float32Array ? data : Float32Array.from(data);
  const [limit, most] = LIMITS[storage];
  const beyond = data.find((number) => Math.abs(number) >= limit && Number.isFinite(number));
  if (beyond !== undefined)
    return fail('ConfigError', {
      where,
      expected: `numbers of ${storage}, at most ${most}`,
      actual: `${beyond}`,
      hint: `store them as ${storage === 'float16' ? "'bfloat16' or " : ''}'float32'`,
    });
  const halves = (storage === 'float16' ? halvesOf : bfloatsOf)(numbers);
  const words = new Int32Array(wordsFor(numbers.length));
  for (let i = 0; i < words.length; i++) words[i] = halves[i]! | ((halves[words.length + i] ?? 0) << 16);
  return E.right(words);
};

/** Rounds numbers, and uploads them as words that hold two numbers each. */
export const uploadPacked = (
  backend: Backend,
  where: string,
  storage: HalfStorage,
  data: HostArray,
): taskEither.TaskEither<NoisefoldError, DeviceBuffer> =>
  F.pipe(
    TE.fromEither(packed(where, storage, data)),
    TE.flatMap((words) => backend.upload(words, 'int32')),
  );

/** Copies the numbers of a value that is stored in 16 bits to the host, and decodes them. */
export const readPacked = ({
  backend,
  buffer,
  shape,
  storage,
}: ResidentRecord): taskEither.TaskEither<NoisefoldError, HostArray> =>
  TE.map((words: HostArray): HostArray => {
    const halves = new Uint16Array(sizeOf(shape));
    const count = words.length;
    for (let i = 0; i < count; i++) {
      halves[i] = words[i]!;
      halves[count + i] = words[i]! >>> 16; // beyond the end of an odd number of elements: dropped
    }
    return (storage === 'float16' ? floatsOfHalves : floatsOfBfloats)(halves);
  })(backend.read(buffer));

/** The error for a value whose storage differs from the storage that the plan expects. */
export const otherStorage = (
  where: string,
  path: string,
  expected: Typed,
  storage: HalfStorage | undefined,
  resident: ResidentRecord,
): either.Either<NoisefoldError, never> => {
  const [name] = path.split('.') as [string];
  const other =
    resident.storage === undefined
      ? 'compile without a storage for it'
      : `compile with storage: { ${name || 'name'}: '${resident.storage}' }`;
  return fail('ConfigError', {
    where,
    expected: `${showType(expected)} stored as ${storage ?? 'float32'}`,
    actual: `a value ${showType(resident)} stored as ${resident.storage ?? resident.dtype}`,
    hint: `${other}, or convert the value: storeAs(value, '${storage ?? 'float32'}')`,
  });
};
