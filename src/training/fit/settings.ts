/** The settings of a training, as JSON, for snapshots: what is compared when a run resumes, whatever its `config` says. */
import type { NoisefoldError, Shape } from '../../dsl/index.js';
import { crc32 } from '../../formats/crc32.js';
import { optionsOf } from '../../internal/options.js';
import { F, TE, type taskEither } from '../../internal/fp.js';
import { optimizerSettings } from '../../nn/optimizers/optimizer.js';
import { json } from '../checked.js';
import type { Dataset, ImageShape } from '../data/dataset.js';
import { averagesOf, defaults, type Recipe } from './recipe.js';
import { textCheck } from './recipeConfig.js';
import type { Training } from './training.js';

/** So many images, spread over a data set, tell it from others. */
const IMAGES = 16;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A check of some images and their labels, of data that are in memory; null of others. */
const fingerprint = ({ size, batch, atHand = false }: Dataset): taskEither.TaskEither<NoisefoldError, number | null> =>
  atHand
    ? F.pipe(
        batch(
          Int32Array.from({ length: Math.min(size, IMAGES) }, (_, i) =>
            Math.floor((i * size) / Math.min(size, IMAGES)),
          ),
        ),
        TE.map(({ images, labels }) => crc32(bytesOf(labels), crc32(bytesOf(images)))),
      )
    : TE.right(null);

/** The groups of the parameters, where the optimizer has some. */
const grouping = <P, I extends Shape>({ model, optimizer: { groupOf } }: Recipe<P, I>) =>
  groupOf === undefined
    ? {}
    : // the shapes of parameters are numbers
      { groups: textCheck(model.params.leaves.map(({ path, shape }) => groupOf(path, shape as readonly number[]))) };

const isJson = optionsOf({
  where: 'training: settings',
  options: json,
  hint: 'give optimizers and averages settings that are JSON',
});

/**
 * The settings of a training: of its optimizer, its averages, its accumulation and its data, of which a check of some images is
 * part if they are in memory. `ConfigError` for settings of one's own that are no JSON.
 */
export const trainingSettings = <P, I extends ImageShape>(
  training: Training<P, I>,
): taskEither.TaskEither<NoisefoldError, unknown> => {
  const { optimizer, data, accumulate = defaults.accumulate } = training;
  return F.pipe(
    fingerprint(data),
    TE.map((images) => ({
      optimizer: optimizerSettings(optimizer),
      ...grouping(training),
      averages: averagesOf(training).map((average) => (typeof average === 'number' ? average : average.settings)),
      accumulate,
      data: { size: data.size, image: data.image, images },
    })),
    TE.flatMapEither(isJson),
  );
};
