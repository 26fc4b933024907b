import { wholeTimesteps } from '../paths/discretePath.js';
import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import {
  add,
  constantOf,
  fork,
  gather,
  meanPerSample,
  mul,
  normalLike,
  scaleBy,
  square,
  sub,
  table,
  tanh,
  type Tensor,
} from '../../dsl/index.js';
import { F } from '../../internal/fp.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { qSample } from '../paths/forward.js';
import { linear } from '../schedules/betaSchedules.js';
import { spaced } from '../grids/grid.js';
import { fromPrevious, previousLosses } from './previousX.js';
import { respace } from '../grids/respacing.js';
import { uniformTimes } from './timeDraw.js';
import { ddpm } from '../paths/discreteNoising.js';

const x0 = constantOf([0.5, -0.25, 1, -1, 0, 0.125, -0.5, 0.75, 0.25, -0.75], 5, 2) as Tensor<[5, 2]>;

/** An inexact network that predicts x_{t-1}. */
const network: Omit<Denoiser<null, [2]>, 'predicts'> = {
  apply: (_, x) => add(tanh(mul(x, 0.8)), 0.1),
};

describe('previousLosses', () => {
  const noisings = {
    linear: right(ddpm(linear(100))),
    cosine: right(ddpm(cosine(20))),
    respaced: right(F.pipe(right(ddpm(cosine(1000))), respace(spaced(7)))),
    'of one step': right(ddpm(cosine(1))),
  };

  it.each(
    Object.entries(noisings).flatMap(([name, noising]) =>
      (['x0', 'epsilon', 'v', 'score'] as const).map((predicts) => ({ name, predicts, noising })),
    ),
  )('are the errors of the mean of x_{t-1}: $name, as $predicts', async ({ predicts, noising }) => {
    // q_posterior_mean_variance of guided-diffusion, from betas
    const { betas, alphaBars } = noising.schedule;
    const [ofX0, ofXt] = [
      betas.map((beta, t) => (Math.sqrt(alphaBars[t - 1] ?? 1) * beta) / (1 - alphaBars[t]!)),
      betas.map((beta, t) => (Math.sqrt(1 - beta) * (1 - (alphaBars[t - 1] ?? 1))) / (1 - alphaBars[t]!)),
    ];
    const expected = await numbersOf((key) => {
      const keys = fork(key, 'timestep', 'noise');
      const t = wholeTimesteps(uniformTimes(noising)(x0)(keys.timestep));
      const xt = qSample(noising)(t, normalLike(keys.noise, x0))(x0);
      const mean = add(scaleBy(x0, gather(table(ofX0), t)), scaleBy(xt, gather(table(ofXt), t)));
      return meanPerSample(square(sub(network.apply(null, xt, { t }), mean)));
    });
    const denoiser = reparameterize(noising, predicts)(fromPrevious(noising, network));
    const losses = await numbersOf((key) => previousLosses(noising, denoiser)(null, { x0, key }).losses);
    expect(losses).toHaveLength(5);
    // the error of ε̂ is 1/√ᾱ roundings at the noisiest t, and that of μ̂ from x̂₀ 1/x0 roundings at the least noisy
    expect(relativeDistance(losses, expected)).toBeLessThan(1e-11);
  });
});
