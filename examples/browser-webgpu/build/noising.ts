/** The file of the figure "Add noise", written by the build: the page would need 23 kB more code to compute its levels. */
import { gzipSync } from 'node:zlib';
import {
  cosine,
  ddpm,
  linear,
  type Noising,
  pathOf,
  rectifiedFlow,
  scaledLinear,
} from '../../../src/diffusion/index.js';
import { unwrap } from '../../../src/entry/unwrap.js';
import { DIGITS, type Mix, type PathName, PATHS, STRIDE, T, TIMES } from '../shared/noising.js';
import { firstDigit } from './digits.js';

const noisings: Readonly<Record<PathName, Noising>> = {
  linear: unwrap(ddpm(linear(T))),
  cosine: unwrap(ddpm(cosine(T))),
  scaledLinear: unwrap(ddpm(scaledLinear(T))),
  rectifiedFlow: rectifiedFlow(),
};

/** The levels of a path at the times of the figure. */
const levelsOf = (path: PathName): readonly Mix[] => {
  const { levelAt, time } = pathOf(noisings[path]);
  return Array.from({ length: TIMES }, (_, k) => levelAt(time === 'timestep' ? STRIDE * k - 1 : (STRIDE * k) / T));
};

/** The bytes of the file. */
export const noising = (): Uint8Array => {
  const numbers = PATHS.flatMap((path) => levelsOf(path).flatMap(({ alpha, sigma }) => [alpha, sigma]));
  const digits = DIGITS.map(firstDigit);
  return gzipSync(Buffer.concat([...digits, new Uint8Array(Float32Array.from(numbers).buffer)]), { level: 9 });
};
