/** The data: a swiss roll, points along one and a half turns of a spiral. */
import { add, cos, type Dim, fork, type Key, mul, normal, sin, stack, sub, type Tensor, uniform } from 'noisefold/dsl'; // oxfmt-ignore

const SPREAD = 0.07; // the standard deviation across the roll

/**
 * Points of the roll, `[count, 2]`, with mean 0 and a variance of about 1 along each axis: r = θ/7 for θ from 3π/2 to
 * 9π/2, minus its mean (2, 2/(3π))/7.
 */
export const swissRoll =
  (count: number) =>
  (key: Key): Tensor<[Dim, 2]> => {
    const keys = fork(key, 'angle', 'noise');
    const theta = add(1.5 * Math.PI, mul(3 * Math.PI, uniform(keys.angle, count)));
    const x = sub(mul(theta, cos(theta)), 2);
    const y = sub(mul(theta, sin(theta)), 2 / (3 * Math.PI));
    return add(mul(1 / 7, stack([x, y], 1)), mul(SPREAD, normal(keys.noise, count, 2)));
  };
