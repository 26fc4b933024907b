import type { Task } from '../dsl/run/effect.js';
import { raise } from '../internal/errors.js';
import { take } from '../internal/gen.js';
import { part } from '../internal/parts.js';
import { argument } from '../internal/schema.js';
import { genTask } from '../dsl/run/genEffect.js';
import type { Dataset } from './dataset.js';
import type { Images } from './images.js';

const dataOf = argument('imagesAt', part<Dataset>('a data set', 'size', 'image', 'batch'), 'imageFolder makes one');
const placesOf = argument('imagesAt', part<ArrayLike<number>>('positions in an array', 'length'), 'give [0, 1]');

/**
 * Loads the images of a data set at some positions, 0…size-1, in that order, in the form that `sample`,
 * `evaluateSamples` and `imageGrid` take. Fails with `ConfigError` for another position, and with the errors of the
 * data set.
 * @example
 * const data = unwrap(datasetOf({ pixels: Uint8Array.of(0, 255, 0), image: [1, 1, 1] }))
 * unwrap(await imagesAt(data, [1, 2])()) // → { data: [1, -1], shape: [2, 1, 1, 1] }
 */
export const imagesAt = (data: Dataset, positions: ArrayLike<number>): Task<Images> =>
  genTask('imagesAt', function* () {
    const { size, image, batch } = yield* take(dataOf.decode(data));
    const places = Array.from(yield* take(placesOf.decode(positions)));
    const wrong = places.find((place) => !(Number.isInteger(place) && place >= 0 && place < size));
    if (wrong !== undefined)
      raise('ConfigError', {
        where: 'imagesAt',
        expected: `positions from 0 to ${size - 1}, as there are ${size} images`,
        actual: `${wrong}`,
        hint: 'positions begin at 0',
      });
    const { images } = yield* take(batch(Int32Array.from(places)));
    return { data: images, shape: [places.length, ...image] };
  });
