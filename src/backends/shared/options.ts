/** Decodes the options of backends, which may be anything if they come from JavaScript. */
import { task, type Task } from '../../dsl/run/effect.js';
import type { Backend } from '../../dsl/plan/backend.js';
import type { Exact } from '../../internal/exact.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { F, TE, type taskEither } from '../../internal/fp.js';
import { type Fields, type Filled, schema } from '../../internal/schema.js';

type Acquire = taskEither.TaskEither<NoisefoldError, Backend>;

/**
 * Makes a backend function `where` from its options and its acquire effect. The options may be omitted. Fails with
 * `ConfigError` for other options.
 */
export const withOptions = <O extends object, Fs extends Fields = Fields>(
  where: string,
  fields: Fs,
  acquire: (options: Filled<Fs, O>) => Acquire,
): (<G = unknown>(options?: Exact<G, keyof O> & O) => Task<Backend>) =>
  F.flow(schema(where, fields).decode<O>, TE.fromEither, TE.flatMap(acquire), task);

/** The options of backends that have no options. */
export type NoOptions = Readonly<Record<PropertyKey, never>>;
