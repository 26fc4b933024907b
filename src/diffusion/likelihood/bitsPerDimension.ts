import { type Dim, meanPerSample, mul, type Shape, type Tensor } from '../../dsl/index.js';

/**
 * Converts nats of each element to bits per dimension of each sample: `[B, ...]` to `[B]`.
 * @example bitsPerDimension(fullOf(Math.LN2, 2, 3)) // → [1, 1]
 */
export const bitsPerDimension = <B extends Dim, I extends Shape>(nats: Tensor<[B, ...I]>): Tensor<[B]> =>
  mul(meanPerSample(nats), 1 / Math.LN2);

/**
 * Bits per dimension of 8-bit data from a log-density in nats of the data scaled to [-1, 1], where a byte is 2/255 wide. On
 * the host.
 *
 * @param dimensions - the number of elements of a sample
 * @example bitsOfBytes(1)(Math.log(127.5 / 256)) // → 8
 */
export const bitsOfBytes =
  (dimensions: number) =>
  (logDensity: number): number =>
    Math.log2(127.5) - logDensity / dimensions / Math.LN2;
