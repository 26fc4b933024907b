import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { tfjs } from '../../backends/tfjs/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { constantOf, ones, scalar, type Tensor } from '../../dsl/index.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { ancestral } from '../solvers/ancestral.js';
import { qBetween } from '../paths/transition.js';
import { boundTerm } from '../likelihood/variationalBound.js';
import { consistencyDenoiser } from '../solvers/consistency.js';
import { converted, overNoising } from '../denoisers/overNoising.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { exactDenoiser } from '../denoisers/exact.js';
import { qMeanVariance, qSample } from '../paths/forward.js';
import { spaced } from '../grids/grid.js';
import { targetOf } from '../losses/loss.js';
import { qPosterior } from '../paths/posterior.js';
import { fromPrevious } from '../losses/previousX.js';
import { respace } from '../grids/respacing.js';
import { pMeanVariance } from '../likelihood/reverse.js';
import { sampler } from '../sampling/sampler.js';
import { steered } from '../guidance/steering.js';
import { entriesAt, entryAt } from './entries.js';
import { ddpm } from '../paths/discreteNoising.js';

const LAST = 2 ** 31 - 1;

describe.each([
  ['reference', reference],
  ['tfjs-cpu', () => tfjs('cpu')],
  ['wasm', wasm],
])('tables on %s', (_, backend) => {
  const indices = [0, 2, 3, -1, 99, -99, LAST, -LAST];
  const at = constantOf(Int32Array.from(indices), indices.length);

  it('give NaN out of range, and not the nearest entry', async () => {
    const actual = await numbersOf(() => entriesAt([0.5, 0.25, 0.125])(at), backend());
    expect(actual).toEqual([0.5, 0.125, ...Array.from({ length: 6 }, () => NaN)]);
    const one = await Promise.all(indices.map((i) => numbersOf(() => entryAt([0.5, 0.25, 0.125])(scalar(i, 'int32')), backend()))); // oxfmt-ignore
    expect(one.flat()).toEqual(actual);
  });

  it('of int32 give -1 out of range', async () => {
    const actual = await numbersOf(() => entriesAt(Int32Array.of(7, 8, 9))(at), backend());
    expect(actual).toEqual([7, 9, -1, -1, -1, -1, -1, -1]);
  });
});

describe('timesteps out of range', () => {
  const noising = right(ddpm(cosine(10)));
  const x = ones(4, 1);
  const t = constantOf(Int32Array.of(3, 10, -2, 5000), 4);
  const data = constantOf(new Int32Array(4).fill(-1), 4);
  const still: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, xt) => xt };
  const noisy: Denoiser<null, [1]> = { predicts: 'epsilon', apply: (_, xt) => xt };
  const normal = { shape: [1] as const, weights: [1], means: [[0]], variances: [1] };
  const reverse = (denoiser: typeof still) => pMeanVariance(noising, denoiser)(null, x, { t });

  it.each<readonly [string, () => Tensor<[4, 1]> | Tensor<[4]>]>([
    ['q_sample', () => qSample(noising)(t, x)(x)],
    ['the mean of q(x_t|x_0)', () => qMeanVariance(noising)(t)(x).mean],
    ['the variance of q(x_t|x_0)', () => qMeanVariance(noising)(t)(x).variance],
    ['q(x_t|x_s)', () => qBetween(noising)(data, t)(x).variance],
    ['the posterior', () => qPosterior(noising)(t)(x, x).mean],
    ['its log-variance', () => qPosterior(noising)(t)(x, x).logVariance],
    ['a target', () => targetOf(noising, 'v')(t)(x, x)],
    ['a conversion', () => converted(noising, 'v', 'epsilon')(t, x)(x)],
    ['p_θ', () => reverse(noisy).mean],
    ['its log-variance', () => reverse(still).logVariance],
    ['a term of the bound', () => boundTerm(noising)(t, x, x)(reverse(still))],
    ['a guided x̂₀', () => steered(noising)({ ...still, guides: { score: (_, xt) => xt } }).apply(null, x, { t })],
    ['a consistency function', () => consistencyDenoiser(noising)(still).apply(null, x, { t })],
    ['a network of x_{t-1}', () => fromPrevious<null, [1]>(noising, still).apply(null, x, { t })],
    ['the exact denoiser', () => exactDenoiser(noising)(normal).apply(null, x, { t })],
  ])('give NaN: %s', async (_, build) => {
    const [inside, ...outside] = await numbersOf(build);
    expect(inside).not.toBeNaN();
    expect(outside).toEqual([NaN, NaN, NaN]);
  });

  it('reach the network as -1, for a respaced process', async () => {
    const short = right(respace(spaced(4))(noising));
    let asked: Tensor<[4], 'int32'> | undefined;
    const listening: typeof still = {
      ...still,
      apply: (_, xt, at) => {
        asked = at.t as unknown as typeof asked; // of the batch of four
        return xt;
      },
    };
    overNoising(short)(listening).apply(null, x, { t });
    expect(await numbersOf(() => asked!)).toEqual([9, -1, -1, -1]);
  });

  it('a sampler gives NaN for a step index out of range', async () => {
    const result = right(sampler({ noising, denoiser: noisy, grid: 4, solver: ancestral() }));
    const draw = (i: number) => numbersOf((key) => result.step(null, result.start(x), { index: scalar(i, 'int32'), key }).state.x); // oxfmt-ignore
    expect((await draw(3)).every(Number.isFinite)).toBe(true);
    for (const i of [4, -1]) expect(await draw(i)).toEqual([NaN, NaN, NaN, NaN]);
  });
});
