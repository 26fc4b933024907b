/**
 * Declarations of options. A caller may pass anything: from JavaScript, a file or a spread. One declaration lists each
 * option once, and the decoder, the defaults, the TypeScript type and the tables of the docs follow from it:
 *
 *     const options = schema('adam', {
 *       learningRate,
 *       // the decay of the mean of the gradients; in the source this is a comment for the docs
 *       beta1: optional(decay, 0.9),
 *     })
 *     export interface AdamConfig extends OptionsOf<typeof options> {}
 *
 * A public function checks its options once, by `decode` or `demand`. The functions inside take what it returns.
 */
import { decode, explained, type Mismatch, show, UNKNOWN, unknownField } from './decode.js';
import { isResultOf } from './either.js';
import { fail, failure, type NoisefoldError, orRaise } from './errors.js';
import { E, F, t, type either } from './fp.js';

/** The declaration of an option with values `A`, such as a type of io-ts. */
interface Field<A> {
  /** Phantom: absent at run time. */
  readonly _A: A;
}

/** An option that may be left out, and its value in that case. */
export interface Optional<A, D> extends Field<A> {
  readonly type: t.Decoder<unknown, A>;
  readonly otherwise: D;
}

/** An option that may be left out. It then has the default; without a default it stays missing. */
export const optional: {
  <A>(type: t.Decoder<unknown, A>): Optional<A, undefined>;
  <A, const D extends A>(type: t.Decoder<unknown, A>, otherwise: D): Optional<A, D>;
} = <A>(type: t.Decoder<unknown, A>, otherwise?: A) => ({ type, otherwise }) as Optional<A, never>; // the cast adds a phantom; the overloads state the type of the default

type AnyOptional = Optional<unknown, unknown>;

/** The options of a declaration: required ones as types of io-ts, and others by {@link optional}. */
export type Fields = Readonly<Record<string, t.Mixed | AnyOptional>>;

type RequiredIn<F> = { readonly [K in keyof F]: F[K] extends { readonly otherwise: unknown } ? never : K }[keyof F];
type DefaultIn<F> = {
  readonly [K in keyof F]: F[K] extends { readonly otherwise: infer D } ? (undefined extends D ? never : K) : never;
}[keyof F];

type Declared = Readonly<Record<string, Field<unknown>>>;
// mapped types of this form keep the comments of the fields
type Present<F extends Declared, K extends keyof F> = { readonly [N in K]: F[N]['_A'] };
type Possible<F extends Declared> = { readonly [N in keyof F]?: F[N]['_A'] };

/**
 * A part of the options. `unknown` replaces a part without fields, because with an empty record TypeScript would accept
 * a number as options.
 */
type Part<K, P> = [K] extends [never] ? unknown : P;

/** The type of options that a caller writes. */
export type OptionsOf<F> = F extends { readonly fields: infer G extends Declared }
  ? Part<RequiredIn<G>, Present<G, RequiredIn<G>>> & Possible<G>
  : F extends Declared
    ? Part<RequiredIn<F>, Present<F, RequiredIn<F>>> & Possible<F>
    : never;

/** Options `O` with the defaults of a declaration. */
export type Filled<F, O = OptionsOf<F>> = O & { readonly [N in DefaultIn<F> & keyof O]-?: Exclude<O[N], undefined> };

/** Options with the defaults of a declaration, as `record` and `schema` have it. */
export type FilledOf<S extends { readonly fields: unknown }> = Filled<S['fields']>;

/** A type of io-ts that is made from options. */
export interface RecordType<F extends Fields> extends t.Type<Filled<F>> {
  readonly fields: F;
}

/** Tests if a field may be left out. */
export const isOptional = (field: t.Mixed | AnyOptional): field is AnyOptional => !(field instanceof t.Type);

const without = (fields: Fields, are: (field: t.Mixed | AnyOptional) => boolean): t.Props =>
  Object.fromEntries(
    Object.entries(fields).flatMap(
      ([name, field]) => (are(field) ? [] : [[name, (isOptional(field) ? field.type : field) as t.Mixed]]), // a type of io-ts
    ),
  );

/**
 * The type of an object with these fields and no others; io-ts's `strict` drops others silently. Decoding adds the
 * defaults. An unknown field is reported before a missing one, because it may be the missing field, misspelt.
 */
/* @__NO_SIDE_EFFECTS__ */
export const record = <const F extends Fields>(fields: F): RecordType<F> => {
  const names = Object.keys(fields);
  const required = t.type(without(fields, isOptional));
  const others = t.partial(without(fields, (field) => !isOptional(field)));
  const known = t.intersection([required, others]);
  const defaults = Object.entries(fields).flatMap(([name, field]): readonly (readonly [string, unknown])[] =>
    isOptional(field) && field.otherwise !== undefined ? [[name, field.otherwise]] : [],
  );
  const strangerIn = (value: object): string | undefined => Object.keys(value).find((name) => !names.includes(name));
  const filled = (value: object): object => {
    const missing = defaults.filter(([name]) => (value as Readonly<Record<string, unknown>>)[name] === undefined);
    return missing.length === 0 ? value : { ...value, ...Object.fromEntries(missing) };
  };
  const type = new t.Type<Filled<F>>(
    names.length === 0 ? 'no options' : `{ ${names.join(', ')} }`,
    (value): value is Filled<F> => known.is(value) && strangerIn(value) === undefined,
    (value, context) =>
      F.pipe(
        isResultOf(value)
          ? t.failure<{ readonly [name: string]: unknown }>(value, context)
          : t.UnknownRecord.validate(value, context),
        E.flatMap((record) => {
          const stranger = strangerIn(record);
          return stranger === undefined ? t.success(record) : unknownField(record, stranger, names, context);
        }),
        // checks the fields one after the other on the same object, because an intersection would add a step to the
        // context
        E.flatMap((record) => required.validate(record, context)),
        E.flatMap((checked) => others.validate(checked, context)),
        E.map((checked) => filled(checked) as Filled<F>), // the cast is safe: the value passed the types of all fields
      ),
    F.identity, // options are not encoded
  );
  return Object.assign(type, { fields });
};

/** A rule that options break: the field to change, or the path to it, and what it should be. */
export interface Broken<N extends string> {
  readonly field: N | `${N}.${string}`;
  readonly expected: string;
  /** Default: a description of the value of the field. */
  readonly actual?: string;
  readonly hint: string;
}

/** A rule between options. Returns null if the options keep it. */
export type Rule<F extends Fields> = (options: Filled<F>) => Broken<keyof F & string> | null;

/** A checked value from outside: a `ConfigError` that names what is wrong, as a `Left` or raised. */
export interface Checker<A> {
  readonly decode: (value: unknown) => either.Either<NoisefoldError, A>;
  readonly demand: (value: unknown) => A;
}

/** A declaration of the options of a function. `undefined` stands for no options. */
export interface Schema<F extends Fields> {
  /** The function that takes the options. */
  readonly name: string;
  readonly fields: F;
  /** The type of the options, for a field of other options. It does not check the rules. */
  readonly type: RecordType<F>;
  /** `O` is the type of the options, if it says more than the declaration. */
  readonly decode: <O = OptionsOf<F>>(value: unknown) => either.Either<NoisefoldError, Filled<F, O>>;
  readonly demand: <O = OptionsOf<F>>(value: unknown) => Filled<F, O>;
  /** Adds a rule, which sees options that have the right types and keep the rules before it. */
  readonly rule: (rule: Rule<F>) => Schema<F>;
  /** Adds the names of fields that belong elsewhere, such as options of another function, and the hint that says where. */
  readonly elsewhere: (names: readonly string[], hint: string) => Schema<F>;
}

/** Fields that belong elsewhere, and the hint that says where. */
interface Elsewhere {
  readonly names: readonly string[];
  readonly hint: string;
}

const hintFor = ({ path, actual }: Mismatch): string => {
  if (path === '') return 'give the options as one object';
  if (actual === UNKNOWN) return 'leave it out';
  return actual === show(undefined) ? `give ${path}` : `change ${path}`;
};

const configError =
  (where: string, hint?: string) =>
  (mismatch: Mismatch): NoisefoldError =>
    failure('ConfigError', explained(where, hint ?? hintFor(mismatch))(mismatch));

const schemaWith = <F extends Fields>(
  name: string,
  type: RecordType<F>,
  hint: string | undefined,
  rules: readonly Rule<F>[],
  others: Elsewhere | null,
): Schema<F> => {
  const withPlace = (mismatch: Mismatch): Mismatch => {
    if (mismatch.actual !== UNKNOWN || others?.names.includes(mismatch.path) !== true) return mismatch;
    const { meant: _, ...unknown } = mismatch;
    return { ...unknown, hint: others.hint };
  };
  const checkRules = (options: Filled<F>): either.Either<NoisefoldError, Filled<F>> => {
    for (const rule of rules) {
      const broken = rule(options);
      if (broken === null) continue;
      const { field, actual = show(options[field as keyof Filled<F>]), ...about } = broken;
      return fail('ConfigError', { where: `${name}.${field}`, actual, ...about });
    }
    return E.right(options);
  };
  const check = (value: unknown) =>
    F.pipe(
      decode(type)(value === undefined ? {} : value),
      E.mapLeft((mismatch) =>
        configError(
          name,
          hint,
        )(value === undefined && mismatch.path === '' ? { ...mismatch, actual: show(value) } : withPlace(mismatch)),
      ),
      E.flatMap(checkRules),
    );
  return {
    name,
    fields: type.fields,
    type,
    decode: check as Schema<F>['decode'], // the cast is safe: `O` only says more about values that were checked
    demand: ((value) => orRaise(check(value))) as Schema<F>['demand'],
    rule: (rule) => schemaWith(name, type, hint, [...rules, rule], others),
    elsewhere: (names, otherHint) => schemaWith(name, type, hint, rules, { names, hint: otherHint }),
  };
};

/**
 * Declares the options of a function. Errors begin with its name, followed by the path of the wrong field. `hint` is for
 * errors of fields without a hint of their own (see `hinted`).
 */
/* @__NO_SIDE_EFFECTS__ */
export const schema = <const F extends Fields>(name: string, fields: F, hint?: string): Schema<F> =>
  schemaWith(name, record(fields), hint, [], null);

/** Checks an argument that is not a record of options; `where` names it in errors. */
/* @__NO_SIDE_EFFECTS__ */
export const argument = <A>(where: string, type: t.Decoder<unknown, A>, hint?: string): Checker<A> => {
  const check = (value: unknown) =>
    E.mapLeft(configError(where, hint ?? 'the type of the argument says what it takes'))(decode(type)(value));
  return { decode: check, demand: (value) => orRaise(check(value)) };
};
