import { foldIn, type RandomKey } from '../../dsl/random/keys.js';
import { randomInto } from '../../internal/threefry.js';
import { namedFields } from '../../internal/options.js';

const fields = namedFields('positionsOf', {
  key: 'a key, such as key(7)',
  size: 'the number of images',
  batch: 'the size of a batch',
});

/**
 * The positions of each step's batch: every epoch goes through the data set once, in an order of its
 * own. A function of the key and the step alone, so that a resumed run goes on with the same images.
 * @example
 * const positions = positionsOf({ key: key(7), size: 4, batch: 2 })
 * const epoch = [positions(0), positions(1)] // → [[0, 2], [1, 3]]
 */
export const positionsOf = (options: {
  readonly key: RandomKey;
  readonly size: number;
  readonly batch: number;
}): ((step: number) => Int32Array) => {
  const { key, size, batch } = fields(options);
  // the order of the epoch asked for last: a batch has parts of two epochs at most if it is smaller than one
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
