/** Minibatch optimal transport. */
import type { RandomKey } from '../../dsl/index.js';
import { randomInto } from '../../internal/numerics/threefry.js';
import { assignment } from './assignment.js';
import type { ImagesToCouple } from './coupling.js';
import { rowsAt } from './rowsAt.js';

/** ‖x_i - ε_j‖² for each row of two arrays. */
const distances = (n: number, x: Float32Array, noise: Float32Array): Float64Array => {
  const each = x.length / n;
  const cost = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < each; k++) sum += (x[i * each + k]! - noise[j * each + k]!) ** 2;
      cost[i * n + j] = sum;
    }
  return cost;
};

/**
 * Minibatch optimal transport (Tong et al. 2024; Pooladian et al. 2023), for flow matching: draws the noise of a batch, and gives
 * it to the images so that the sum of ‖x₀ - ε‖² is the least, exactly. The paths of a batch then cross less, so the flow is
 * straighter and needs fewer steps. It takes O(B³) on the host while a step runs: milliseconds for 256 images.
 *
 * Do not use it for a model with classes or conditions: the noise of a class then depends on the class, but samples of every class
 * begin with the same noise.
 * @example
 * const images = Float32Array.of(1, -1) // two images of one pixel
 * const noise = optimalTransport({ images, positions: Int32Array.of(0, 1) }, key(7))
 * noise[0]! > noise[1]! // → true
 */
export const optimalTransport = ({ images, positions }: ImagesToCouple, key: RandomKey): Float32Array => {
  const n = positions.length;
  const noise = new Float32Array(images.length);
  randomInto('normal', key, noise);
  return rowsAt(noise, images.length / n, assignment(n, distances(n, images, noise)));
};
