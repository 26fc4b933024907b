/** The values of a job as bytes, which are sent along with it: images, and conditions of images or of samples. */
import type { HostCondition, HostConditions, HostNumbers, HostTokenArray } from '../../conditions/hostValues.js';
import { type Batch, type Names, namesPart } from '../../data/dataset.js';
import { isNumbers } from '../../data/hostRows.js';
import type { Images } from '../../data/images.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../../formats/safetensors/safetensors.js';
import { wordsOf } from '../../formats/safetensors/words.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, F, t, type either } from '../../internal/fp.js';
import { isObject } from '../../internal/parts.js';
import { optional } from '../../internal/schema.js';

/** The values of the images or of the samples of a job. */
export interface InputValues {
  readonly labels?: Int32Array;
  readonly conditions?: HostConditions;
  /** The names of the classes in the data, by the name of the condition. */
  readonly names?: Names;
}

/** The images of a job, with their values. */
export interface InputImages extends InputValues {
  readonly images: Images;
}

const words = wordsOf({
  format: 'noisefold-input-1', // raise the number when the meaning of a field changes
  fields: { conditions: optional(t.record(t.string, t.unknown)), names: optional(namesPart) },
  texts: {},
  hints: { write: 'give many numbers as { data, shape }, or fewer items to a job', read: 'send the job again' },
});

/** Values to write. */
type Given = { readonly [K in keyof InputValues]: InputValues[K] | undefined };

type Tensors = readonly (readonly [name: string, tensor: StoredTensor])[];

/** The tensors of a condition. A list has none: it is stored as JSON. */
const tensorsOf = ([name, values]: readonly [string, HostCondition]): Tensors => {
  if (!isNumbers(values)) return [];
  const { data, shape, mask }: HostTokenArray = values;
  return [
    [
      `conditions.${name}`,
      data instanceof Uint8Array // which a model refuses
        ? { dtype: 'U8', shape, data }
        : { dtype: 'F32', shape, data: Float32Array.from(data) },
    ],
    ...(mask
      ? [[`masks.${name}`, { dtype: 'U8', shape: [mask.length], data: Uint8Array.from(mask, Number) }] as const]
      : []),
  ];
};

/** A value of a list as JSON can hold it. */
const plain = (value: unknown): unknown => {
  if (isNumbers(value)) return { ...value, data: Array.from(value.data) };
  return isObject(value) ? Array.from(value as ArrayLike<number>) : value;
};

/** The form of a condition in the metadata: its list, or what its tensors do not say. */
const formOf = (values: HostCondition): unknown => {
  if (!isNumbers(values)) return Array.from(values as ArrayLike<unknown>, plain);
  const { data: _, shape: __, mask: ___, ...form } = values as HostTokenArray;
  return form;
};

const encoded = (tensors: Tensors, { labels, conditions, names }: Given): either.Either<NoisefoldError, Uint8Array> => {
  const all: Tensors = [
    ...tensors,
    ...(labels ? [['labels', { dtype: 'I32', shape: [labels.length], data: labels }] as const] : []),
    ...Object.entries(conditions ?? {}).flatMap(tensorsOf),
  ];
  const forms =
    conditions && Object.fromEntries(Object.entries(conditions).map(([name, values]) => [name, formOf(values)]));
  return F.pipe(
    words.write('input of the job', { conditions: forms, names }),
    E.flatMap((metadata) => encodeSafetensors({ tensors: new Map(all), metadata })),
  );
};

/** The bytes of a batch of images. */
export const inputOf = (
  { images, ...values }: Batch & Given,
  image: readonly [number, number, number],
): either.Either<NoisefoldError, Uint8Array> => {
  const count = images.length / (image[0] * image[1] * image[2]);
  return encoded([['images', { dtype: 'F32', shape: [count, ...image], data: images }]], values);
};

/** The bytes of the values of samples. */
export const valuesInput = (values: InputValues): either.Either<NoisefoldError, Uint8Array> => encoded([], values);

const opened = (bytes: Uint8Array) =>
  F.pipe(
    decodeSafetensors('input of the job')(bytes),
    E.flatMap(({ tensors, metadata }) =>
      E.map(
        ({
          conditions,
          names,
        }: {
          readonly conditions?: Readonly<Record<string, unknown>>;
          readonly names?: Names;
        }) => {
          const valuesOf = (name: string, form: unknown): unknown => {
            if (Array.isArray(form)) return form;
            const { data, shape } = tensors.get(`conditions.${name}`) ?? {};
            const mask = tensors.get(`masks.${name}`)?.data;
            return { ...(form as Partial<HostNumbers>), data, shape, ...(mask && { mask }) };
          };
          const labels = tensors.get('labels');
          return {
            tensors,
            values: {
              ...(labels?.dtype === 'I32' && { labels: labels.data }),
              ...(conditions && {
                // the work that takes them checks them
                conditions: Object.fromEntries(
                  Object.entries(conditions).map(([name, form]) => [name, valuesOf(name, form)]),
                ) as HostConditions,
              }),
              ...(names && { names }),
            } satisfies InputValues,
          };
        },
      )(words.read('input of the job', metadata)),
    ),
  );

/** Reads the bytes of {@link valuesInput}. A job without input has no values. */
export const valuesIn = (bytes: Uint8Array): either.Either<NoisefoldError, InputValues> =>
  bytes.length === 0 ? E.right({}) : E.map(({ values }: { readonly values: InputValues }) => values)(opened(bytes));

/** Reads the bytes of {@link inputOf}. */
export const inputIn = (bytes: Uint8Array): either.Either<NoisefoldError, InputImages> =>
  F.pipe(
    opened(bytes),
    E.flatMap(({ tensors, values }) => {
      const images = tensors.get('images');
      const [count = 0, height = 0, width = 0, channels = 0] = images?.shape ?? [];
      const { labels } = values as InputValues;
      return images?.dtype === 'F32' && images.shape.length === 4 && (labels === undefined || labels.length === count)
        ? E.right({ images: { data: images.data, shape: [count, height, width, channels] as const }, ...values })
        : fail('DecodeError', {
            where: 'input of the job',
            expected: 'images of float32, [count, height, width, channels], and a label for each or none',
            actual: 'other tensors',
            hint: 'send the job again',
          });
    }),
  );
