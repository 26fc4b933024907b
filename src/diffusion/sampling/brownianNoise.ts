/** The noise of steps as increments of one Brownian path. */
import { foldIn, type RandomKey } from '../../dsl/index.js';
import { randomInto } from '../../internal/numerics/threefry.js';
import type { Channel } from '../channels/channel.js';

/** The depth of the tree: its smallest intervals are 2⁻²⁰ of the time from the data to noise. */
const DEPTH = 20;

/** The time of the path, from 0 at the data to 1 without signal: the angle of (α, σ), which does not depend on the grid. */
const timeOf = ({ alpha, sigma }: Channel): number => Math.atan2(sigma, alpha) / (Math.PI / 2);

/**
 * W(u) as a weighted sum of the normal numbers of the tree's nodes: the weight of each node, by its number. Lévy's construction: u
 * divides an interval of length L as x to 1 - x. The node displaces the middle of the interval from the line between its ends by
 * √L/2, and so u by √L·min(x, 1 - x). In the smallest intervals the weight is √(L·x·(1 - x)).
 */
const weightsOf = (u: number): ReadonlyMap<number, number> =>
  new Map([
    [0, u],
    ...Array.from({ length: DEPTH + 1 }, (_, depth): readonly [number, number] => {
      const [intervals, length] = [2 ** depth, 2 ** -depth];
      const interval = Math.min(Math.floor(u * intervals), intervals - 1);
      const x = u * intervals - interval;
      const height = depth < DEPTH ? Math.min(x, 1 - x) : Math.sqrt(x * (1 - x));
      return [intervals + interval, Math.sqrt(length) * height];
    }),
  ]);

/**
 * Standard normal numbers for the noise of a step: the increment of a Brownian path between two levels, divided by its deviation
 * (k-diffusion's `BrownianTreeNoiseSampler`, by Lévy's construction). The key determines the path. So the noise of a step is the
 * sum of the noises of its parts, and a stochastic solver with more steps approaches the same sample. Steps that share no time have
 * independent noise, if they are longer than 10⁻⁶. The numbers are the same on every backend.
 *
 * `sample` draws them for `brownian: true`; {@link sampler} takes them as `noise`.
 * @example
 * const [from, middle, to] = [{ alpha: 0, sigma: 1 }, { alpha: 0.6, sigma: 0.8 }, { alpha: 1, sigma: 0 }]
 * const noise = brownianNoise(key(7))
 * const angle = Math.atan2(0.8, 0.6) / (Math.PI / 2) // the time in the middle
 * const [first, second] = [noise(from, middle, 1)[0]!, noise(middle, to, 1)[0]!]
 * Math.sqrt(1 - angle) * first + Math.sqrt(angle) * second // → noise(from, to, 1)[0]!
 */
export const brownianNoise =
  (key: RandomKey) =>
  (from: Channel, to: Channel, size: number): Float32Array => {
    const [begin, end] = [weightsOf(timeOf(from)), weightsOf(timeOf(to))];
    const nodes = [...new Set([...begin.keys(), ...end.keys()])].map(
      (node) => [node, (begin.get(node) ?? 0) - (end.get(node) ?? 0)] as const,
    );
    const deviation = Math.hypot(...nodes.map(([, weight]) => weight));
    const [sum, normals] = [new Float64Array(size), new Float32Array(size)];
    for (const [node, weight] of nodes) {
      if (weight === 0) continue;
      randomInto('normal', foldIn(key, node), normals);
      normals.forEach((normal, i) => (sum[i]! += (weight / deviation) * normal));
    }
    return Float32Array.from(sum);
  };
