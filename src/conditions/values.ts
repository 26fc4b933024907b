/** The values of conditions in a program. */
import {
  type AnyTensor,
  cast,
  concatAll,
  type Dim,
  type DType,
  dtypeOf,
  fullLike,
  greater,
  isTensor,
  mapLeaves,
  onesLike,
  scaleBy,
  type Shape,
  type Tensor,
  where,
  zerosLike,
  zipLeaves,
} from '../dsl/index.js';
import { nodeOf } from '../dsl/graph/tensor.js';
import { listOf, show } from '../internal/decode.js';
import { raise, showType } from '../internal/errors.js';
import { isObject } from '../internal/parts.js';
import { suggestion } from '../internal/suggest.js';
import { type Conditions, type ConditionSpec, type Kind, kindOf, sizeOf } from './conditions.js';

/** Tokens of each sample. */
export interface Tokens<B extends Dim> {
  /** `[B, N, D]` */
  readonly tokens: Tensor<[B, Dim, Dim]>;
  /** True for a token, false for padding, `[B, N]`. */
  readonly mask: Tensor<[B, Dim], 'bool'>;
}

/** An image that conditions each sample, such as the small image of super-resolution (SR3, Saharia et al. 2021). */
export interface ConditionImage<B extends Dim> {
  /** `[B, height, width, C]`, in [-1, 1]. Its size may differ from the size of the samples. */
  readonly image: Tensor<[B, Dim, Dim, Dim]>;
  /** Its noise level, `[B]`: the t of q(x_t|x_0), as the network's timestep. Left out if the image has no noise. */
  readonly t?: Tensor<[B], 'int32'>;
}

/** The class of each sample, `[B]`; or the weights of its classes, `[B, classes]`. */
export type Classes<B extends Dim> = Tensor<[B], 'int32'> | Tensor<[B, Dim]>;

/** A value of each sample: a class, a vector `[B, D]`, tokens or an image. */
export type ConditionValue<B extends Dim> = Classes<B> | Tokens<B> | ConditionImage<B>;

/** The values of a batch, by name. A name that is missing means that no sample has a value. */
export type ConditionValues<B extends Dim> = Readonly<Record<string, ConditionValue<B>>>;

/** A record with the conditions of a batch, such as the conditioning of a denoiser. */
export interface Conditioned<B extends Dim> {
  readonly conditions?: ConditionValues<B> | undefined;
}

/** Tests the dtype and the extents of a tensor; null stands for any extent. */
const isOf = (x: unknown, dtype: DType, ...extents: readonly (Dim | null)[]): boolean => {
  if (!isTensor(x) || dtypeOf(x) !== dtype) return false;
  const { shape } = nodeOf(x);
  return shape.length === extents.length && extents.every((extent, i) => extent === null || extent === shape[i]);
};

const membersOf = (x: unknown): Partial<Tokens<Dim> & ConditionImage<Dim>> => (isObject(x) && !isTensor(x) ? x : {});

/** The form of a value of each kind, in words and as a test; null stands for an extent that is not known. */
const FORMS = {
  classes: {
    text: 'the class of each sample, [B] int32, or the weights of its classes, [B, classes]',
    is: (x: unknown, B: Dim | null, size: Dim | null) => isOf(x, 'int32', B) || isOf(x, 'float32', B, size),
  },
  vector: {
    text: 'a vector of each sample, [B, D]',
    is: (x: unknown, B: Dim | null, size: Dim | null) => isOf(x, 'float32', B, size),
  },
  tokens: {
    text: 'tokens of each sample, { tokens: [B, N, D], mask: [B, N] bool }',
    is: (x: unknown, B: Dim | null, size: Dim | null) => {
      const { tokens, mask } = membersOf(x);
      return isOf(tokens, 'float32', B, null, size) && isOf(mask, 'bool', ...nodeOf(tokens!).shape.slice(0, 2));
    },
  },
  image: {
    text: 'an image of each sample, { image: [B, height, width, C] }',
    is: (x: unknown, B: Dim | null, size: Dim | null) => isOf(membersOf(x).image, 'float32', B, null, null, size),
  },
} as const satisfies Readonly<Record<Kind, unknown>>;

/** Describes the tensors of a value. */
const shown = (value: unknown): string => {
  if (isTensor(value)) return showType(nodeOf(value));
  const tensors = Object.entries(isObject(value) ? value : {}).filter(([, x]) => isTensor(x));
  return tensors.length === 0
    ? show(value)
    : `{ ${tensors.map(([name, x]) => `${name}: ${showType(nodeOf(x as AnyTensor))}`).join(', ')} }`;
};

const read = (kind: Kind, name: string, { conditions }: Conditioned<Dim>): unknown => {
  const value = conditions?.[name];
  return value === undefined || FORMS[kind].is(value, null, null)
    ? value
    : raise('ConfigError', {
        where: `conditions.${name}`,
        expected: FORMS[kind].text,
        actual: shown(value),
        hint: 'read a condition by the function of its kind: labelOf, vectorOf, tokensOf or imageOf',
      });
};

/**
 * The class of each sample, or the weights of its classes, as a denoiser gets it; undefined if no sample has one. `name` is
 * 'label' if left out. Raises `ConfigError` for a condition of another kind.
 * @example
 * const at = { t: iota(2), conditions: { label: iota(2) } }
 * labelOf(at) // → [0, 1]
 * labelOf(at, 'style') // → undefined
 */
export const labelOf = <B extends Dim>(at: Conditioned<B>, name = 'label'): Tensor<[B], 'int32'> | undefined =>
  read('classes', name, at) as Tensor<[B], 'int32'> | undefined;

/**
 * The vector of each sample, `[B, D]`, as a denoiser gets it; undefined if no sample has one. Raises `ConfigError` for a
 * condition of another kind.
 * @example
 * vectorOf({ conditions: { palette: ones(2, 3) } }, 'palette') // → [[1, 1, 1], [1, 1, 1]]
 */
export const vectorOf = <B extends Dim>(at: Conditioned<B>, name: string): Tensor<[B, Dim]> | undefined =>
  read('vector', name, at) as Tensor<[B, Dim]> | undefined;

/**
 * The tokens of each sample, with their mask, as a denoiser gets them; undefined if no sample has tokens. Raises `ConfigError`
 * for a condition of another kind.
 * @example
 * const words = { tokens: ones(1, 2, 3), mask: less(constantOf([0, 1], 1, 2), 1) }
 * tokensOf({ conditions: { words } }, 'words')!.mask // → [[true, false]]
 */
export const tokensOf = <B extends Dim>(at: Conditioned<B>, name: string): Tokens<B> | undefined =>
  read('tokens', name, at) as Tokens<B> | undefined;

/**
 * The image of each sample, as a denoiser gets it; undefined if no sample has one. Raises `ConfigError` for a condition of
 * another kind.
 * @example
 * imageOf({ conditions: { small: { image: ones(1, 1, 1, 1) } } }, 'small')!.image // → [[[[1]]]]
 */
export const imageOf = <B extends Dim>(at: Conditioned<B>, name: string): ConditionImage<B> | undefined =>
  read('image', name, at) as ConditionImage<B> | undefined;

/** Raises `ConfigError` for a name that is not a condition. */
export const refuseName = (where: string, name: string, conditions: Conditions): never => {
  const meant = suggestion(name, Object.keys(conditions));
  return raise('ConfigError', {
    where: `${where}.${name}`,
    expected: listOf('condition', Object.keys(conditions)),
    actual: 'a condition that the model does not take',
    hint: meant === undefined ? 'leave it out, or make the model with it' : `did you mean ${meant}?`,
  });
};

/** Raises `ConfigError` for values that a network does not take or lacks, and `ShapeError` for values of another form. */
export const requireConditions = (
  where: string,
  conditions: Conditions = {},
  values: ConditionValues<Dim> = {},
  B: Dim | null = null,
): void => {
  for (const name of Object.keys(values))
    if (!Object.hasOwn(conditions, name)) refuseName(`${where}: conditions`, name, conditions);
  for (const [name, spec] of Object.entries(conditions)) {
    const value = values[name];
    const { text, is } = FORMS[kindOf(spec)];
    const about = { where: `${where}: conditions.${name}`, expected: text };
    if (value === undefined && spec.required === true)
      raise('ConfigError', { ...about, actual: 'nothing', hint: `give each sample a value: the model needs ${name}` });
    if (value === undefined) continue;
    const size = sizeOf(spec);
    if (!is(value, B, size))
      raise('ShapeError', { ...about, actual: shown(value), hint: `the last extent of ${name} is ${size}` });
    const { t } = membersOf(value);
    const hasLevel = t !== undefined;
    if ('image' in spec && hasLevel !== (spec.noiseLevel === true))
      raise('ConfigError', {
        ...about,
        expected: hasLevel ? 'an image without t: the model takes no noise level' : 'an image with t, its noise level',
        actual: shown(value),
        hint: hasLevel
          ? 'leave t out, or make the model with noiseLevel: true'
          : 'give t: 0 for an image without noise',
      });
    if (hasLevel && !isOf(t, 'int32', B))
      raise('ShapeError', {
        ...about,
        expected: 'the noise level t of each image, [B] int32',
        actual: shown(value),
        hint: 'give the timestep of its noise',
      });
  }
};

const each = <V>(value: V, f: (x: AnyTensor) => AnyTensor): V => mapLeaves(value, isTensor, f) as V;
const both = <V>(first: V, second: V, f: (x: AnyTensor, y: AnyTensor) => AnyTensor): V =>
  zipLeaves([first, second], isTensor, (x, [y]) => f(x, y!)) as V; // values of the same form

/** The value that means none for all samples: the class `classes`, zeros, or a mask of false. */
export const nothingLike = <B extends Dim>(spec: ConditionSpec, value: ConditionValue<B>): ConditionValue<B> =>
  'classes' in spec && isOf(value, 'int32', null)
    ? fullLike(value as Tensor<[B], 'int32'>, spec.classes)
    : each(value, (x) => zerosLike(x as Tensor<Shape>));

/** The values of a batch without the conditions of some names, each replaced by the value that means none. */
export const without = <B extends Dim>(
  conditions: Conditions,
  names: readonly string[],
  values: ConditionValues<B>,
): ConditionValues<B> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      names.includes(name) ? nothingLike(conditions[name]!, value) : value,
    ]),
  );

/** Joins the values of batches, one after the other: `[B, …]` to `[n·B, …]`. */
export const joinConditions = (
  values: readonly [ConditionValues<Dim>, ...ConditionValues<Dim>[]],
): ConditionValues<Dim> =>
  zipLeaves(values, isTensor, (x, others) =>
    concatAll([x, ...others] as unknown as [Tensor<[2]>], 0),
  ) as ConditionValues<Dim>; // of the same form

/** Replaces values by others where `isOther` is true for a sample, `[B]`. */
export const replaced = <V>(isOther: Tensor<[Dim], 'bool'>, others: V, values: V): V =>
  both(others, values, (x, y) => {
    if (x === y) return x;
    const like = cast(x as Tensor<[Dim, ...Shape]>, 'float32');
    const isAt = nodeOf(x).shape.length === 1 ? isOther : greater(scaleBy(onesLike(like), cast(isOther, 'float32')), 0);
    return where(isAt, x as Tensor<[Dim]>, y as Tensor<[Dim]>); // of one shape
  });
