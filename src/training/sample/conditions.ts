/** The images that samples are conditioned on, checked. */
import { checkedImages, type ConditionedOn, type Process } from '../../diffusion/index.js';
import { fail, type NoisefoldError, showShape } from '../../dsl/index.js';
import { E, type either } from '../../internal/fp.js';
import type { Images } from '../data/images.js';

/** The images that samples are conditioned on. */
export interface GivenCondition {
  /** One image for each sample, in [-1, 1], of any size: of a data set, or samples of another model. */
  readonly images: Images;
  /** The timestep, of the process, of the noise that is put on them, for a model that is told of it (`condition.noiseLevel`). */
  readonly t?: number;
}

interface Conditioned {
  readonly model: { readonly condition?: ConditionedOn };
  readonly process: Process;
}

type Mistake = readonly [expected: string, actual: string, hint: string];

const mistakeIn = (
  { channels, noiseLevel = false }: ConditionedOn,
  { schedule: { T } }: Process,
  { images: { data, shape }, t }: GivenCondition,
  count: number,
): Mistake | null => {
  if (shape[3] !== channels || data.length !== shape.reduce((size, extent) => size * extent, 1))
    return [`all numbers of images [count, height, width, ${channels}]`, `${data.length} of ${showShape(shape)}`, 'give images of the channels that the model was trained with'];
  if (count !== shape[0])
    return [`an image for each of ${count} samples`, `${shape[0]}`, 'give as many labels as images, or leave the count to these'];
  if (!noiseLevel && t !== undefined)
    return ['no t: the model is not told how noisy images are', `${t}`, 'leave it out, or train a model with `noiseLevel: true`'];
  if (noiseLevel && !(Number.isInteger(t) && t! >= 0 && t! < T))
    return [`t of 0 to ${T - 1}: the model is told how noisy images are`, `${t ?? 'none'}`, 'give the timestep of the noise to be put on them, 0 for next to none'];
  return null;
}; // prettier-ignore

/**
 * A condition that a model takes, or none where it takes none. Otherwise a `ConfigError`, or `NonFinite` for images
 * that have such numbers.
 *
 * @param count - how many samples there are
 */
export const checkedCondition = (
  where: string,
  { model: { condition: wanted }, process }: Conditioned,
  given: GivenCondition | undefined,
  count: number,
): either.Either<NoisefoldError, GivenCondition | undefined> => {
  const refused = ([expected, actual, hint]: Mistake) =>
    fail('ConfigError', { where: `${where}: condition`, expected, actual, hint });
  if (given === undefined)
    return wanted === undefined
      ? E.right(given)
      : refused(['images, on which the model is conditioned', 'none', 'give condition: { images }']);
  if (wanted === undefined)
    return refused(['none: the model is conditioned on no image', 'some', 'leave it out, or train a model with `condition`']); // prettier-ignore
  const mistake = mistakeIn(wanted, process, given, count);
  if (mistake !== null) return refused(mistake);
  return E.map(() => given)(checkedImages(given.images.data, `${where}: condition.images`));
};
