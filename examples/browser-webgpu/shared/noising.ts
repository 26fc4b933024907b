/** The numbers of the figure "Add noise": digits, and the levels of noise of some paths. The build writes them (`build/noising.ts`). */
import { AREA } from './extent.js';

/** The classes of the digits. */
export const DIGITS: readonly number[] = [2, 3, 5, 8];

/** The paths by the function of noisefold that makes them. */
export const PATHS = ['linear', 'cosine', 'scaledLinear', 'rectifiedFlow'] as const;
export type PathName = (typeof PATHS)[number];

/** The number of timesteps of a schedule, the distance between two times of the figure, and the number of these. */
export const T = 1000;
export const STRIDE = 10;
export const TIMES = T / STRIDE + 1;

/** The factors of the image and of the noise: x_t = α·x₀ + σ·ε. */
export interface Mix {
  readonly alpha: number;
  readonly sigma: number;
}

/** The pixels of a digit, in the bytes of the file: the digits, one byte per pixel, come first. */
export const digitIn = (file: ArrayBuffer, digit: number): Uint8Array =>
  new Uint8Array(file, DIGITS.indexOf(digit) * AREA, AREA);

/** The levels of a path at t = 0, 10, …, 1000: α and σ of each time as float32, after the digits. */
export const levelsIn = (file: ArrayBuffer, path: PathName): readonly Mix[] => {
  const numbers = new Float32Array(file, DIGITS.length * AREA + 8 * TIMES * PATHS.indexOf(path), 2 * TIMES);
  return Array.from({ length: TIMES }, (_, k) => ({ alpha: numbers[2 * k]!, sigma: numbers[2 * k + 1]! }));
};

/** The lines of noisefold that compute a level. Time counts from 0 in noisefold, and the data come before: at -1. */
export const codeOf = (path: PathName, t: number): string =>
  path === 'rectifiedFlow'
    ? `const noising = rectifiedFlow()
const { alpha, sigma } = pathOf(noising).levelAt(${t / T})`
    : `const noising = unwrap(ddpm(${path}(${T})))
const { alpha, sigma } = pathOf(noising).levelAt(${t - 1})`;
