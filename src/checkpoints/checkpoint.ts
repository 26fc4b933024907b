/** Checkpoints: snapshots as safetensors files. A file is replaced completely or not at all. */
import { task, type Task } from '../dsl/run/effect.js';
import type { Rounding } from '../dsl/plan/backend.js';
import type { NoisefoldError } from '../dsl/index.js';
import { attempt, orRaise, raise } from '../internal/errors.js';
import { decode, finite, hostKey, type Mismatch, natural, positive } from '../internal/decode.js';
import { E, type either, F, t, TE } from '../internal/fp.js';
import { gen, take } from '../internal/gen.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../formats/safetensors/safetensors.js';
import { checkData, oddNumber, RUINED } from '../formats/safetensors/safetensorsLayout.js';
import { ownFileExists } from '../node/files.js';
import { withTensors, writeTensors } from '../node/tensorStream.js';
import { part } from '../internal/parts.js';
import { argument, optional, record } from '../internal/schema.js';
import { json } from '../internal/json/json.js';
import type { Snapshot } from './snapshot.js';
import { errorAt, wordsOf } from '../formats/safetensors/words.js';

const position = { step: natural, batch: positive, key: hostKey };

const hints = {
  write: 'give the snapshot of a run, and a config that is JSON',
  read: 'give a checkpoint that noisefold wrote',
};

/** The version of the checkpoint format. Raise it when the meaning of a field changes. */
export const CHECKPOINT = 'noisefold-checkpoint-1';

/** A snapshot without its tensors, in a file. */
export const words = wordsOf({
  format: CHECKPOINT,
  fields: {
    ...position,
    config: json,
    rounding: optional(
      t.keyof({ fused: null, separate: null } satisfies Record<Rounding, null>, "'fused' or 'separate'"),
    ),
    settings: optional(json),
    heldOut: optional(finite),
    firstLosses: optional(record({ count: natural, mean: finite })),
  },
  texts: { rounding: t.string },
  hints,
});

const snapshots = argument(
  'encodeCheckpoint',
  part<Snapshot>('a snapshot', 'step', 'key', 'batch', 'tensors'),
  'give the snapshot of a run',
);

/** The metadata of a snapshot. Returns a `ConfigError` for a field that could not be read back unchanged. */
const metadataOf = (snapshot: Snapshot) =>
  F.pipe(
    snapshots.decode(snapshot),
    E.flatMap(({ step, key, batch, config, settings, rounding, heldOut, firstLosses }) =>
      words.write('encodeCheckpoint', { step, key, batch, config, settings, rounding, heldOut, firstLosses }),
    ),
  );

/**
 * Raises an error for NaN or infinity. The state of a run is always finite, and a run cannot recover from NaN.
 */
const checkFinite = (tag: 'ConfigError' | 'DecodeError', where: string, tensors: Snapshot['tensors']): void => {
  for (const [name, tensor] of tensors) {
    const odd = oddNumber(tensor, true);
    if (odd !== null) raise(tag, { where: `${where}: ${name}`, hint: RUINED, ...odd });
  }
};

/**
 * The bytes of a checkpoint: the same snapshot gives the same bytes, and {@link decodeCheckpoint} reads them back.
 * Returns a `ConfigError` for a field that could not be read back unchanged: a config that is not JSON, a step or a key
 * that is not an integer, a tensor whose shape does not match its data, or that contains NaN or infinity.
 * @example
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * unwrap(decodeCheckpoint('memory')(unwrap(encodeCheckpoint(snapshot)))) // → snapshot
 * const unread = encodeCheckpoint({ ...snapshot, config: { rate: NaN } })
 * isLeft(unread) && unread.left.where // → 'encodeCheckpoint: config.rate'
 */
export const encodeCheckpoint = (snapshot: Snapshot): either.Either<NoisefoldError, Uint8Array> =>
  attempt(() => {
    const metadata = orRaise(metadataOf(snapshot));
    const { tensors } = snapshot;
    const bytes = orRaise(encodeSafetensors({ tensors, metadata }));
    checkFinite('ConfigError', 'encodeCheckpoint', tensors);
    return bytes;
  });

/**
 * Decodes the bytes of a checkpoint; `where` names their source in messages. Returns a `DecodeError` for other bytes.
 * @example
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * const decode = decodeCheckpoint('memory')
 * unwrap(decode(unwrap(encodeCheckpoint(snapshot)))).step // → 400
 * const wrong = decode(Uint8Array.of(1, 2, 3))
 * isLeft(wrong) && wrong.left._tag // → 'DecodeError'
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
 * Writes a checkpoint to a temporary file, tensor by tensor, and then renames it. If writing fails, the old file stays
 * intact. Fails with the `ConfigError` of {@link encodeCheckpoint}, and with `FileError`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}.safetensors`
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * unwrap(await saveCheckpoint(path)(snapshot)()) // → undefined
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
 * Reads a checkpoint of any size from a file. Fails with `FileError`, also if there is no file, and with `DecodeError`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}.safetensors`
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * unwrap(await saveCheckpoint(path)(snapshot)())
 * unwrap(await loadCheckpoint(path)()) // → snapshot
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

/** Reads a checkpoint without its tensors. Fails with `FileError` or `DecodeError`. */
export const readProgress = (path: string): Task<Omit<Snapshot, 'tensors'>> =>
  withTensors(path, { finite: true }, ({ metadata }) => TE.fromEither(words.read(path, metadata)));

/**
 * Reads the checkpoint at a path; null if the path does not exist, so that the run begins anew. Fails with `FileError` for
 * a folder, a pipe, a link, or a file without permission, and with `DecodeError` for a damaged checkpoint.
 * @example unwrap(await findCheckpoint('missing.safetensors')()) // → null
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

/** The paths of checksums, whose values are not shown in errors. */
const CHECKSUM = /^settings\.(data\.images|groups)$|^config\.noising\.(betas|timesteps|levels)$/;

/** Finds the first difference between two JSON values. Skips settings that are null on one side: null means unknown. */
export const difference = (path: string, expected: unknown, actual: unknown): Mismatch | undefined => {
  if (isFields(expected) && isFields(actual) && Array.isArray(expected) === Array.isArray(actual))
    return Object.keys({ ...expected, ...actual })
      .map((name) => difference(`${path}.${name}`, expected[name], actual[name]))
      .find((message) => message !== undefined);
  if (path.startsWith('settings.') && (expected === null || actual === null)) return undefined;
  const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
  if (show(expected) === show(actual)) return undefined;
  return CHECKSUM.test(path)
    ? {
        path,
        expected: `the ${path.split('.').at(-1)} that the run began with`,
        actual: 'other values',
      }
    : { path, expected: show(expected), actual: show(actual) };
};

/** Hints for resuming a snapshot on a backend with another rounding. */
const backTo = {
  separate: 'resume on wasm({ portable: true })',
  fused: 'resume on wasm() without `portable`, on a machine and an engine with fused multiply-add',
} satisfies Record<Rounding, string>;

/** The configuration of a snapshot in the form of that of its run, if it is from before conditions had names. */
const inFormOf = (run: unknown, config: unknown): unknown => {
  if (!isFields(run) || !isFields(config) || !('conditionDropout' in run && 'labelDropout' in config)) return config;
  const { labelDropout: conditionDropout, classes: _, condition: __, ...rest } = config;
  const { conditions, made } = run; // the shapes of the parameters, which are compared too, depend on them
  return { ...rest, conditions, made, conditionDropout };
};

/**
 * Compares a snapshot with the run that resumes from it. Key, batch and configuration must be equal; settings and
 * rounding too, if both sides have them. The field `step` must equal the tensor `step`. Returns a `CheckpointMismatch` at
 * the first difference, and a `ConfigError` for an invalid step, key or batch, and for a tensor whose data do not match
 * its shape and dtype, or contain NaN or infinity.
 * @example
 * const snapshot: Snapshot = { step: 400, key: key(7), batch: 32, config: null, tensors: new Map() }
 * const resumed = resumable(snapshot, { ...snapshot, batch: 64 })
 * isLeft(resumed) && resumed.left.where // → 'checkpoint of step 400: batch'
 */
export const resumable = (
  snapshot: Snapshot,
  run: Pick<Snapshot, 'key' | 'batch' | 'config' | 'settings' | 'rounding'>,
): either.Either<NoisefoldError, Snapshot> =>
  attempt(() => {
    const { step, key, batch, settings, rounding, tensors } = snapshot;
    orRaise(E.mapLeft(errorAt('ConfigError', 'from', hints.write))(decode(record(position))({ step, key, batch })));
    const where = `checkpoint of step ${step}`;
    const refuse = ({ path, expected, actual }: Mismatch, hint: string): never =>
      raise('CheckpointMismatch', { where: `${where}: ${path}`, expected, actual, hint });
    for (const [name, tensor] of tensors) checkData(name, tensor, where);
    checkFinite('ConfigError', where, tensors);
    const counted = tensors.get('step')?.data[0] ?? step; // `matching` reports a missing tensor
    if (counted !== step) refuse({ path: 'step', expected: `${step}`, actual: `${counted}` }, 'use another checkpoint');
    for (const field of ['key', 'batch', 'config', 'settings'] as const) {
      if (field === 'settings' && (run.settings === undefined || settings === undefined)) continue;
      const known = field === 'config' ? inFormOf(run.config, snapshot.config) : snapshot[field];
      const message = difference(field, run[field], known);
      const hint =
        field === 'config' || field === 'settings'
          ? 'resume with the configuration that the run began with, or allow another with `allowOtherSettings: true`'
          : 'resume with the key and the batch size that the run began with';
      if (message !== undefined) refuse(message, hint);
    }
    if (rounding !== undefined && run.rounding !== undefined && rounding !== run.rounding) {
      const [expected, actual] = [`${run.rounding}, as on this backend`, `${rounding}, which gives other bits`];
      const hint = `${backTo[rounding]}, or allow other bits with \`allowOtherRounding: true\``;
      refuse({ path: 'rounding', expected, actual }, hint);
    }
    return snapshot;
  });
