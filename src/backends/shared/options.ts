/** Decodes the options of backends, which may be anything if they come from JavaScript. */
import { task, type Task } from '../../dsl/run/effect.js';
import type { Backend } from '../../dsl/compile/backend.js';
import type { Exact } from '../../internal/exact.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { exactly } from '../../internal/decode.js';
import { F, type t, TE, type taskEither } from '../../internal/fp.js';

type Acquire = taskEither.TaskEither<NoisefoldError, Backend>;

const HINT = 'check the spelling, and omit fields that you do not need';

/**
 * Makes a backend function from its options codec and its acquire effect. The options may be omitted. Fails with
 * `ConfigError` if the codec rejects them.
 */
export const withOptions = <A>(
  where: string,
  options: t.Decoder<unknown, A>,
  acquire: (options: A) => Acquire,
): (<G = unknown>(given?: Exact<G, keyof A> & A) => Task<Backend>) =>
  F.flow(optionsOf({ where, options, hint: HINT }), TE.fromEither, TE.flatMap(acquire), task);

/** The options of backends that have no options. */
export type NoOptions = Readonly<Record<PropertyKey, never>>;
export const noOptions: t.Type<NoOptions> = exactly({}) as t.Type<unknown> as t.Type<NoOptions>; // an object without fields
