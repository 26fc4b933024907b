/** A device that reports its errors as values. */
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import type { Acquired } from './adapter.js';

export interface Gpu extends Acquired {
  /** Required alignment of storage bindings, in elements. */
  readonly alignment: number;
  /** Returns the error with which the device was lost, or null. `destroy` does not count as a loss. */
  readonly lost: () => NoisefoldError | null;
  /** Runs `work` inside error scopes. The promise resolves to its first error, or null. */
  readonly guarded: (where: string, work: () => void) => Promise<NoisefoldError | null>;
  /** Turns the rejection of a device promise into an error. Often the cause is the loss of the device. */
  readonly rejected: (where: string, thrown: unknown) => Promise<NoisefoldError>;
  readonly destroy: () => void;
}

/** Submits commands as one command buffer. */
export const submit = (device: GPUDevice, encodeInto: (encoder: GPUCommandEncoder) => void): void => {
  const encoder = device.createCommandEncoder();
  encodeInto(encoder);
  device.queue.submit([encoder.finish()]);
};

const BACKEND = 'the webgpu backend';

const lostError = ({ reason, message }: GPUDeviceLostInfo): NoisefoldError =>
  failure('BackendFailure', {
    where: BACKEND,
    expected: 'a live device',
    actual: `one that was lost (${reason}${message === '' ? '' : `: ${message}`})`,
    hint: 'acquire the backend again, and resume from the last checkpoint',
  });

const HINTS = {
  'out-of-memory': 'use a smaller batch, or release values that are no longer needed',
  validation: 'this is a bug in noisefold: please report it with this message',
  internal: 'the driver failed: use a smaller batch, or another backend',
} as const satisfies Readonly<Record<GPUErrorFilter, string>>;

const SCOPES = ['internal', 'validation', 'out-of-memory'] as const;

/** Maximum length of a device message. Some are pages long, with the important part at the start. */
const MAX_MESSAGE_LENGTH = 500;

const elementsOf = (bytes: number): number => Math.ceil(bytes / 4);

export const gpuOf = ({ device, info, keepAlive }: Acquired): Gpu => {
  let loss: NoisefoldError | null = null;
  let destroyed = false;
  void device.lost.then((lost) => {
    if (!destroyed) loss = lostError(lost);
  });

  const rejected: Gpu['rejected'] = async (where, thrown) => {
    // promises are rejected before `device.lost` resolves: wait for it a few turns of the event loop
    const isLost = (): boolean => loss !== null;
    for (let attempt = 0; attempt < 10 && !isLost(); attempt++) await new Promise((next) => setTimeout(next, attempt));
    return (
      loss ??
      failure('BackendFailure', {
        where,
        expected: 'the device to respond',
        actual: thrown instanceof Error ? `${thrown.name} ${thrown.message}` : String(thrown),
        hint: 'the backend was closed or its device was lost: open it again',
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
    // pop all scopes now, before other work can push its own
    const popped = [...SCOPES].reverse().map(async (scope) => {
      const error = await device.popErrorScope();
      return error === null ? null : { scope, message: error.message.slice(0, MAX_MESSAGE_LENGTH) };
    });
    return (async () => {
      try {
        const error = (await Promise.all(popped)).find((value) => value !== null);
        if (thrown !== null) throw thrown.error;
        if (loss !== null || error === undefined || error === null) return loss;
        return failure('BackendFailure', {
          where,
          expected: 'the device to succeed',
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
    keepAlive,
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
