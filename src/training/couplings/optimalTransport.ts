/** Minibatch optimal transport. */
import { munkres } from 'munkres';
import type { RandomKey } from '../../dsl/index.js';
import { fillRandom } from '../../internal/numerics/threefry.js';
import { partLike } from '../../internal/parts.js';
import { demanding } from '../../internal/takes.js';
import { hostKey } from '../checked.js';
import type { ImagesToCouple } from './coupling.js';
import { rowsAt } from './rowsAt.js';

/** ‖x_i - ε_j‖², of the images i and the noise j: rows of two arrays. */
const distances = (n: number, x: Float32Array, noise: Float32Array): readonly Float64Array[] => {
  const each = x.length / n;
  const squared = (i: number, j: number): number => {
    let sum = 0;
    for (let k = 0; k < each; k++) sum += (x[i * each + k]! - noise[j * each + k]!) ** 2;
    return sum;
  };
  return Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (__, j) => squared(i, j)));
};

/**
 * Minibatch optimal transport (Tong et al. 2024; Pooladian et al. 2023), for flow matching: draws the noise of a batch, and gives
 * it to the images so that the sum of ‖x₀ - ε‖² is the least, by the Hungarian algorithm. The paths of a batch then cross less, so
 * the flow is straighter and needs fewer steps. It takes O(B³) on the host while a step runs:
 * about 0.2 s for 256 images of 28×28, and 0.7 s for those of 32×32×3, on one core of an AMD EPYC.
 *
 * Do not use it for a model with classes or conditions: the noise of an image then depends on its class, but samples of every
 * class begin with the same noise.
 * @example
 * const images = Float32Array.of(1, -1) // two images of one pixel
 * const noise = optimalTransport({ images, positions: Int32Array.of(0, 1) }, key(7))
 * noise[0]! > noise[1]! // → true
 */
export const optimalTransport = demanding(
  'optimalTransport',
  { batch: partLike('the images of a batch', '{ images, positions }', 'images', 'positions'), key: hostKey },
  ({ images, positions }: ImagesToCouple, key: RandomKey): Float32Array => {
    const n = positions.length;
    const noise = new Float32Array(images.length);
    fillRandom('normal', key, noise);
    const of = new Int32Array(n); // the noise of each image
    for (const [image, row] of munkres(distances(n, images, noise))) of[image] = row;
    return rowsAt(noise, images.length / n, of);
  },
);
