/** Options of backends, from TypeScript or not: decoded, by one rule for all. */
import { task, type Task } from '../../dsl/effect.js';
import type { Backend } from '../../dsl/backend.js';
import type { NoisefoldError } from '../../dsl/errors.js';
import { optionsOf } from '../../dsl/options.js';
import { exactly } from '../../internal/decode.js';
import { F, type t, TE, type taskEither } from '../../internal/fp.js';

type Acquire = taskEither.TaskEither<NoisefoldError, Backend>;

const HINT = 'leave out what is not needed, and see to its spelling';

/** A backend of some options, all of which may be left out; `ConfigError` of those that its codec does not take. */
export const withOptions = <A>(
  where: string,
  options: t.Decoder<unknown, A>,
  acquire: (options: A) => Acquire,
): ((given?: A) => Task<Backend>) =>
  F.flow(optionsOf({ where, options, hint: HINT }), TE.fromEither, TE.flatMap(acquire), task);

/** Of backends that have none. */
export type NoOptions = Readonly<Record<string, never>>;
export const noOptions: t.Type<NoOptions> = exactly({}) as t.Type<unknown> as t.Type<NoOptions>; // nothing is in it
