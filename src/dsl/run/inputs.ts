/** Binds values and numbers of the host to the inputs of a plan. */
import { listOf, word } from '../../internal/decode.js';
import { E, type taskEither } from '../../internal/fp.js';
import type { Work } from '../../internal/gen.js';
import type { Backend, HostArray, KeyWords, Slot } from '../plan/backend.js';
import { fail, type NoisefoldError, showType } from '../../internal/errors.js';
import { dtypeOfArray } from '../types/dtype.js';
import { sizeOf } from '../../internal/numbers.js';
import type { Plan } from '../plan/plan.js';
import type { Traced } from '../compile/planning.js';
import { isSameShape } from '../primitives/checks.js';
import type { Node } from '../graph/node.js';
import type { NumberType } from '../graph/region.js';
import { suggestion } from '../../internal/suggest.js';
import type { HalfStorage } from '../types/storage.js';
import { kindOf, memberReader } from '../types/tree.js';
import { isValue, liveOn, type ResidentRecord } from './value.js';

/** The array of each dtype, and the numbers that it can hold. */
const HELD: Readonly<Record<NumberType, { readonly array: string; readonly fits: (x: number) => boolean }>> = {
  float32: { array: 'a Float32Array', fits: () => true },
  int32: { array: 'an Int32Array', fits: (x) => x === (x | 0) },
  bool: { array: 'a Uint8Array of 0 and 1', fits: (x) => x === 0 || x === 1 },
};

const isKeyWords = (x: unknown): x is KeyWords => Array.isArray(x) && x.length === 2 && word.is(x[0]) && word.is(x[1]);

/** A checked input of a run. */
export interface BoundInput {
  readonly slot: Slot;
  /** The value; null for a key, and for numbers of the host, which are uploaded for one run and freed after it. */
  readonly resident: ResidentRecord | null;
}

/** Binds an input to a node of the program. The node is float32 even if the input is stored in 16 bits. */
const bindInput = (
  backend: Backend,
  x: unknown,
  path: string,
  { shape, dtype }: Node,
  storage: HalfStorage | undefined,
): Work<BoundInput> => {
  if (dtype === 'key' && isKeyWords(x)) return E.right({ slot: x, resident: null }); // a key, or one for each sample
  const where = `input ${path === '' ? '(the only one)' : path}`;
  const wrong = (actual: string, hint: string, tag: 'ShapeError' | 'DTypeError' = 'ShapeError') =>
    fail(tag, { where, expected: showType({ dtype, shape }), actual, hint });
  if (dtype === 'key')
    return wrong(Array.isArray(x) ? `[${x.join(', ')}]` : kindOf(x), 'give a key: key(7)', 'DTypeError');
  if (isValue(x)) {
    const live = liveOn(backend, where)(x);
    if (E.isLeft(live)) return live;
    const resident = live.right;
    if (resident.storage !== storage)
      return async () => (await import('./packing.js')).otherStorage(where, path, { shape, dtype }, storage, resident);
    const hint = 'compile at the extents that you run with, and upload in the dtype of the spec';
    return resident.dtype === dtype && isSameShape(resident.shape, shape)
      ? E.right({ slot: resident.buffer, resident })
      : wrong(`a value ${showType(resident)}`, hint, resident.dtype === dtype ? 'ShapeError' : 'DTypeError');
  }
  if (typeof x === 'number' && !HELD[dtype].fits(x))
    return wrong(`${x}`, `give a number that is ${dtype}`, 'DTypeError');
  const numbers = typeof x === 'number' ? Float64Array.of(x) : x;
  if (!ArrayBuffer.isView(numbers) || numbers instanceof DataView)
    return wrong(kindOf(x), 'give a value, or a typed array of its numbers');
  const host = numbers as HostArray; // a typed array, whose dtype and length are checked next
  if (typeof x !== 'number' && dtypeOfArray(host) !== dtype)
    return wrong(kindOf(x), `give ${HELD[dtype].array}`, 'DTypeError');
  if (host.length !== sizeOf(shape)) return wrong(`${host.length} numbers`, 'give one number for each element');
  // copies the array, because the caller may change it while the module loads
  const pack = (own: HostArray, half: HalfStorage) => async () =>
    (await import('./packing.js')).uploadPacked(backend, where, half, own)();
  const upload = storage === undefined ? backend.upload(host, dtype) : pack(host.slice(), storage);
  return async () => E.map((slot: Slot): BoundInput => ({ slot, resident: null }))(await upload()); // begins at the call
};

/** Fails if a donated value (`ValueConsumed`) or a key (`KeyReused`) is given for two inputs. */
const checkTwice = ({ inputs }: Plan, all: readonly BoundInput[]): E.Either<NoisefoldError, void> => {
  const uses = new Map<unknown, Plan['inputs'][number]>();
  for (let i = 0; i < all.length; i++) {
    const { slot, resident } = all[i]!;
    const same = resident ?? ('length' in slot ? `${slot[0]}, ${slot[1]}` : slot);
    const first = uses.get(same);
    const input = inputs[i]!;
    if (first === undefined) uses.set(same, input);
    else if (input.dtype === 'key') {
      const [where, hint] = [
        `inputs ${first.path} and ${input.path}`,
        "fork it: const { a, b } = fork(key(7), 'a', 'b')",
      ];
      return fail('KeyReused', { where, expected: 'a key for each', actual: `[${same as string}] for both`, hint });
    } else if (first.donated || input.donated) {
      const where = `input ${(first.donated ? first : input).path}`;
      const about = { where, expected: 'a donated value for one input', actual: 'the same value for two inputs' };
      return fail('ValueConsumed', { ...about, hint: 'upload a copy, or do not donate it' });
    }
  }
  return E.right(undefined);
};

/** Returns a `ConfigError` for an input that the program does not have. */
const checkNames = (names: readonly string[] | null, inputs: unknown): E.Either<NoisefoldError, void> => {
  if (names === null || typeof inputs !== 'object' || inputs === null || isValue(inputs)) return E.right(undefined);
  const own = Object.entries(inputs).flatMap(([name, input]) => (input === undefined ? [] : [name]));
  const unknown = own.find((name) => !names.includes(name));
  if (unknown === undefined) return E.right(undefined);
  const free = names.filter((name) => !own.includes(name));
  const meant = suggestion(unknown, free);
  return fail('ConfigError', {
    where: `run.${unknown}`,
    expected: listOf('input', names),
    actual: 'an unknown input',
    hint: meant === undefined ? 'leave it out, or add it to the inputs of the program' : `did you mean ${meant}?`,
  });
};

/** Frees the numbers that were uploaded for one run. */
export const releaseTemporaries = (backend: Backend, all: readonly BoundInput[]): void => {
  for (const { slot, resident } of all) if (resident === null && !('length' in slot)) backend.release(slot)();
};

/**
 * Returns a function that binds all inputs of a plan, in its order. It refuses inputs that the program does not have. It uploads
 * numbers only if no input is refused, and begins all uploads before the first `await`: the caller may change its arrays
 * afterwards.
 */
export const inputBinder = (backend: Backend, planned: Plan, { names, inputs: nodes, storages }: Traced) => {
  const readers = planned.inputs.map(({ path }) => memberReader(path));
  return (inputs: unknown): taskEither.TaskEither<NoisefoldError, readonly BoundInput[]> =>
    async () => {
      const check = checkNames(names, inputs);
      if (E.isLeft(check)) return check;
      const works = planned.inputs.map(({ path }, i) =>
        bindInput(backend, readers[i]!(inputs), path, nodes[i]!, storages?.[i]),
      );
      const refusal = works.find((work) => typeof work !== 'function' && E.isLeft(work));
      const results = await Promise.all(
        (refusal === undefined ? works : [refusal]).map((work) => (typeof work === 'function' ? work() : work)),
      );
      const all = results.filter(E.isRight).map(({ right }) => right);
      const outcome = results.find(E.isLeft) ?? checkTwice(planned, all);
      if (E.isRight(outcome)) return E.right(all);
      releaseTemporaries(backend, all);
      return outcome;
    };
};
