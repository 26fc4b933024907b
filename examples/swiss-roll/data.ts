/** The data: a swiss roll, points along one and a half turns of a spiral. */
import { function as F } from 'fp-ts';
import { add, cos, type Dim, fork, type Key, mul, normal, sin, stack, type Tensor, uniform } from 'noisefold/dsl'; // prettier-ignore

const SPREAD = 0.07; // the standard deviation across the roll

/** Points of the roll, `[count, 2]`, of a variance of about 1 along each axis. */
export const swissRoll =
  (count: number) =>
  (key: Key): Tensor<[Dim, 2]> => {
    // prettier-ignore
    const keys = fork(key, 'angle', 'noise');
    const angle = F.pipe(uniform(count)(keys.angle), mul(3 * Math.PI), add(1.5 * Math.PI));
    const spiral = stack([mul(cos(angle))(angle), mul(sin(angle))(angle)], 1);
    return F.pipe(spiral, mul(1 / 7), add(mul(SPREAD)(normal(count, 2)(keys.noise))));
  };
