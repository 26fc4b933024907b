/** The conditions of samples as arrays on the host: classes, vectors, tokens and images of each sample. */
import type {
  ClassSpec,
  Conditions,
  ConditionSpec,
  ImageSpec,
  TokensSpec,
  VectorSpec,
} from '../conditions/conditions.js';
import type { HostConditions, HostImages, HostNumbers, HostTokenArray } from '../conditions/hostValues.js';
import { refuseName } from '../conditions/values.js';
import { mapLeaves } from '../dsl/index.js';
import { show } from '../internal/decode.js';
import { raise, showShape } from '../internal/errors.js';
import { sizeOf, TO_UNIT } from '../internal/numbers.js';
import { isObject } from '../internal/parts.js';
import { suggestion } from '../internal/suggest.js';
import { isNumbers } from './hostRows.js';
import { checkNumbers, withinUnit } from './images.js';

/** A tensor on the host, whose first axis counts samples. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
}

/** The checked values of a condition. */
export interface Column {
  /** The number of samples; a column of 1 serves any number. */
  readonly count: number;
  /** The value as it is in a program, with a tensor on the host in place of each tensor. */
  readonly value: HostTensor | Readonly<Record<string, HostTensor>>;
  /** The timestep whose noise is added to the image. */
  readonly t?: number;
}

/** Checked values by the name of the condition. */
export type Columns = Readonly<Record<string, Column>>;

/** How errors call values. */
export interface Naming {
  /** The function that the caller called. */
  readonly where: string;
  /** A sample, after the name of the condition: ` of sample 3`, if left out. */
  readonly sampleAt?: (sample: number) => string;
  /** The names of the classes, by condition, where a specification has none. */
  readonly names?: Readonly<Record<string, readonly string[]>> | undefined;
  /** True if numbers count in `names`, also where a specification has the names in another order. */
  readonly numbersByNames?: boolean;
}

/** A condition, its specification, and how errors call it. */
interface About<S = ConditionSpec> extends Naming {
  readonly name: string;
  readonly spec: S;
}

const at = ({ where, name, sampleAt = (sample) => ` of sample ${sample}` }: About, sample: number): string =>
  `${where}: ${name}${sampleAt(sample)}`;
const whole = ({ where, name }: About): string => `${where}: conditions.${name}`;

/** Tests if a sample has no value. Raises `ConfigError` if it needs one. */
const isNone = (about: About, value: unknown, sample: number): boolean =>
  value !== null
    ? false
    : about.spec.required === true
      ? raise('ConfigError', {
          where: at(about, sample),
          expected: `a value: the model needs ${about.name}`,
          actual: 'null',
          hint: 'give each sample a value; a model that was trained with conditionDropout: 0.1 can do without',
        })
      : true;

/** The number of names that a message lists. */
const MOST_LISTED = 20;

/** The number of the class with a name. Raises `ConfigError` for a name that is not a class. */
const classNumber = (
  { where, name }: { readonly where: string; readonly name: string },
  names: readonly string[] | undefined,
  label: string,
): number => {
  if (names === undefined)
    return raise('ConfigError', {
      where,
      expected: 'a number, because there are no names of classes',
      actual: JSON.stringify(label),
      hint: `give its number, or name the classes in the model: conditions: { ${name}: data.names.${name} }`,
    });
  const index = names.indexOf(label);
  const meant = suggestion(label, names);
  return index !== -1
    ? index
    : raise('ConfigError', {
        where,
        expected: `a class: ${names.length > MOST_LISTED ? `${names.length} names` : names.join(', ')}`,
        actual: JSON.stringify(label),
        hint: meant === undefined ? 'give the number or the name of a class' : `did you mean ${meant}?`,
      });
};

const classesOf = (about: About<ClassSpec>, values: unknown): Column => {
  const { name, spec, numbersByNames = false } = about;
  const { classes, names = about.names?.[name] } = spec;
  const numbered = numbersByNames && spec.names ? about.names?.[name] : undefined;
  if (!isObject(values) || !('length' in values))
    return raise('ConfigError', {
      where: whole(about),
      expected: 'the class of each sample, in an array',
      actual: show(values),
      hint: 'give [0, null, 1], with null for no class',
    });
  const data = Int32Array.from(values as ArrayLike<unknown>, (value, sample) => {
    if (isNone(about, value, sample)) return classes;
    const where = at(about, sample);
    const label = typeof value === 'number' ? (numbered?.[value] ?? value) : value;
    const isName = typeof label === 'string';
    const number = isName ? classNumber({ where, name }, names, label) : label;
    const count = isName ? classes : (numbered?.length ?? classes);
    return Number.isInteger(number) && (number as number) >= 0 && (number as number) < count
      ? (number as number)
      : raise('ConfigError', {
          where,
          expected: `a class of the ${numbered ? 'data' : 'model'}, 0 to ${count - 1}`,
          actual: show(label),
          hint:
            label === count
              ? 'classes are numbered from 0; null means no class'
              : typeof label === 'number'
                ? 'give other classes, or make the model with more'
                : 'give its number, its name, or null for none',
        });
  });
  return { count: data.length, value: { data, shape: [data.length] } };
};

/** Finite numbers of a value, in float32. */
const finiteNumbers = (about: About, data: ArrayLike<number>, each: number, first = 0): Float32Array => {
  checkNumbers(data, {
    is: (x) => typeof x === 'number' && Number.isFinite(Math.fround(x)),
    expected: 'finite numbers of float32',
    hint: 'check where the numbers come from',
    each,
    where: (sample) => at(about, first + sample),
  });
  return Float32Array.from(data);
};

/** The numbers of samples with a shape, null for a size that may differ. Raises `ConfigError` for another shape. */
const shaped = (where: string, expected: string, extents: readonly (number | null)[], x: unknown): HostNumbers => {
  const fits =
    isNumbers(x) &&
    x.shape.length === extents.length &&
    extents.every((extent, i) => extent === null || x.shape[i] === extent) &&
    x.data.length === sizeOf(x.shape);
  return fits
    ? x
    : raise('ConfigError', {
        where,
        expected,
        actual: isNumbers(x) ? `${x.data.length} numbers of ${showShape(x.shape)}` : show(x),
        hint: 'give { data, shape } with all numbers, row-major',
      });
};

const vectorsOf = (about: About<VectorSpec>, values: unknown): Column => {
  const { vector: D } = about.spec;
  if (!Array.isArray(values)) {
    const { data, shape } = shaped(
      whole(about),
      `vectors [n, ${D}], or a vector of each sample in an array`,
      [null, D],
      values,
    );
    return { count: shape[0]!, value: { data: finiteNumbers(about, data, D), shape } };
  }
  const data = new Float32Array(values.length * D);
  values.forEach((vector: ArrayLike<number> | null, sample) => {
    if (isNone(about, vector, sample) || vector === null) return;
    if (!isObject(vector) || vector.length !== D)
      raise('ConfigError', {
        where: at(about, sample),
        expected: `${D} numbers, or null for none`,
        actual: isObject(vector) && 'length' in vector ? `${vector.length} numbers` : show(vector),
        hint: 'give a vector of the length that the model takes',
      });
    data.set(finiteNumbers(about, vector, D, sample), sample * D);
  });
  return { count: values.length, value: { data, shape: [values.length, D] } };
};

const tokensOf = (about: About<TokensSpec>, values: unknown): Column => {
  const { tokens: D, length } = about.spec;
  const tooLong = (where: string, count: number): never =>
    raise('ConfigError', {
      where,
      expected: `at most ${length} tokens`,
      actual: `${count}`,
      hint: 'cut them, or make the model with a greater length',
    });
  const list: readonly (HostNumbers | null)[] = Array.isArray(values) ? values : split(about, D, values);
  const count = list.length;
  const [data, mask] = [new Float32Array(count * length * D), new Uint8Array(count * length)];
  list.forEach((tokens, sample) => {
    if (isNone(about, tokens, sample)) return;
    const where = at(about, sample);
    const own = shaped(where, `tokens [N, ${D}], or null for none`, [null, D], tokens);
    const n = own.shape[0]!;
    if (n > length) tooLong(where, n);
    data.set(finiteNumbers(about, own.data, own.data.length, sample), sample * length * D);
    mask.fill(1, sample * length, sample * length + n);
  });
  if (!Array.isArray(values)) copyMask(about, values as HostTokenArray, mask, length);
  return {
    count,
    value: { tokens: { data, shape: [count, length, D] }, mask: { data: mask, shape: [count, length] } },
  };
};

/** Splits tokens `[n, N, D]` by sample. */
const split = (about: About, D: number, values: unknown): readonly HostNumbers[] => {
  const expected = `tokens [n, N, ${D}], or the tokens of each sample in an array`;
  const { data, shape } = shaped(whole(about), expected, [null, null, D], values);
  const [n, N] = shape as [number, number];
  const numbers = Float32Array.from(data);
  return Array.from({ length: n }, (_, i) => ({ data: numbers.subarray(i * N * D, (i + 1) * N * D), shape: [N, D] }));
};

/** Copies a mask `[n, N]` to one of `length` tokens a sample. */
const copyMask = (about: About, { mask, shape }: HostTokenArray, to: Uint8Array, length: number): void => {
  if (mask === undefined) return;
  const [n, N] = shape as [number, number];
  if (mask.length !== n * N)
    raise('ConfigError', {
      where: `${whole(about)}.mask`,
      expected: `${n * N} booleans, [${n}, ${N}]`,
      actual: `${mask.length}`,
      hint: 'give true for a token and false for padding',
    });
  for (let i = 0; i < n * N; i++) to[Math.floor(i / N) * length + (i % N)] = Number(Boolean(mask[i]));
};

const imagesIn = (about: About<ImageSpec>, values: unknown): Column => {
  const { image: C, noiseLevel = false } = about.spec;
  const { data, shape, t } = shaped(
    whole(about),
    `images [n, height, width, ${C}]`,
    [null, null, null, C],
    values,
  ) as HostImages;
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray)
    raise('ConfigError', {
      where: `${whole(about)}.data`,
      expected: 'numbers in a Float32Array',
      actual: show(data),
      hint: TO_UNIT,
    });
  withinUnit(data, sizeOf(shape.slice(1)), (sample) => at(about, sample));
  if (noiseLevel !== (t !== undefined))
    raise('ConfigError', {
      where: `${whole(about)}.t`,
      expected: noiseLevel
        ? 't, the timestep of the noise to add: 0 adds almost none'
        : 'no t: the model takes no noise level',
      actual: show(t),
      hint: noiseLevel
        ? `give ${about.name}: { data, shape, t: 0 }`
        : 'leave it out, or make the model with noiseLevel: true',
    });
  return {
    count: shape[0]!,
    value: { image: { data: Float32Array.from(data), shape } },
    ...(t !== undefined && { t }),
  };
};

const columnOf = (about: About, values: unknown): Column => {
  const { spec } = about;
  if ('classes' in spec) return classesOf({ ...about, spec }, values);
  if ('vector' in spec) return vectorsOf({ ...about, spec }, values);
  return 'tokens' in spec ? tokensOf({ ...about, spec }, values) : imagesIn({ ...about, spec }, values);
};

/**
 * Checks the values of conditions. Raises `ConfigError` for a name that the model does not take, for a required condition that is
 * missing, and for values of another form, and `NonFinite` for numbers that are not finite.
 */
export const columnsOf = (naming: Naming, conditions: Conditions, values: HostConditions): Columns => {
  const { where } = naming;
  for (const name of Object.keys(values))
    if (!Object.hasOwn(conditions, name)) refuseName(`${where}: conditions`, name, conditions);
  return Object.fromEntries(
    Object.entries(conditions).flatMap(([name, spec]) => {
      const about = { ...naming, name, spec };
      if (values[name] !== undefined) return [[name, columnOf(about, values[name])]];
      return spec.required === true
        ? raise('ConfigError', {
            where: whole(about),
            expected: `a value of each sample: the model needs ${name}`,
            actual: 'none',
            hint: `give ${name === 'label' ? 'labels' : `conditions: { ${name}: … }`}; a model that was trained with conditionDropout: 0.1 can do without`,
          })
        : [];
    }),
  );
};

/** Tests for a tensor on the host. */
export const isHostTensor = (x: unknown): x is HostTensor => isObject(x) && 'data' in x && 'shape' in x;

/** Applies a function to the tensors of columns. */
export const mapColumns = <A>(columns: Columns, f: (x: HostTensor) => A): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(columns).map(([name, { value }]) => [name, mapLeaves(value, isHostTensor, f)]));

/** The samples at some positions. A column of one sample serves all. */
export const rowsAt = (columns: Columns, positions: ArrayLike<number>): Columns =>
  Object.fromEntries(
    Object.entries(columns).map(([name, { count, value, ...rest }]) => {
      const rows = ({ data, shape }: HostTensor): HostTensor => {
        const each = data.length / count;
        const own = data.slice(0, 0).constructor as new (length: number) => typeof data;
        const taken = new own(positions.length * each);
        for (let i = 0; i < positions.length; i++) {
          const row = count === 1 ? 0 : positions[i]!;
          taken.set(data.subarray(row * each, (row + 1) * each), i * each);
        }
        return { data: taken, shape: [positions.length, ...shape.slice(1)] };
      };
      return [
        name,
        { ...rest, count: positions.length, value: mapLeaves(value, isHostTensor, rows) as Column['value'] },
      ];
    }),
  );
