/**
 * The judge: a classifier that recognizes all attributes of a face. `npm run faces:judge` trained it on real faces, with all
 * combinations of values.
 */
import { fileURLToPath } from 'node:url';
import { mul, type NoisefoldError, sumPerSample, zerosLike } from 'noisefold/dsl';
import { rectifiedFlow, type TimeDraw } from 'noisefold/diffusion';
import type { Features, FeatureNetwork } from 'noisefold/evaluation';
import { type ClassifierParams, type EncoderClassifier, encoderClassifier } from 'noisefold/nn';
import { loadClassifier, type TrainedClassifier } from 'noisefold/training';
import { either as E, function as F, readerTaskEither as RTE } from 'fp-ts';
import { type Attribute, attributes, IMAGE, namesOf } from './attributes.js';

/** The network. The maps of all levels go to a hidden layer, because attributes have their places in a face. */
export const judgeNetwork: E.Either<NoisefoldError, EncoderClassifier<[16, 16, 3]>> = encoderClassifier({
  image: IMAGE,
  base: 8,
  multipliers: [1, 2, 2],
  blocks: 1,
  groups: 4,
  middle: 'residual',
  pool: 'spatial',
  hidden: 48,
  classes: attributes,
});

/** A process without noise at its start, where the judge sees faces. */
export const clean = rectifiedFlow();

/** t = 0 for each face. */
export const atStart: TimeDraw = () => (faces) => () => zerosLike(sumPerSample(faces));

const FILE = fileURLToPath(new URL('judge.safetensors', import.meta.url));

/** The root mean square of the logits of real faces: features have the unit 1. */
const UNIT = 20;

/** A feature network of a trained judge; the features are its logits. */
export const featuresBy = ({
  model,
  params,
}: TrainedClassifier<ClassifierParams, [16, 16, 3]>): FeatureNetwork<ClassifierParams, [16, 16, 3]> => ({
  model: {
    image: IMAGE,
    params: model.params,
    apply: (p) => (faces) => ({ features: mul(model.apply(p, faces, zerosLike(sumPerSample(faces))), 1 / UNIT) }),
  },
  params,
});

/** The trained judge. */
export const judge = F.pipe(loadClassifier<ClassifierParams, [16, 16, 3]>(FILE), RTE.map(featuresBy));

/** The number of a value of each attribute, for each of some faces. */
export type Labels = Readonly<Record<Attribute, ArrayLike<number>>>;

const indexOfGreatest = (numbers: ArrayLike<number>): number =>
  Array.from(numbers).reduce((best, x, i, all) => (x > all[best]! ? i : best), 0);

/** The values that the judge sees in each face, from its features: the logits of all attributes, one after the other. */
export const seenIn = ({ data, shape: [count, length] }: Features): Labels => {
  let from = 0;
  const columns = namesOf(attributes).map((name) => {
    const [first, to] = [from, (from += attributes[name].length)];
    return [
      name,
      Array.from({ length: count }, (_, i) => indexOfGreatest(data.slice(i * length + first, i * length + to))),
    ] as const;
  });
  return Object.fromEntries(columns) as unknown as Labels; // of each attribute
};
