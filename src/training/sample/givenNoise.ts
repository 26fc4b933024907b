/** Noise that a caller gives in place of drawn noise. */
import type { InpaintingNoise, NoiseName } from '../../diffusion/index.js';
import { stagesOf } from '../../diffusion/solvers/plan.js';
import type { NoisefoldError } from '../../dsl/index.js';
import { functionOf, show } from '../../internal/decode.js';
import { attempt, raise } from '../../internal/errors.js';
import type { either } from '../../internal/fp.js';
import { isObject } from '../../internal/parts.js';
import { optional, record } from '../../internal/schema.js';
import { sizeOf } from '../../internal/numbers.js';
import type { ImageShape, ImageSize } from '../data/dataset.js';
import type { Images } from '../data/images.js';
import { batchOf, checkNoise } from './givenImages.js';
import type { Steps } from './sampleLoop.js';

/**
 * ε ~ N(0, I) for all samples, or one for all, at the index of an evaluation, from 0 at the noise. Only called for the
 * evaluations whose stage uses it.
 */
export type NoiseAt = (evaluation: number) => Images;

/**
 * Noise in place of drawn noise: `noise`, which a stage of the solver adds, `churn`, which it adds before it evaluates, and in
 * inpainting `known`, on the known part, and `again`, which leads back up. What is left out is drawn from the key. x_T is
 * `from: { noise }`.
 */
export interface GivenNoises {
  readonly noise?: NoiseAt;
  readonly churn?: NoiseAt;
  readonly known?: NoiseAt;
  readonly again?: NoiseAt;
}

const noiseAt = optional(functionOf<NoiseAt>('a function of the index of an evaluation'));

export const noisesRecord = record({
  noise: noiseAt,
  churn: noiseAt,
  known: noiseAt,
  again: noiseAt,
} satisfies Record<keyof GivenNoises, unknown>);

type Name = NoiseName | InpaintingNoise;

/** Tests if an evaluation draws a noise. */
const draws = <P, I extends ImageShape>({ sampler, inpainter }: Steps<P, I>, name: Name, index: number): boolean => {
  if (name === 'known' || name === 'again') return inpainter !== null;
  const { noise = 0, raise: churn } = stagesOf(sampler.plan)[inpainter?.evaluations[index] ?? index]!;
  return name === 'noise' ? noise !== 0 : churn !== undefined && churn.sigma !== 0;
};

/** The names of given noises, in a fixed order. */
export const namesOf = (noises: GivenNoises | undefined): readonly Name[] =>
  (['noise', 'churn', 'known', 'again'] as const).filter((name) => noises?.[name] !== undefined);

/** Raises `ConfigError` for a noise that no evaluation draws. */
export const checkNoises = <P, I extends ImageShape>(where: string, noises: GivenNoises, steps: Steps<P, I>): void => {
  const evaluations = Array.from({ length: (steps.inpainter ?? steps.sampler).steps }, (_, i) => i);
  for (const name of namesOf(noises))
    if (!evaluations.some((i) => draws(steps, name, i)))
      raise('ConfigError', {
        where: `${where}: noise.${name}`,
        expected: 'a noise that the solver or inpainting draws',
        actual: `${name}, which it does not draw`,
        hint: 'leave it out; x_T is from: { noise }',
      });
};

/** The given noises of a batch, from its sample number `first` on, at an evaluation. */
export const noisesAt = <P, I extends ImageShape>(
  where: string,
  noises: GivenNoises,
  steps: Steps<P, I>,
  image: ImageSize,
  { all, batch, first }: { readonly all: number; readonly batch: number; readonly first: number },
) => {
  const size: readonly number[] = [batch, ...image];
  return (index: number): either.Either<NoisefoldError, { readonly [K in Name]?: Float32Array }> =>
    attempt(() =>
      Object.fromEntries(
        namesOf(noises).map((name) => {
          if (!draws(steps, name, index)) return [name, new Float32Array(sizeOf(size))];
          const place = `${where}: noise.${name}(${index})`;
          const made: unknown = noises[name]!(index);
          if (!isImages(made))
            return raise('ConfigError', {
              where: place,
              expected: '{ data, shape }',
              actual: show(made),
              hint: 'return the noise of all samples, or one for all',
            });
          checkNoise(place, made, all, image);
          return [name, batchOf(made, first, batch)];
        }),
      ),
    );
};

const isImages = (x: unknown): x is Images => isObject(x) && 'data' in x && 'shape' in x && Array.isArray(x.shape);
