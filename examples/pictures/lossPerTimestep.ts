/** The loss at each timestep, for the best possible denoiser. */
import { add, compile, foldIn, fork, key, mean, mul, normalLike, program, read } from 'noisefold/dsl';
import {
  boundAt,
  ddpm,
  exactDenoiser,
  type GaussianMixture,
  linear,
  type DiscreteNoising,
  uncorrected,
} from 'noisefold/diffusion';
import { function as F, readerTaskEither as RTE, readonlyArray as RA } from 'fp-ts';
import { timestepAxis } from './charts.js';
import { type Image, mixtureOfDigits, VARIANCE } from './digits.js';
import type { Chart } from './lineChart.js';

/**
 * Timesteps, denser where the terms fall steeply. Without 0, whose term is for bytes, because these data are not bytes.
 */
const TIMESTEPS = [1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 75, ...RA.makeBy(36, (i) => 100 + 25 * i), 999];

/** The means at one t over one sample of each Gaussian. */
const terms = (noising: DiscreteNoising, digits: GaussianMixture<Image>) => {
  const measure = boundAt(noising, exactDenoiser(noising)(digits), { correction: uncorrected });
  return program({ means: 'B 28 28 1', t: ':int32', k: 'key' }, ({ means, t, k }) => {
    const keys = fork(k, 'data', 'noise');
    const x0 = add(means, mul(Math.sqrt(VARIANCE), normalLike(keys.data, means)));
    const { bits, noiseError } = measure(null, x0, { t, key: keys.noise });
    return { bits: mean(bits), noiseError: mean(noiseError) };
  });
};

const measure = (noising: DiscreteNoising, digits: GaussianMixture<Image>) => {
  const means = Float32Array.from(digits.means.flatMap((one) => Array.from(one)));
  return F.pipe(
    compile(terms(noising, digits), { B: digits.means.length }),
    RTE.flatMap(({ run }) =>
      F.pipe(
        TIMESTEPS,
        RTE.traverseSeqArray((t) =>
          F.pipe(
            RTE.fromTaskEither(run({ means, t, k: foldIn(key(3), t) })),
            RTE.flatMap(({ bits, noiseError }) =>
              F.pipe(
                RTE.Do,
                RTE.bind('bits', () => read(bits)),
                RTE.bind('noiseError', () => read(noiseError)),
              ),
            ),
            RTE.map((terms) => ({ t, bits: terms.bits[0]!, noiseError: terms.noiseError[0]! })),
          ),
        ),
      ),
    ),
  );
};

export const lossPerTimestep = F.pipe(
  RTE.Do,
  RTE.bind('noising', () => RTE.fromEither(ddpm(linear(1000)))),
  RTE.bind('digits', () => RTE.fromTaskEither(mixtureOfDigits)),
  RTE.flatMap(({ noising, digits }) => measure(noising, digits)),
  RTE.map((terms): Chart => ({
    title: 'The losses over t, of the best denoiser',
    x: timestepAxis,
    y: { label: '', ticks: [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1], logarithmic: true },
    lines: [
      { name: 'simple loss, of a number of ε', points: terms.map(({ t, noiseError }) => [t, noiseError]) },
      { name: 'term of the bound, bits per dimension', points: terms.map(({ t, bits }) => [t, bits]) },
    ],
  })),
);
