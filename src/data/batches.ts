import { foldIn } from '../dsl/random/keys.js';
import type { Exact } from '../internal/exact.js';
import { randomInto } from '../internal/numerics/threefry.js';
import { hostKey, positive, refined } from '../internal/decode.js';
import { type OptionsOf, schema } from '../internal/schema.js';

/** The number of images of a data set, whose positions are int32. */
export const dataSize = refined(positive, 'an integer from 1 to 2^31 - 1', (n) => n < 2 ** 31);

const drawing = schema('positionsOf', { key: hostKey, size: dataSize, batch: positive });

interface Drawing extends OptionsOf<typeof drawing> {}

/**
 * The positions of the batch of each step. Every epoch visits the data set once, in its own random order. The positions
 * depend only on the key and the step, so that a resumed run continues with the same images.
 * @example
 * const positions = positionsOf({ key: key(7), size: 4, batch: 2 })
 * const epoch = [positions(0), positions(1)] // → [[0, 2], [1, 3]]
 */
export const positionsOf = <G = unknown>(
  options: Exact<G, keyof Drawing> & Drawing,
): ((step: number) => Int32Array) => {
  const { key, size, batch } = drawing.demand(options);
  // caches the order of the last epoch, because a batch smaller than an epoch has parts of at most two epochs
  let known = { epoch: -1, order: new Int32Array(0) };
  const orderOf = (epoch: number): Int32Array => {
    if (known.epoch !== epoch) {
      const order = new Int32Array(size);
      randomInto('permutation', foldIn(key, epoch), order);
      known = { epoch, order };
    }
    return known.order;
  };
  return (step) =>
    Int32Array.from({ length: batch }, (_, i) => {
      const position = step * batch + i;
      return orderOf(Math.floor(position / size))[position % size]!;
    });
};
