/**
 * The binary version of CIFAR-10: records of one byte for the label and 3072 bytes of pixels: the red, the green and
 * the blue plane, rows from the top. https://www.cs.toronto.edu/~kriz/cifar.html
 */
import { fail, type NoisefoldError } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import { checkedBytes } from './bytes/bytes.js';

/**
 * The names of the classes of CIFAR-10, by label.
 * @example cifar10Classes[3] // → 'cat'
 */
export const cifar10Classes: readonly string[] = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']; // oxfmt-ignore

/** Images of CIFAR-10 and their labels, as bytes. */
export interface Cifar10 {
  /** `[n, 32, 32, 3]`, row-major. */
  readonly pixels: Uint8Array;
  /** 0 to 9, `[n]`. */
  readonly labels: Uint8Array;
  readonly image: readonly [32, 32, 3];
}

const PLANE = 32 * 32;
const RECORD = 1 + 3 * PLANE;

/**
 * Reads a file such as `data_batch_1.bin`; `where` names it in messages. Returns a `DecodeError` unless it is a whole
 * number of records, at least one, with labels from 0 to 9.
 * @example
 * const record = new Uint8Array(3073).fill(255, 1, 1025).with(0, 9) // a red truck
 * unwrap(decodeCifar10('red.bin')(record)).pixels.subarray(0, 3) // → [255, 0, 0]
 */
export const decodeCifar10 =
  (where: string) =>
  (bytes: Uint8Array): either.Either<NoisefoldError, Cifar10> => {
    const valid = checkedBytes(where, bytes);
    if (E.isLeft(valid)) return valid;
    const count = bytes.length / RECORD;
    const bad = (expected: string, actual: string): either.Either<NoisefoldError, never> =>
      fail('DecodeError', {
        where,
        expected,
        actual,
        hint: 'give the .bin files of cifar-10-binary.tar.gz, unpacked by tar -xzf',
      });
    if (count === 0 || !Number.isInteger(count))
      return bad(`records of ${RECORD} bytes, at least one`, `${bytes.length} bytes`);
    const labels = new Uint8Array(count);
    const pixels = new Uint8Array(count * 3 * PLANE);
    for (let i = 0; i < count; i++) {
      const at = i * RECORD;
      labels[i] = bytes[at]!;
      if (labels[i]! > 9) return bad('labels from 0 to 9', `${labels[i]} in record ${i}`);
      for (let j = 0; j < 3 * PLANE; j++)
        pixels[i * 3 * PLANE + j] = bytes[at + 1 + (j % 3) * PLANE + Math.floor(j / 3)]!;
    }
    return E.right({ pixels, labels, image: [32, 32, 3] });
  };
