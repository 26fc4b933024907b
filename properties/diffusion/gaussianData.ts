/** Gaussian data N(0, τ²), whose exact denoiser is a factor, and samplers that use it. */
import { reference } from '../../src/backends/reference/index.js';
import { type Channel, type Denoiser, type Noising, pathOf, type Sampler } from '../../src/diffusion/index.js';
import { add, compile, div, foldIn, key, mul, program, read, scaleBy, square, upload } from '../../src/dsl/index.js';
import { right } from './run.js';

/** The deviation τ of the data. */
export const TAU = 0.5;

/** The factor of x_t in the exact x̂₀ for data N(0, τ²). */
export const best = ({ alpha, sigma }: Channel): number => (alpha * TAU ** 2) / ((alpha * TAU) ** 2 + sigma ** 2);

/** The denoiser for data N(0, τ²), each sample one number. */
export const gaussianData = (noising: Noising): Denoiser<null, []> => ({
  predicts: 'x0',
  clock: 'level',
  apply: (_, x, { t, level = pathOf(noising).levels(t) }) => {
    const { alpha, sigma } = level;
    return scaleBy(x, div(mul(alpha, TAU ** 2), add(square(mul(alpha, TAU)), square(sigma))));
  },
});

/** Runs the sampler with one compiled step and a resident, donated state, as training does. */
export const samplesOf = async (
  { steps, memory, start, step }: Sampler<null, []>,
  noises: readonly number[],
  seed = 1,
): Promise<readonly number[]> => {
  const backend = right(await reference()());
  const B = noises.length;
  const remembered: readonly 'B'[] = Array.from({ length: memory }, () => 'B');
  const begin = right(
    await compile(
      program({ noise: 'B' }, ({ noise }) => start(noise)),
      { B },
    )(backend)(),
  );
  const advance = right(
    await compile(
      program({ state: { x: 'B', memory: remembered }, index: ':int32', key: 'key' }, (inputs) => ({
        state: step(null, inputs.state, inputs).state,
      })),
      { B },
      { donate: ['state'] },
    )(backend)(),
  );
  const noise = right(await upload(Float64Array.from(noises), [B])(backend)());
  let state = right(await begin.run({ noise })());
  for (let index = 0; index < steps; index++)
    state = right(await advance.run({ state, index, key: foldIn(key(seed), index) })()).state;
  const samples = Array.from(right(await read(state.x)(backend)()));
  right(await backend.close());
  return samples;
};
