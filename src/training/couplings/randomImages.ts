/** Images of another data set in place of noise. */
import { fork } from '../../dsl/index.js';
import { withName } from '../../internal/dual.js';
import { orRaise } from '../../internal/errors.js';
import { randomInto } from '../../internal/numerics/threefry.js';
import { argument } from '../../internal/schema.js';
import { type Dataset, dataSet } from '../../data/dataset.js';
import { loaded } from '../../data/examples.js';
import type { Coupling } from './coupling.js';

const sourceOf = argument('randomImages: source', dataSet);

/**
 * Pairs each image of a batch with a random image of another data set in place of noise. The flow then leads from that
 * set to the data of the training, with independent pairs (I-CFM, Tong et al. 2024). The images of both sets have the same
 * size. Held-out images are paired too, without augmentations. To draw samples, start from images of the source:
 * `from: { noise }` of {@link sample}.
 *
 * @param source - the data set
 * @example
 * const source = unwrap(datasetOf({ pixels: Uint8Array.of(0, 255), image: [1, 1, 1] }))
 * const images = Float32Array.of(0.5, 0, -0.5)
 * await randomImages(source)({ images, positions: Int32Array.of(4, 2, 9) }, key(7)) // → [-1, -1, 1]
 */
export const randomImages = (source: Dataset): Coupling => {
  sourceOf.demand(source);
  const load = loaded({}, source, undefined, 'randomImages');
  const draw =
    (augments: boolean): Coupling =>
    async ({ positions }, key) => {
      const keys = fork(key, 'position', 'augment');
      const uniform = new Float64Array(positions.length);
      randomInto('uniform', keys.position, uniform);
      const drawn = Int32Array.from(uniform, (u) => Math.floor(u * source.size));
      return orRaise(await load(drawn, augments ? keys.augment : undefined)()).images;
    };
  const { size, image, augmentations = [] } = source;
  const settings = { size, image, augmentations };
  return Object.assign(withName('randomImages', draw(true)), { settings, heldOut: draw(false) });
};
