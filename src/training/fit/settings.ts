/** The settings of a training as JSON, for snapshots. A run that resumes compares them, in addition to its `config`. */
import { crc32, textCheck } from '../../formats/bytes/crc32.js';
import { type Block, type Fallible, gen, take } from '../../internal/gen.js';
import { argument } from '../../internal/schema.js';
import { optimizerSettings } from '../../nn/optimizers/optimizer.js';
import { json } from '../../internal/json/json.js';
import type { Dataset, ImageShape } from '../../data/dataset.js';
import { settingsOf } from '../../data/identity.js';
import { learningOf } from './trainingLosses.js';
import { averagesOf, defaults } from './recipe.js';
import type { AnyTraining } from './training.js';

/** The number of images in the checksum, spread over a data set. */
const IMAGES = 16;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A checksum of some images and their conditions, for data in memory; null for other data. */
function* fingerprint({ size, batch, inMemory = false }: Dataset): Block<number | null> {
  if (!inMemory) return null;
  const count = Math.min(size, IMAGES);
  const positions = Int32Array.from({ length: count }, (_, i) => Math.floor((i * size) / count));
  const { images, labels, conditions } = yield* take(batch(positions));
  const sum = crc32(labels ? bytesOf(labels) : new Uint8Array(0), crc32(bytesOf(images)));
  return conditions === undefined ? sum : crc32(new TextEncoder().encode(JSON.stringify(conditions)), sum);
}

const storable = argument(
  'training: settings',
  json,
  'give optimizers, averages, losses, augmentations and others settings that are JSON',
);

/** The functions of a training that make conditions, by the path of their field. */
const conditionersIn = <P, I extends ImageShape>({ conditions = {} }: AnyTraining<P, I>) =>
  Object.fromEntries(Object.entries(conditions).map(([name, make]) => [`conditions.${name}`, make]));

/** The settings of the functions of a training, for functions that state settings. */
const statedSettings = <P, I extends ImageShape>(training: AnyTraining<P, I>): Readonly<Record<string, unknown>> => {
  const { times, coupling } = training;
  const functions = { loss: learningOf(training).objective, times, ...conditionersIn(training), coupling };
  return Object.fromEntries(
    Object.entries(functions)
      .map(([field, f]) => [field, f && settingsOf(f)] as const)
      .filter(([, settings]) => settings !== undefined),
  );
};

/**
 * The settings of the optimizer, the averages, the loss, the other functions, the accumulation and the data of a training.
 * The settings of the data include the augmentations, and a checksum of some images if the data are in memory. Returns a
 * `ConfigError` for settings that are not JSON.
 */
export const trainingSettings = <P, I extends ImageShape>(training: AnyTraining<P, I>): Fallible<unknown> =>
  gen(function* () {
    const { model, optimizer, data, accumulate = defaults.accumulate } = training;
    const { groupOf } = optimizer;
    const settings = {
      optimizer: optimizerSettings(optimizer),
      // the shapes of parameters are numbers
      ...(groupOf && {
        groups: textCheck(model.params.leaves.map(({ path, shape }) => groupOf(path, shape as readonly number[]))),
      }),
      averages: averagesOf(training).map((average) => (typeof average === 'number' ? average : average.settings)),
      accumulate,
      ...statedSettings(training),
      data: {
        size: data.size,
        image: data.image,
        images: yield* fingerprint(data),
        ...(data.augmentations && { augmentations: data.augmentations }),
      },
    };
    return yield* take(storable.decode(settings));
  });
