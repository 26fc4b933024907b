/** Conditions of networks: values of each sample, by name. A specification says the kind of a condition. */
import { hinted, oneOf, positive, refined, refuseValue, show, unknownField, withRefusal } from '../internal/decode.js';
import { fail, type NoisefoldError } from '../internal/errors.js';
import { E, type either, F, RA, t } from '../internal/fp.js';
import { isObject } from '../internal/parts.js';
import { optional, type OptionsOf, record } from '../internal/schema.js';
import { suggestion } from '../internal/suggest.js';

const required = {
  /**
   * True if the network needs a value for each sample. By default a value may be left out or dropped, which classifier-free
   * guidance needs.
   */
  required: optional(t.boolean),
};

const place = {
  /**
   * The place in a network of `nn` that the embedding is added to: the `output` of the time embedding (default), or its `input`,
   * as in the DDPM++ network of EDM. There classes are scaled and have a bias.
   */
  at: optional(oneOf('output', 'input')),
};

/** The names of classes, in the order of their numbers. */
export const classNames = withRefusal(
  refined(
    t.readonlyArray(t.string),
    'the names of classes',
    (names) => names.length > 0 && new Set(names).size === names.length,
  ),
  (names) => {
    const twice = Array.isArray(names) ? names.find((name, i) => names.indexOf(name) < i) : undefined;
    return twice === undefined ? null : { expected: 'names of classes that differ', actual: `${show(twice)} twice` };
  },
);

const classSpec = record({
  /** The number of classes. They are numbered from 0; the number `classes` means none. */
  classes: positive,
  /** The names of the classes, in the order of their numbers. */
  names: optional(classNames),
  /** The embedding of no class in a network of `nn`: a `row` of the table, if left out, or `zero`. */
  nothing: optional(oneOf('row', 'zero')),
  ...place,
  ...required,
});
const vectorSpec = record({
  /** The length D of the vector of a sample. A vector of zeros means none. */
  vector: positive,
  ...place,
  ...required,
});
const tokensSpec = record({
  /** The length D of each token. */
  tokens: positive,
  /** The greatest number N of tokens of a sample. A sample with a mask of false has no tokens. */
  length: positive,
  ...required,
});
const imageSpec = record({
  /** The channels C of the image of a sample, which may have another size than the sample. An image of zeros means none. */
  image: positive,
  /** True if the network takes the noise level of the image (Cascaded Diffusion, Ho et al. 2022); default false. */
  noiseLevel: optional(t.boolean),
  ...required,
});

/** One class of several: `[B]`, int32. */
export interface ClassSpec extends OptionsOf<typeof classSpec> {}
/** A vector, such as an embedding or the weights of some properties: `[B, D]`. */
export interface VectorSpec extends OptionsOf<typeof vectorSpec> {}
/** Tokens, such as the embedded words of a text: `[B, N, D]`, with a mask. */
export interface TokensSpec extends OptionsOf<typeof tokensSpec> {}
/** An image in [-1, 1], such as the small image of super-resolution: `[B, height, width, C]`. */
export interface ImageSpec extends OptionsOf<typeof imageSpec> {}

/** The kind of a condition. */
export type ConditionSpec = ClassSpec | VectorSpec | TokensSpec | ImageSpec;

/** The conditions of a network, by name. */
export type Conditions = Readonly<Record<string, ConditionSpec>>;

/** The kind of a condition in a configuration; for classes also their number, or their names. */
export type ConditionConfig = number | readonly string[] | ConditionSpec;

/** The conditions of a network in a configuration, by name. */
export type ConditionsConfig = Readonly<Record<string, ConditionConfig>>;

/** The field of a specification that says its kind. */
export type Kind = 'classes' | 'vector' | 'tokens' | 'image';
const SPECS: Readonly<Record<Kind, t.Mixed>> = {
  classes: withRefusal(classSpec, (x) => {
    const { classes, names } = isObject(x) ? (x as { readonly classes?: unknown; readonly names?: unknown }) : {};
    return positive.is(classes) && classNames.is(names) && names.length !== classes
      ? { expected: `${classes} names, one for each class`, actual: `${names.length}`, hint: NAMES }
      : null;
  }),
  vector: vectorSpec,
  tokens: tokensSpec,
  image: imageSpec,
};
const NAMES = "the names alone are enough: { hair: ['short', 'long'] }";
const KINDS = Object.keys(SPECS) as readonly Kind[];

/** The kind of a specification. */
export const kindOf = (spec: ConditionSpec): Kind => KINDS.find((kind) => kind in spec)!; // a specification has one kind

const ANY = 'a number of classes, a list of their names, { classes }, { vector }, { tokens, length } or { image }';

/** Decodes a {@link ConditionConfig} to its specification. */
const specType: t.Type<ConditionSpec> = new t.Type<ConditionSpec>(
  ANY,
  (x): x is ConditionSpec => isObject(x) && KINDS.some((kind) => SPECS[kind].is(x)),
  (x, context) => {
    if (positive.is(x)) return t.success({ classes: x });
    if (typeof x === 'number') return refuseValue(x, context, { expected: 'a number of classes ≥ 1' });
    if (classNames.is(x)) return t.success({ classes: x.length, names: x });
    if (Array.isArray(x))
      return new Set(x).size < x.length
        ? (classNames.validate(x, context) as t.Validation<never>) // refuses it in its words
        : refuseValue(x, context, { expected: classNames.name });
    if (!isObject(x)) return refuseValue(x, context, { expected: ANY });
    const [kind, another] = KINDS.filter((each) => each in x);
    if (another !== undefined)
      return refuseValue(x, context, { expected: ANY, actual: `{ ${Object.keys(x).join(', ')} }` });
    if (kind !== undefined) return SPECS[kind].validate(x, context) as t.Validation<ConditionSpec>; // the kind's own
    const misspelt = Object.keys(x).find((name) => suggestion(name, KINDS) !== undefined);
    return misspelt === undefined
      ? refuseValue(x, context, { expected: ANY })
      : unknownField({ ...x }, misspelt, KINDS, context);
  },
  F.identity,
);

/** Tests the name of a condition, which is also part of the paths of parameters. Each object has a `constructor`. */
const isName = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name) && !(name in {});

/** Decodes a {@link ConditionsConfig} to {@link Conditions}. */
export const conditionsType: t.Type<Conditions> = hinted(
  new t.Type<Conditions>(
    'the kinds of conditions, by name',
    (x): x is Conditions => isObject(x) && Object.values(x).every(specType.is),
    (x, context) => {
      if (!isObject(x) || Array.isArray(x)) return t.failure(x, context);
      const wrong = Object.keys(x).find((name) => !isName(name));
      if (wrong !== undefined)
        return refuseValue(wrong, context, {
          expected: wrong in {} ? 'names that not every object has' : 'names of letters, digits and _',
          actual: show(wrong),
        });
      const specs = Object.entries(x).map(([name, spec]) =>
        E.map((known: ConditionSpec) => [name, known] as const)(
          specType.validate(spec, t.appendContext(context, name, specType, spec)),
        ),
      );
      const { left, right } = RA.separate(specs);
      return left.length > 0 ? t.failures(left.flat()) : t.success(Object.fromEntries(right));
    },
    F.identity,
  ),
  "give the kinds by name: { label: 10 }, or { hair: ['short', 'long'], palette: { vector: 8 } }",
);

/** The size of a condition: the number of its classes, or the last extent of its values. */
export const sizeOf = (spec: ConditionSpec): number => {
  if ('classes' in spec) return spec.classes;
  if ('vector' in spec) return spec.vector;
  return 'tokens' in spec ? spec.tokens : spec.image;
};

const isSame = (one: ConditionSpec, other: ConditionSpec): boolean =>
  kindOf(one) === kindOf(other) && sizeOf(one) === sizeOf(other);

/** A specification in words: `10 classes`. */
export const textOf = (spec: ConditionSpec): string =>
  'classes' in spec ? `${spec.classes} classes` : `${kindOf(spec)} of size ${sizeOf(spec)}`;

/** The conditions of two networks that get the same values. Returns a `ConfigError` for a name with two meanings. */
export const mergedConditions = (
  where: string,
  first: Conditions = {},
  second: Conditions = {},
): either.Either<NoisefoldError, Conditions> => {
  const name = Object.keys(first).find((each) => second[each] !== undefined && !isSame(first[each]!, second[each]!));
  if (name !== undefined)
    return fail('ConfigError', {
      where,
      expected: `${name} with ${textOf(first[name]!)}, as the denoiser has`,
      actual: textOf(second[name]!),
      hint: 'train both with the same conditions',
    });
  const merged = Object.entries(second).map(([each, spec]) => [
    each,
    { ...spec, ...first[each], ...((spec.required ?? first[each]?.required) && { required: true }) },
  ]);
  return E.right({ ...first, ...Object.fromEntries(merged) });
};

/** What a classifier recognizes, by name: a number of classes is short for those of `label`. */
export const recognizedBy = (classes: number | Conditions): Conditions =>
  typeof classes === 'number' ? { label: { classes, required: true } } : classes;

/** Decodes the classes of a classifier: a number, or kinds of classes by name. */
export const recognizedType: t.Type<number | Conditions> = hinted(
  new t.Type<number | Conditions>(
    'a number of classes ≥ 1, or classes by name',
    (x): x is number | Conditions => positive.is(x) || conditionsType.is(x),
    (x, context) => {
      if (!isObject(x)) return positive.validate(x, context);
      const other = Object.entries(x).find(
        ([, spec]) => isObject(spec) && !Array.isArray(spec) && !('classes' in spec),
      );
      return other === undefined
        ? conditionsType.validate(x, context)
        : refuseValue(other[1], t.appendContext(context, other[0], specType), {
            expected: 'a number of classes, or a list of their names',
          });
    },
    F.identity,
  ),
  "give 10, or { hair: ['short', 'long'], glasses: 2 }",
);
