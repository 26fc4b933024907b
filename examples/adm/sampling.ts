/** Draws the same digits at every scale of guidance, round by round, while there is time. */
import { foldIn, type Dim, type RandomKey } from 'noisefold/dsl';
import { classifierGuided, ddim } from 'noisefold/diffusion';
import type { ClassifierParams, UNetParams } from 'noisefold/nn';
import {
  type Images,
  type PreparedSampling,
  prepareSampling,
  type Trained,
  type TrainedClassifier,
} from 'noisefold/training';
import type { Clock, World } from './world.js';

export type Denoiser = Trained<UNetParams, [Dim, Dim, Dim]>;
export type Judge = TrainedClassifier<ClassifierParams, [Dim, Dim, Dim]>;

/** The digits of one scale, and the class that each was drawn for. */
export interface Row {
  readonly scale: number;
  readonly images: Images;
  readonly labels: readonly number[];
}

/** The share of the total time at which the last round should end. */
const END = 0.96;

/** Joins the images of several batches. */
const join = (batches: readonly Images[]): Images => {
  const [, ...image] = batches[0]!.shape; // there is at least one round
  const numbers = batches.flatMap(({ data }) => Array.from(data));
  return { data: Float32Array.from(numbers), shape: [numbers.length / image.reduce((a, b) => a * b), ...image] };
};

/** The sampling at each scale: DDIM, guided on the score (Dhariwal & Nichol 2021, Algorithm 2); at scale 0 unguided. */
const prepared = async (
  { nf, recipe: { scales, grid, batch } }: World,
  denoiser: Denoiser,
  judge: Judge,
): Promise<readonly PreparedSampling[]> => {
  const way = { solver: ddim(), grid, batch };
  const samplings: PreparedSampling[] = [];
  for (const scale of scales) {
    const guided = { guidance: classifierGuided(judge.model, scale), guide: judge };
    samplings.push(await nf.run(prepareSampling(denoiser, scale === 0 ? way : { ...way, ...guided })));
  }
  return samplings;
};

/**
 * Digits of all classes at each scale of the recipe. A round draws a batch at each scale from the same noise, so that
 * the scales differ only in guidance. The first round is always drawn.
 */
export const draw = async (
  world: World,
  denoiser: Denoiser,
  judge: Judge,
  key: RandomKey,
  clock: Clock,
): Promise<readonly Row[]> => {
  const { nf, signal } = world;
  const { scales, batch, rounds, classifier } = world.recipe;
  const labels = Array.from({ length: batch }, (_, i) => i % classifier.classes);
  const samplings = await prepared(world, denoiser, judge);
  const show = world.progress('sampling');
  const batches: Images[][] = scales.map(() => []);
  let longest = 0; // minutes of a round
  let done = 0;
  while (done < rounds && !(done > 0 && clock.isPast(END, longest))) {
    const began = clock.minutes();
    for (const [i, sampling] of samplings.entries()) {
      batches[i]!.push(await nf.run(sampling.sample({ labels, key: foldIn(key, done), signal })));
      show(done * scales.length + i + 1, rounds * scales.length);
    }
    done++;
    longest = Math.max(longest, clock.minutes() - began);
  }
  for (const sampling of samplings) await nf.run(sampling.release);
  return scales.map((scale, i) => ({
    scale,
    images: join(batches[i]!),
    labels: Array.from({ length: done * batch }, (_, n) => labels[n % batch]!),
  }));
};
