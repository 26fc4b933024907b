/** Trains the denoiser and the classifier, each in its own folder, from which an interrupted run resumes. */
import { join } from 'node:path';
import { type RandomKey } from 'noisefold/dsl';
import { stratifiedTimes } from 'noisefold/diffusion';
import { adam, chain, clipByGlobalNorm, cosineDecay, warmup } from 'noisefold/nn';
import { fitInFolder, type TrainEvent } from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';
import type { Networks, Recipe, Schedule } from './recipe.js';
import type { Clock, World } from './world.js';

/** The common part of both trainings. */
const trainingOf = (
  { digits, signal, progress, resume }: World,
  name: keyof Recipe['training'],
  { batch, steps, share, learningRate, warmupSteps: from, averageDecay }: Schedule,
  clock: Clock,
) => {
  const show = progress(name);
  const rate = F.pipe(learningRate, warmup(from), cosineDecay({ from, steps, floor: 0.05 }));
  const training = {
    ...{ batch, steps, averageDecay, signal },
    data: digits.train,
    times: stratifiedTimes,
    optimizer: chain(clipByGlobalNorm(1), adam({ learningRate: rate })),
    heldOut: { data: digits.test, every: 100, images: 128 },
    onEvent: (event: TrainEvent) => {
      show(event);
      return event._tag === 'Step' && clock.isPast(share) ? TE.right('stop' as const) : undefined;
    },
  };
  return { training, saving: { every: 100, keep: 1, resume: resume ? ('auto' as const) : false } };
};

/** Trains the class-conditional denoiser. */
export const trainDenoiser = (world: World, { denoiser: model, noising }: Networks, key: RandomKey, clock: Clock) => {
  const { training, saving } = trainingOf(world, 'denoiser', world.recipe.training.denoiser, clock);
  return world.nf.run(fitInFolder(join(world.out, 'denoiser'), { ...training, model, noising, key }, saving));
};

/** Trains the classifier on noised digits, with the same process. */
export const trainClassifier = (
  world: World,
  { classifier: model, noising }: Networks,
  key: RandomKey,
  clock: Clock,
) => {
  const { training, saving } = trainingOf(world, 'classifier', world.recipe.training.classifier, clock);
  return world.nf.run(fitInFolder(join(world.out, 'classifier'), { ...training, model, noising, key }, saving));
};
