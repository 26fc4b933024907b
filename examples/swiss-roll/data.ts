/** The data: a swiss roll, points along one and a half turns of a spiral. */
import { function as F } from 'fp-ts';
import { add, cos, type Dim, fork, type Key, mul, normal, sin, stack, sub, type Tensor, uniform } from 'noisefold/dsl'; // prettier-ignore

const SPREAD = 0.07; // the standard deviation across the roll

/**
 * Points of the roll, `[count, 2]`, of mean 0 and a variance of about 1 along each axis: r = θ/7 for θ from 3π/2 to
 * 9π/2, whose mean is (2, 2/(3π))/7.
 */
export const swissRoll =
  (count: number) =>
  (key: Key): Tensor<[Dim, 2]> => {
    const keys = fork(key, 'angle', 'noise');
    const angle = F.pipe(uniform(keys.angle, count), mul(3 * Math.PI), add(1.5 * Math.PI));
    const x = F.pipe(angle, mul(cos(angle)), sub(2));
    const y = F.pipe(angle, mul(sin(angle)), sub(2 / (3 * Math.PI)));
    return F.pipe(stack([x, y], 1), mul(1 / 7), add(mul(normal(keys.noise, count, 2), SPREAD)));
  };
