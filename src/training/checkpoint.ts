/** Checkpoints: snapshots as safetensors files, replaced as a whole or not at all. */
import { task, type Task } from '../dsl/effect.js';
import { fail, failure, type NoisefoldError } from '../dsl/index.js';
import { decode, exactly, exactTuple, type Mismatch } from '../internal/decode.js';
import { E, type either, F, t, TE } from '../internal/fp.js';
import { readBytes, writeAtomically } from './files.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';
import type { Snapshot } from './snapshot.js';

/** What a checkpoint says of itself; it changes when its meaning does. */
const FORMAT = 'noisefold-checkpoint-1';

const Metadata = exactly(
  { format: t.literal(FORMAT), step: t.string, key: t.string, batch: t.string, config: t.string },
  { crc32: t.string },
);

const Header = exactly({
  step: t.number,
  batch: t.number,
  key: exactTuple([t.number, t.number], 'two words'),
});

const parse = (text: string): either.Either<string, unknown> =>
  E.tryCatch(
    (): unknown => JSON.parse(text),
    () => text,
  );

/**
 * The bytes of a checkpoint: the same snapshot gives the same bytes.
 *
 * @example
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * pipe(encodeCheckpoint(snapshot), E.flatMap(decodeCheckpoint('memory'))) // → E.right(snapshot)
 */
export const encodeCheckpoint = ({
  step,
  key,
  batch,
  config,
  tensors,
}: Snapshot): either.Either<NoisefoldError, Uint8Array> =>
  encodeSafetensors({
    tensors,
    metadata: {
      format: FORMAT,
      step: JSON.stringify(step),
      key: JSON.stringify(key),
      batch: JSON.stringify(batch),
      config: JSON.stringify(config),
    },
  });

const foreign = (where: string, expected: string, actual: string): NoisefoldError =>
  failure('DecodeError', { where, expected, actual, hint: 'give a checkpoint that noisefold wrote' });

/**
 * Reads the bytes of a checkpoint; `where` names them in messages. `DecodeError`.
 *
 * @example
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * const decode = decodeCheckpoint('memory')
 * pipe(encodeCheckpoint(snapshot), E.flatMap(decode), E.map(({ step }) => step)) // → E.right(400)
 * pipe(decode(Uint8Array.of(1, 2, 3)), E.mapLeft(({ _tag }) => _tag)) // → E.left('DecodeError')
 */
export const decodeCheckpoint =
  (where: string) =>
  (bytes: Uint8Array): either.Either<NoisefoldError, Snapshot> =>
    F.pipe(
      decodeSafetensors(where)(bytes),
      E.flatMap(({ tensors, metadata }) =>
        F.pipe(
          decode(Metadata)(metadata),
          E.mapLeft(({ path, expected, actual }) =>
            foreign(`${where}: ${path || 'metadata'}`, expected, actual),
          ),
          E.flatMap(({ step, key, batch, config }) =>
            F.pipe(
              E.Do,
              E.bind('fields', () =>
                F.pipe(
                  E.sequenceArray([parse(step), parse(key), parse(batch)]),
                  E.mapLeft((actual) => foreign(where, 'JSON', actual)),
                  E.flatMap(([s, k, b]) =>
                    E.mapLeft(
                      ({ path, expected, actual }: { path: string; expected: string; actual: string }) =>
                        foreign(`${where}: ${path}`, expected, actual),
                    )(decode(Header)({ step: s, key: k, batch: b })),
                  ),
                ),
              ),
              E.bind('json', () =>
                E.mapLeft((actual: string) => foreign(`${where}: config`, 'JSON', actual))(parse(config)),
              ),
              E.map(({ fields, json }): Snapshot => ({ ...fields, config: json, tensors })),
            ),
          ),
        ),
      ),
    );

/**
 * Writes a checkpoint aside and puts it in place. The old file is whole until then, whatever happens.
 * `FileError`.
 *
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}.safetensors`
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * await saveCheckpoint(path)(snapshot)() // → E.right(undefined)
 */
export const saveCheckpoint =
  (path: string) =>
  (snapshot: Snapshot): Task<void> =>
    F.pipe(
      TE.fromEither(encodeCheckpoint(snapshot)),
      TE.flatMap((bytes) => writeAtomically(path, bytes)),
      task,
    );

/**
 * Reads a checkpoint from a file. `FileError`, `DecodeError`.
 *
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}.safetensors`
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * await pipe(saveCheckpoint(path)(snapshot), TE.flatMap(() => loadCheckpoint(path)))() // → E.right(snapshot)
 */
export const loadCheckpoint = (path: string): Task<Snapshot> =>
  F.pipe(readBytes(path), TE.flatMapEither(decodeCheckpoint(path)), task);

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The first place where two JSON values differ. */
const difference = (path: string, expected: unknown, actual: unknown): Mismatch | undefined => {
  if (isFields(expected) && isFields(actual))
    return Object.keys({ ...expected, ...actual })
      .map((name) => difference(`${path}.${name}`, expected[name], actual[name]))
      .find((found) => found !== undefined);
  const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
  return show(expected) === show(actual)
    ? undefined
    : { path, expected: show(expected), actual: show(actual) };
};

/**
 * Holds a snapshot against the run that is to go on from it: its key, batch and configuration must be the
 * same. `CheckpointMismatch`.
 *
 * @example
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * const resumed = resumable(snapshot, { ...snapshot, batch: 64 })
 * pipe(resumed, E.mapLeft(({ where }) => where)) // → E.left('checkpoint of step 400: batch')
 */
export const resumable = (
  snapshot: Snapshot,
  run: Pick<Snapshot, 'key' | 'batch' | 'config'>,
): either.Either<NoisefoldError, Snapshot> => {
  const differing = (['key', 'batch', 'config'] as const)
    .map((field) => difference(field, run[field], snapshot[field]))
    .find((found) => found !== undefined);
  return differing === undefined
    ? E.right(snapshot)
    : fail('CheckpointMismatch', {
        where: `checkpoint of step ${snapshot.step}: ${differing.path}`,
        expected: differing.expected,
        actual: differing.actual,
        hint: 'resume with the configuration that the run began with',
      });
};
