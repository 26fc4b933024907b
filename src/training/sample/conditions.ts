/** The images that samples are conditioned on, checked. */
import { checkedImages, type ConditionedOn, type Process } from '../../diffusion/index.js';
import { fail, type NoisefoldError, showShape } from '../../dsl/index.js';
import { E, type either } from '../../internal/fp.js';
import type { Images } from '../data/images.js';

/** The images that samples are conditioned on. */
export interface GivenCondition {
  /** One image for each sample, in [-1, 1], of any size: images of a data set, or samples of another model. */
  readonly images: Images;
  /** The timestep of the noise that is added to them, for a model that takes the noise level (`condition.noiseLevel`). */
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
    return [`an image for each of ${count} samples`, `${shape[0]}`, 'give as many labels as images, or leave out the count'];
  if (!noiseLevel && t !== undefined)
    return ['no t: the model does not take the noise level', `${t}`, 'leave it out, or train a model with `noiseLevel: true`'];
  if (noiseLevel && !(Number.isInteger(t) && t! >= 0 && t! < T))
    return [`t from 0 to ${T - 1}: the model takes the noise level`, `${t ?? 'nothing'}`, 'give the timestep of the noise to add to the images; 0 adds next to nothing'];
  return null;
}; // prettier-ignore

/**
 * Checks that a condition is given exactly if the model takes one, and that it fits. Otherwise a `ConfigError`, or `NonFinite` for
 * images with numbers that are not finite.
 *
 * @param count - the number of samples
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
      : refused(['images: the model is conditioned on images', 'nothing', 'give condition: { images }']);
  if (wanted === undefined)
    return refused(['no condition: the model takes none', 'a condition', 'leave it out, or train a model with `condition`']); // prettier-ignore
  const mistake = mistakeIn(wanted, process, given, count);
  if (mistake !== null) return refused(mistake);
  return E.map(() => given)(checkedImages(given.images.data, `${where}: condition.images`));
};
