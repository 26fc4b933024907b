/** Draws samples of two numbers by an adaptive sampler, in float64 on the reference. */
import { right } from './run.js';
import { reference } from '../../src/backends/reference/index.js';
import { add, compile, div, fullLike, leafSpec, program, read, scaleBy, square, tanh, treeSpec, type TreeSpec, upload } from '../../src/dsl/index.js'; // oxfmt-ignore
import {
  type AdaptiveOptions,
  adaptiveSampler,
  type AdaptiveState,
  type Denoiser,
  type Noising,
  uncorrected,
} from '../../src/diffusion/index.js';

/** x̂₀ = tanh(x̄/(1 + σ²)) of x̄ = x/α: the flow has no closed form. */
export const squashedOf = (x: number, sigma: number): number => Math.tanh(x / (1 + sigma ** 2));
export const squashed: Denoiser<null, [2]> = {
  predicts: 'x0',
  clock: 'level',
  apply: (_, x, { level }) => {
    const { alpha, sigma } = level!;
    return tanh(scaleBy(x, div(alpha, add(square(alpha), square(sigma))))); // x̄/(1 + σ²) = x·α/(α² + σ²)
  },
};

/** Each draw of the noise of a step. */
export const EPSILON = 0.6;

/** Samples of two numbers each, from their standard normal noise. */
export const draw = async (
  noising: Noising,
  denoiser: Denoiser<null, [2]>,
  noise: readonly number[],
  options: AdaptiveOptions & { readonly toData?: boolean },
) => {
  const parts = { noising, denoiser, correction: uncorrected, ...options };
  const { start, step, end } = right(adaptiveSampler<null, [2]>(parts));
  const backend = right(await reference()());
  const B = noise.length / 2;
  const [x, each] = [leafSpec(['B', 2]), leafSpec(['B'])];
  const spec: TreeSpec<AdaptiveState<'B', [2]>> = treeSpec({
    ...{ x, low: x, lambda: each, h: each, inverses: [each, each], evaluations: each, isLeft: each },
  });
  const begin = right(
    await compile(
      program({ noise: 'B 2' }, ({ noise: numbers }) => ({ state: start(numbers) })),
      { B },
    )(backend)(),
  );
  const attempt = right(
    await compile(
      program(treeSpec<{ state: AdaptiveState<'B', [2]> }>({ state: spec }), ({ state }) => {
        const next = step(null, state, { noise: { noise: fullLike(state.x, EPSILON) } });
        return { ...next, x: end(next.state).x };
      }),
      { B },
    )(backend)(),
  );
  const numbers = async (value: Parameters<typeof read>[0]) => Array.from(right(await read(value)(backend)()));
  let { state } = right(await begin.run({ noise: right(await upload(Float64Array.from(noise), [B, 2])(backend)()) })());
  let samples: readonly number[] = [];
  let attempts = 0;
  while ((await numbers(state.isLeft)).includes(1)) {
    const next = right(await attempt.run({ state })());
    samples = await numbers(next.x);
    state = next.state;
    attempts++;
  }
  const evaluations = await numbers(state.evaluations);
  right(await backend.close());
  return { samples, evaluations, attempts };
};
