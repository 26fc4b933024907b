/** Checkpoints: snapshots as safetensors files. A file is replaced as a whole or not at all. */
import { task, type Task } from '../../dsl/run/effect.js';
import { type NoisefoldError, raise, type Rounding } from '../../dsl/index.js';
import { attempt, orRaise } from '../../internal/errors.js';
import { decode, exactly, finite, type Mismatch, natural, positive } from '../../internal/decode.js';
import { E, type either, t, TE } from '../../internal/fp.js';
import { gen, take } from '../../internal/gen.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../../formats/safetensors.js';
import { oddNumber, RUINED } from '../../formats/safetensorsLayout.js';
import { ownFileExists } from '../../node/files.js';
import { withTensors, writeTensors } from '../../node/tensorStream.js';
import { hostKey, json } from '../checked.js';
import type { Snapshot } from './snapshot.js';
import { errorAt, wordsOf } from '../../formats/words.js';

const position = { step: natural, batch: positive, key: hostKey };

const hints = {
  write: 'give the snapshot of a run, and a config that is JSON',
  read: 'give a checkpoint that noisefold wrote',
};

/** The format of checkpoints; changes when their meaning does. */
export const CHECKPOINT = 'noisefold-checkpoint-1';

/** A snapshot without its tensors, in a file. */
export const words = wordsOf({
  format: CHECKPOINT,
  required: { ...position, config: json },
  optional: {
    rounding: t.keyof({ fused: null, separate: null } satisfies Record<Rounding, null>, "'fused' or 'separate'"),
    settings: json,
    heldOut: finite,
  },
  texts: { rounding: t.string },
  hints,
});

/** The words of a snapshot. `ConfigError` at a field that would not come back as it is. */
const metadataOf = ({ step, key, batch, config, settings, rounding, heldOut }: Snapshot) =>
  words.write('encodeCheckpoint', { step, key, batch, config, settings, rounding, heldOut });

/** Raises an error at a number that is not finite: a run keeps its state finite, and cannot recover from NaN. */
const checkFinite = (tag: 'ConfigError' | 'DecodeError', where: string, tensors: Snapshot['tensors']): void => {
  for (const [name, tensor] of tensors) {
    const odd = oddNumber(tensor, true);
    if (odd !== null) raise(tag, { where: `${where}: ${name}`, hint: RUINED, ...odd });
  }
};

/**
 * The bytes of a checkpoint: the same snapshot gives the same bytes, and {@link decodeCheckpoint} reads them back.
 * `ConfigError` at a field that would not come back as it is: a config that is no JSON, a step or a key that is no
 * whole number, a tensor whose shape does not fit its data, or that holds NaN or an infinity.
 * @example
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * pipe(encodeCheckpoint(snapshot), E.flatMap(decodeCheckpoint('memory'))) // → E.right(snapshot)
 * const unread = encodeCheckpoint({ ...snapshot, config: { rate: NaN } })
 * pipe(unread, E.mapLeft(({ where }) => where)) // → E.left('encodeCheckpoint: config.rate')
 */
export const encodeCheckpoint = (snapshot: Snapshot): either.Either<NoisefoldError, Uint8Array> =>
  attempt(() => {
    const { tensors } = snapshot;
    const bytes = orRaise(encodeSafetensors({ tensors, metadata: orRaise(metadataOf(snapshot)) }));
    checkFinite('ConfigError', 'encodeCheckpoint', tensors);
    return bytes;
  });

/**
 * Reads the bytes of a checkpoint; `where` names them in messages. `DecodeError`.
 * @example
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * const decode = decodeCheckpoint('memory')
 * pipe(encodeCheckpoint(snapshot), E.flatMap(decode), E.map(({ step }) => step)) // → E.right(400)
 * pipe(decode(Uint8Array.of(1, 2, 3)), E.mapLeft(({ _tag }) => _tag)) // → E.left('DecodeError')
 */
export const decodeCheckpoint =
  (where: string) =>
  (bytes: Uint8Array): either.Either<NoisefoldError, Snapshot> =>
    attempt(() => {
      const { tensors, metadata } = orRaise(decodeSafetensors(where)(bytes));
      const progress = orRaise(words.read(where, metadata));
      checkFinite('DecodeError', where, tensors);
      return { ...progress, tensors };
    });

/**
 * Writes a checkpoint to a temporary file, tensor by tensor, and renames it. The old file stays whole until then, and
 * stays if the snapshot cannot be written. `ConfigError` as of {@link encodeCheckpoint}; `FileError`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}.safetensors`
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * await saveCheckpoint(path)(snapshot)() // → E.right(undefined)
 */
export const saveCheckpoint =
  (path: string) =>
  (snapshot: Snapshot): Task<void> =>
    task(
      gen(function* () {
        const metadata = yield* take(metadataOf(snapshot));
        yield* take(writeTensors(path, { tensors: snapshot.tensors, metadata }, { finite: true }));
      }),
    );

/**
 * Reads a checkpoint of any size from a file. `FileError`, also if there is none; `DecodeError`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}.safetensors`
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * await pipe(saveCheckpoint(path)(snapshot), TE.flatMap(() => loadCheckpoint(path)))() // → E.right(snapshot)
 */
export const loadCheckpoint = (path: string): Task<Snapshot> =>
  withTensors(path, { finite: true }, ({ entries, metadata, tensor }) =>
    gen(function* () {
      const progress = yield* take(words.read(path, metadata));
      const tensors = new Map<string, StoredTensor>();
      for (const [name, entry] of entries) tensors.set(name, yield* take(tensor(entry)));
      return { ...progress, tensors };
    }),
  );

/** Reads a checkpoint without its tensors. `FileError`, `DecodeError`. */
export const readProgress = (path: string): Task<Omit<Snapshot, 'tensors'>> =>
  withTensors(path, { finite: true }, ({ metadata }) => TE.fromEither(words.read(path, metadata)));

/**
 * Reads the checkpoint at a path, or gives null if nothing has this name: for a run that goes on, or begins. A
 * checkpoint that cannot be read is an error: `FileError` for a folder, a pipe, a link, or a file without permission;
 * `DecodeError`.
 * @example
 * await findCheckpoint('missing.safetensors')() // → E.right(null)
 */
export const findCheckpoint = (path: string): Task<Snapshot | null> =>
  task(
    gen(function* () {
      return (yield* take(ownFileExists(path))) ? yield* take(loadCheckpoint(path)) : null;
    }),
  );

/** True for a record, or a list with records in it. A list of numbers is compared as a whole. */
const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !(Array.isArray(value) && value.every((x) => typeof x !== 'object'));

/** The paths of checksums, whose numbers say nothing. */
const CHECKSUM = /^settings\.(data\.images|groups)$|^config\.process\.(betas|timesteps)$/;

/** Finds the first difference of two JSON values. A setting that is null on one side is unknown, and not compared. */
export const difference = (path: string, expected: unknown, actual: unknown): Mismatch | undefined => {
  if (isFields(expected) && isFields(actual) && Array.isArray(expected) === Array.isArray(actual))
    return Object.keys({ ...expected, ...actual })
      .map((name) => difference(`${path}.${name}`, expected[name], actual[name]))
      .find((found) => found !== undefined);
  if (path.startsWith('settings.') && (expected === null || actual === null)) return undefined;
  const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
  if (show(expected) === show(actual)) return undefined;
  return CHECKSUM.test(path)
    ? { path, expected: `the ${path.split('.').at(-1)} that the run began with`, actual: 'others' }
    : { path, expected: show(expected), actual: show(actual) };
};

/** Ways to go on from a snapshot whose rounding differs from that of the backend. */
const backTo = {
  separate: 'resume on wasm({ portable: true })',
  fused: 'resume on wasm() without `portable`, on a machine and an engine with fused multiply-add',
} satisfies Record<Rounding, string>;

/**
 * Compares a snapshot with the run that resumes from it: key, batch and configuration must be the same, and also
 * settings and rounding if both have them. `CheckpointMismatch` at the first difference; `ConfigError` for an invalid
 * step, key or batch.
 * @example
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * const resumed = resumable(snapshot, { ...snapshot, batch: 64 })
 * pipe(resumed, E.mapLeft(({ where }) => where)) // → E.left('checkpoint of step 400: batch')
 */
export const resumable = (
  snapshot: Snapshot,
  run: Pick<Snapshot, 'key' | 'batch' | 'config' | 'settings' | 'rounding'>,
): either.Either<NoisefoldError, Snapshot> =>
  attempt(() => {
    const { step, key, batch, settings, rounding } = snapshot;
    orRaise(E.mapLeft(errorAt('ConfigError', 'from', hints.write))(decode(exactly(position))({ step, key, batch })));
    const refuse = ({ path, expected, actual }: Mismatch, hint: string): never =>
      raise('CheckpointMismatch', { where: `checkpoint of step ${step}: ${path}`, expected, actual, hint });
    for (const field of ['key', 'batch', 'config', 'settings'] as const) {
      if (field === 'settings' && (run.settings === undefined || settings === undefined)) continue;
      const found = difference(field, run[field], snapshot[field]);
      const hint =
        field === 'config' || field === 'settings'
          ? 'resume with the configuration that the run began with, or accept another by `anySettings: true`'
          : 'resume with the key and the batch that the run began with';
      if (found !== undefined) refuse(found, hint);
    }
    if (rounding !== undefined && run.rounding !== undefined && rounding !== run.rounding) {
      const [expected, actual] = [`${run.rounding}, as on this backend`, `${rounding}, which gives other bits`];
      const hint = `${backTo[rounding]}, or accept other bits by \`anyRounding: true\``;
      refuse({ path: 'rounding', expected, actual }, hint);
    }
    return snapshot;
  });
