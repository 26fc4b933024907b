/** Noise that a caller gives in place of drawn noise. */
import type { InpaintingNoise, NoiseName } from '../../diffusion/index.js';
import { type Stage, stagesOf } from '../../diffusion/solvers/plan.js';
import type { NoisefoldError } from '../../dsl/index.js';
import { functionOf, show } from '../../internal/decode.js';
import { attempt, raise } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { isObject } from '../../internal/parts.js';
import { optional, record } from '../../internal/schema.js';
import { sizeOf } from '../../internal/numbers.js';
import type { ImageShape, ImageSize } from '../data/dataset.js';
import type { Images } from '../data/images.js';
import { batchOf, checkNoise } from './givenImages.js';
import type { Steps } from './sampleLoop.js';

/**
 * ε ~ N(0, I) for all samples, or one for all, at the index of an evaluation, from 0 at the noise. Called for each batch, and
 * only for the evaluations whose stage uses it.
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

/** The names of the noises that each evaluation draws. */
const drawnIn = <P, I extends ImageShape>({ sampler, inpainter }: Steps<P, I>): readonly (readonly Name[])[] => {
  const stages = stagesOf(sampler.plan);
  const ofStage = ({ noise = 0, raise }: Stage): readonly Name[] => [
    ...(noise === 0 ? [] : (['noise'] as const)),
    ...(raise === undefined || raise.sigma === 0 ? [] : (['churn'] as const)),
  ];
  return inpainter
    ? inpainter.evaluations.map((evaluation) => [...ofStage(stages[evaluation]!), 'known', 'again'])
    : stages.map(ofStage);
};

/** The names of given noises, in a fixed order. */
export const namesOf = (noises: GivenNoises | undefined): readonly Name[] =>
  (['noise', 'churn', 'known', 'again'] as const).filter((name) => noises?.[name] !== undefined);

/** Raises `ConfigError` for a noise that no evaluation draws. */
export const checkNoises = <P, I extends ImageShape>(where: string, noises: GivenNoises, steps: Steps<P, I>): void => {
  const drawn = new Set(drawnIn(steps).flat());
  for (const name of namesOf(noises))
    if (!drawn.has(name))
      raise('ConfigError', {
        where: `${where}: noise.${name}`,
        expected: 'a noise that the solver or inpainting draws',
        actual: `${name}, which it does not draw`,
        hint: 'leave it out; x_T is from: { noise }',
      });
};

/** The given noises of an evaluation, as an input of a step; none if the caller gives none. */
export interface StepNoises {
  readonly noise?: { readonly [K in Name]?: Float32Array };
}

/** The given noises of a batch, from its sample number `first` on, at an evaluation. */
export const noisesAt = <P, I extends ImageShape>(
  where: string,
  noises: GivenNoises | undefined,
  steps: Steps<P, I>,
  image: ImageSize,
  { all, batch, first }: { readonly all: number; readonly batch: number; readonly first: number },
): ((index: number) => either.Either<NoisefoldError, StepNoises>) => {
  if (noises === undefined) return () => E.right({});
  const size: readonly number[] = [batch, ...image];
  const drawn = drawnIn(steps);
  const at = (name: Name, index: number): Float32Array => {
    if (!drawn[index]!.includes(name)) return new Float32Array(sizeOf(size));
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
    return batchOf(made, first, batch);
  };
  return (index) =>
    attempt(() => ({ noise: Object.fromEntries(namesOf(noises).map((name) => [name, at(name, index)])) }));
};

const isImages = (x: unknown): x is Images => isObject(x) && 'data' in x && 'shape' in x && Array.isArray(x.shape);
