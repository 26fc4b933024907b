/** A device with its errors as values. */
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import type { Acquired } from './adapter.js';

export interface Gpu extends Acquired {
  /** A binding of a storage buffer begins at a multiple of so many elements. */
  readonly alignment: number;
  /** The error that ended the device, once it is lost; null while it lives, and after `destroy`. */
  readonly lost: () => NoisefoldError | null;
  /** Does something with the device; the promise says what of it has failed, or null. */
  readonly guarded: (where: string, work: () => void) => Promise<NoisefoldError | null>;
  /** What a promise of the device was rejected for: often that the device is lost. */
  readonly rejected: (where: string, thrown: unknown) => Promise<NoisefoldError>;
  readonly destroy: () => void;
}

const BACKEND = 'the webgpu backend';

const lostError = ({ reason, message }: GPUDeviceLostInfo): NoisefoldError =>
  failure('BackendFailure', {
    where: BACKEND,
    expected: 'a live device',
    actual: `one that is lost (${reason}${message === '' ? '' : `: ${message}`})`,
    hint: 'acquire the backend again, and go on from the last checkpoint',
  });

const HINTS = {
  'out-of-memory': 'use a smaller batch, or release values that are not needed',
  validation: 'this is a defect of noisefold: please report it with this message',
  internal: 'the driver could not do it: use a smaller batch, or another backend',
} as const satisfies Readonly<Record<GPUErrorFilter, string>>;

const SCOPES = ['internal', 'validation', 'out-of-memory'] as const;

/** Errors of one kind are pages long, and say the most in the beginning. */
const LONGEST = 500;

/** An element takes four bytes. */
const elementsOf = (bytes: number): number => Math.ceil(bytes / 4);

export const gpuOf = ({ device, info, from }: Acquired): Gpu => {
  let loss: NoisefoldError | null = null;
  let destroyed = false;
  void device.lost.then((lost) => {
    if (!destroyed) loss = lostError(lost);
  });

  const rejected: Gpu['rejected'] = async (where, thrown) => {
    // what is pending is rejected before the loss is told
    const isLost = (): boolean => loss !== null;
    for (let turns = 0; turns < 10 && !isLost(); turns++)
      await new Promise((next) => setTimeout(next, turns));
    return (
      loss ??
      failure('BackendFailure', {
        where,
        expected: 'an answer of the device',
        actual: thrown instanceof Error ? `${thrown.name} ${thrown.message}` : String(thrown),
        hint: 'do not use the backend after it was closed',
      })
    );
  };

  const guarded: Gpu['guarded'] = (where, work) => {
    for (const scope of SCOPES) device.pushErrorScope(scope);
    let thrown: { readonly error: unknown } | null = null;
    try {
      work();
    } catch (error) {
      thrown = { error };
    }
    // all are popped before anything else can be pushed
    const popped = [...SCOPES].reverse().map(async (scope) => {
      const error = await device.popErrorScope();
      return error === null ? null : { scope, message: error.message.slice(0, LONGEST) };
    });
    return (async () => {
      try {
        const error = (await Promise.all(popped)).find((found) => found !== null);
        if (thrown !== null) throw thrown.error;
        if (loss !== null || error === undefined || error === null) return loss;
        return failure('BackendFailure', {
          where,
          expected: 'the device to carry it out',
          actual: `${error.scope} error: ${error.message}`,
          hint: HINTS[error.scope],
        });
      } catch (error) {
        return rejected(where, error);
      }
    })();
  };

  return {
    device,
    info,
    from,
    alignment: Math.max(16, elementsOf(device.limits.minStorageBufferOffsetAlignment)),
    lost: () => loss,
    guarded,
    rejected,
    destroy: () => {
      destroyed = true;
      device.destroy();
    },
  };
};
