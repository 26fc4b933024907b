/**
 * Numbers that are computed equally here and in Python, from hashes of names, so that fixtures of networks need no
 * weights.
 */

const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);

/** FNV-1a of a name. */
const seedOf = (name: string): number =>
  [...new TextEncoder().encode(name)].reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5);

/** Uniform numbers of mean 0 and variance 1, by a name. */
export const hashedNoise = (name: string, count: number): Float32Array => {
  const seed = seedOf(name);
  const noise = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let x = (Math.imul(i, 0x9e3779b1) + seed) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    noise[i] = (((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1) * Math.sqrt(3);
  }
  return noise;
};

/** A weight with variance 1/fanIn; scales are about 1, other vectors about 0. */
export const hashedWeight = (name: string, shape: readonly number[], fanIn: number, isScale: boolean): Float32Array => {
  const [factor, offset] = shape.length > 1 ? [1 / Math.sqrt(fanIn), 0] : [0.1, isScale ? 1 : 0];
  return hashedNoise(name, product(shape)).map((u) => offset + factor * u);
};

/** The norm of a gradient, and its product with noise, which fixtures store for each gradient. */
export const measures = (name: string, gradient: ArrayLike<number>): readonly [norm: number, projection: number] => {
  const direction = hashedNoise(`grad.${name}`, gradient.length);
  let [squares, projection] = [0, 0];
  for (let i = 0; i < gradient.length; i++) {
    squares += gradient[i]! ** 2;
    projection += gradient[i]! * direction[i]!;
  }
  return [Math.sqrt(squares), projection];
};
