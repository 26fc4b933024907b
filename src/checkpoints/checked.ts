/** Checks configurations, which may be anything if they come from JavaScript, a checkpoint or a spread. */
import type { Noising } from '../diffusion/index.js';
import { noisingPart as anyNoising } from '../diffusion/parts.js';
import type { NoisefoldError } from '../dsl/index.js';
import { fail } from '../internal/errors.js';
import { exactTuple, functionOf, refined, word } from '../internal/decode.js';
import { E, F, t, type either } from '../internal/fp.js';
import { findNonJson } from '../internal/json/json.js';
import { isObject, part } from '../internal/parts.js';
import { argument } from '../internal/schema.js';

/** True for a classifier, which has `classes` and, unlike a denoiser, no `predicts`. */
export const isClassifier = <X>(x: X): x is Extract<X, { readonly classes: number }> =>
  isObject(x) && 'classes' in x && !('predicts' in x);

const denoiserPart = part('a model', 'predicts', 'apply', 'params', 'init');
const classifierPart = part('a classifier', 'classes', 'apply', 'params', 'init');

/** A network to be trained: a denoiser or a classifier. */
export const learnablePart: t.Type<unknown> = /* @__PURE__ */ new t.Type<unknown>(
  'a model',
  t.unknown.is,
  (x, context) => (isClassifier(x) ? classifierPart : denoiserPart).validate(x, context),
  F.identity,
);

export const noisingPart = anyNoising as t.Type<Noising>; // parts.ts does not import the type: that would be a cycle

/** The names of classes, in the order of their labels. */
export const classNames = refined(
  t.readonlyArray(t.string),
  'the names of classes, each once',
  (names) => new Set(names).size === names.length,
);

export const dataSet = t.intersection(
  [part('a data set', 'size', 'image', 'batch'), t.partial({ classes: classNames })],
  'a data set',
);

export const conditioner = functionOf('a function that makes conditions, such as superResolution({ factor: 2 })');

/** A key on the host. */
export const hostKey = exactTuple([word, word], 'a key: key(7)');

/** A value that a checkpoint can hold. */
export const json: t.Type<unknown> = new t.Type<unknown>(
  'JSON',
  (x): x is unknown => findNonJson(x) === null,
  (x, context) => {
    const objection = findNonJson(x);
    if (objection === null) return t.success(x);
    const { path, expected, value } = objection;
    const steps = path.map((key) => ({ key: `${key}`, type: json }));
    return t.failure(value, [...context, ...steps], expected);
  },
  F.identity,
);

const trainedPart = part('a trained model, as fit or loadTrained returns it', 'model', 'noising', 'image', 'params');

/** Returns a trained network; `ConfigError` for anything else, such as a snapshot. */
export const checkedNetwork =
  (where: string) =>
  <A>(trained: A): either.Either<NoisefoldError, A> =>
    E.map(() => trained)(
      argument(`${where}: trained`, trainedPart, 'give the result of fit or loadTrained').decode(trained),
    );

/** Returns a trained denoiser; `ConfigError` for anything else, such as a classifier. */
export const checkedTrained =
  (where: string) =>
  <A extends { readonly model: unknown }>(trained: A): either.Either<NoisefoldError, A> =>
    E.flatMap((network: A) =>
      isClassifier(network.model)
        ? fail('ConfigError', {
            where: `${where}: trained`,
            expected: 'a trained denoiser',
            actual: 'a classifier',
            hint: 'give a model that predicts; `sample` takes a classifier as `guide`',
          })
        : E.right(network),
    )(checkedNetwork(where)(trained));
