/** Noise that a caller gives in place of drawn noise. */
import {
  brownianNoise,
  type Channel,
  type Inpainter,
  type InpaintingNoise,
  type NoiseName,
  type Sampler,
} from '../../diffusion/index.js';
import { type SolverPlan, type Stage, stagesOf } from '../../diffusion/solvers/plan.js';
import type { NoisefoldError, RandomKey } from '../../dsl/index.js';
import { functionOf, show } from '../../internal/decode.js';
import { attempt, orRaise, raise } from '../../internal/errors.js';
import { caughtAny } from '../../internal/exception.js';
import { E, type either } from '../../internal/fp.js';
import { isObject } from '../../internal/parts.js';
import { optional, record } from '../../internal/schema.js';
import { sizeOf } from '../../internal/numbers.js';
import type { ImageShape, ImageSize } from '../../data/dataset.js';
import type { Images } from '../../data/images.js';
import { batchOf, checkNoise } from './givenImages.js';

/** A sampler, possibly with inpainting of known images. */
export interface Steps<P, I extends ImageShape> {
  readonly sampler: Sampler<P, I>;
  readonly inpainter: Inpainter<P, I> | null;
}

/** The place of an evaluation in the plan of the solver. */
export interface NoisePlace {
  /** The index of the step, from 0 at the noise. */
  readonly step: number;
  /** The index of the evaluation within the step. */
  readonly stage: number;
}

/**
 * Returns ε ~ N(0, I) for each sample, or a single ε for all, at an evaluation: its index, from 0 at the noise, and its
 * step. Called for each batch, and only for evaluations whose stage uses the noise.
 */
export type NoiseAt = (evaluation: number, place: NoisePlace) => Images;

/**
 * Noise in place of drawn noise: `noise`, which a stage of the solver adds; `churn`, which a stage adds before it evaluates;
 * for inpainting `known`, which is added to the known part, and `again`, which leads back to a higher noise level. Fields
 * that are left out are drawn from the key. For x_T use `from: { noise }`.
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

/** The place of each evaluation. */
const placesOf = <P, I extends ImageShape>({ sampler, inpainter }: Steps<P, I>): readonly NoisePlace[] => {
  const places = sampler.plan.flatMap(({ stages }, step) => stages.map((_, stage) => ({ step, stage })));
  return inpainter ? inpainter.evaluations.map((evaluation) => places[evaluation]!) : places;
};

/** The names of the noises that each evaluation draws. */
const drawnIn = <P, I extends ImageShape>({ sampler, inpainter }: Steps<P, I>): readonly (readonly Name[])[] => {
  const stages = stagesOf(sampler.plan);
  const ofStage = ({ noise = 0, churn }: Stage): readonly Name[] => [
    ...(noise === 0 ? [] : (['noise'] as const)),
    ...(churn === undefined || churn.sigma === 0 ? [] : (['churn'] as const)),
  ];
  return inpainter
    ? inpainter.evaluations.map((evaluation) => [...ofStage(stages[evaluation]!), 'known', 'again'])
    : stages.map(ofStage);
};

/** The noises of a sampling that the host provides. */
export interface HostNoises {
  readonly noise?: GivenNoises;
  readonly brownian?: boolean;
}

/** Their names, in a fixed order. */
export const namesOf = ({ noise, brownian = false }: HostNoises): readonly Name[] =>
  (['noise', 'churn', 'known', 'again'] as const).filter(
    (name) => noise?.[name] !== undefined || (brownian && name === 'noise'),
  );

/** Raises `ConfigError` for a noise that no evaluation uses, and for noise of the caller beside a Brownian path. */
export const checkNoises = <P, I extends ImageShape>(where: string, noises: HostNoises, steps: Steps<P, I>): void => {
  const draws = new Set(drawnIn(steps).flat());
  const refuse = (field: string, expected: string, actual: string, hint: string): never =>
    raise('ConfigError', { where: `${where}: ${field}`, expected, actual, hint });
  if (noises.brownian === true) {
    if (!draws.has('noise')) refuse('brownian', 'a solver that adds noise', 'one that does not', 'leave it out');
    if (noises.noise?.noise) refuse('brownian', 'no noise.noise beside it', 'both', 'leave out one of them');
    if (steps.inpainter) refuse('brownian', 'no known part, which walks steps again', 'both', 'leave out one of them');
  }
  for (const name of namesOf(noises))
    if (!draws.has(name))
      refuse(
        `noise.${name}`,
        'a noise that the solver or inpainting draws',
        `${name}, which it does not draw`,
        'leave it out; x_T is from: { noise }',
      );
};

/** The noises of the host for an evaluation, as inputs of a step; empty if the caller gives none. */
export interface StepNoises {
  readonly noise?: { readonly [K in Name]?: Float32Array };
}

/** The levels between which each evaluation adds noise. */
const spansOf = (plan: SolverPlan): readonly (readonly [from: Channel, to: Channel])[] =>
  plan.flatMap(({ from, to, stages }) => stages.map((_, k) => [from, stages[k + 1]?.at ?? to] as const));

/** The samples of a batch: `batch` of `all`, from number `first` on. */
export type BatchPart = Readonly<Record<'all' | 'batch' | 'first', number>>;

/** The noises of a batch at an evaluation. `keys` are those of its Brownian paths. */
export const noisesAt = <P, I extends ImageShape>(
  where: string,
  { noise: noises = {}, brownian = false }: HostNoises,
  steps: Steps<P, I>,
  image: ImageSize,
  { all, batch, first }: BatchPart,
  keys: readonly RandomKey[],
): ((index: number) => either.Either<NoisefoldError, StepNoises>) => {
  const names = namesOf({ noise: noises, brownian });
  if (names.length === 0) return () => E.right({});
  const size = sizeOf(image);
  const draws = drawnIn(steps);
  const spans = spansOf(steps.sampler.plan);
  const places = placesOf(steps);
  const at = (name: Name, index: number): Float32Array => {
    const numbers = new Float32Array(batch * size);
    if (!draws[index]!.includes(name)) return numbers;
    if (brownian && name === 'noise') {
      keys.forEach((key, i) => numbers.set(brownianNoise(key)(...spans[index]!, size), i * size));
      return numbers;
    }
    const place = `${where}: noise.${name}(${index})`;
    const result: unknown = madeBy(place, () => noises[name]!(index, places[index]!));
    if (!isImages(result))
      return raise('ConfigError', {
        where: place,
        expected: '{ data, shape }',
        actual: show(result),
        hint: 'return the noise of all samples, or one for all',
      });
    checkNoise(place, result, all, image);
    return batchOf(result, first, batch);
  };
  return (index) => attempt(() => ({ noise: Object.fromEntries(names.map((name) => [name, at(name, index)])) }));
};

/** The result of a function of the caller. Raises its exception as a `ConfigError`. */
const madeBy = (place: string, noise: () => unknown): unknown => {
  try {
    return noise();
  } catch (thrown) {
    return orRaise(caughtAny(place, 'noise', thrown));
  }
};

const isImages = (x: unknown): x is Images => isObject(x) && 'data' in x && 'shape' in x && Array.isArray(x.shape);
