/** Open files of tensors: the description of each tensor, and its numbers on demand. */
import type { Task } from '../../dsl/run/effect.js';
import { orRaise, raise } from '../../internal/errors.js';
import { suggestion } from '../../internal/suggest.js';
import { elementBytes, type StoredDType } from './safetensorsHeader.js';
import { bytesOf, type Demands, soundNumbers, type StoredTensor, tensorOver } from './safetensorsLayout.js';
import { attempted, PIECE, room, type Source } from '../bytes/source.js';

/** The description of a tensor in a file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
}

/** An open file: the descriptions of its tensors by name, and the tensors, each read on demand. */
export interface OpenTensors {
  readonly entries: ReadonlyMap<string, TensorInfo>;
  /** The metadata of the file. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Reads a tensor of `entries`. Fails with `DecodeError`, and with `FileError`, also for a tensor that does not fit in
   * memory.
   */
  readonly tensor: (entry: TensorInfo) => Task<StoredTensor>;
}

export type { Demands } from './safetensorsLayout.js';

/** Makes an open file from its entries and `read`, which reads a tensor and may raise errors. */
export const openTensors = <T extends TensorInfo>(
  where: string,
  entries: ReadonlyMap<string, T>,
  metadata: OpenTensors['metadata'],
  read: (entry: T) => Promise<StoredTensor>,
): OpenTensors => ({
  entries,
  metadata,
  tensor: (info?: TensorInfo) =>
    attempted(async () => {
      const name = info?.name ?? 'nothing'; // `entries.get` returns undefined for a name that is not there
      const entry = entries.get(name);
      if (entry !== undefined) return read(entry);
      const meant = suggestion(name, [...entries.keys()]);
      return raise('ConfigError', {
        where,
        expected: 'the name of a tensor of the file',
        actual: name,
        hint: meant === undefined ? 'give an entry of `entries`' : `did you mean ${meant}?`,
      });
    }),
});

/** Yields the numbers of a tensor in pieces, each with the position of its first number. */
export function* piecesOf({
  dtype,
  data,
}: StoredTensor): Generator<readonly [from: number, Omit<StoredTensor, 'shape'>], void> {
  const length = PIECE / elementBytes(dtype);
  for (let from = 0; from < data.length; from += length)
    yield [from, { dtype, data: data.subarray(from, from + length) } as StoredTensor]; // of the same dtype
}

/** Reads consecutive numbers, in pieces, into a new array, at any alignment in the file. */
export const readDense = async (
  { where, fill }: Source,
  { name, ...entry }: TensorInfo,
  from: number,
  length: number,
  demands: Demands,
): Promise<StoredTensor> => {
  const whole = tensorOver(entry, room(where, length).buffer, 0, length);
  let at = from;
  for (const [position, piece] of piecesOf(whole)) {
    const bytes = bytesOf(piece.data);
    await fill(bytes, at);
    orRaise(soundNumbers(where, name, piece, demands, position));
    at += bytes.length;
  }
  return whole;
};
