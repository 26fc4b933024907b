/** WebGPU in Node for all that the bench runs: one instance, of which each of them asks the same adapter. */

/** Offers it as browsers do, before tfjs is loaded, which looks for it once. Null where there is no adapter. */
export const offerWebGpu = async (): Promise<GPUAdapterInfo | null> => {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  return adapter?.info ?? null;
};

/** What is asked of devices in some time, by whomever. */
export interface Asked {
  readonly dispatches: number;
  readonly submissions: number;
  /** Milliseconds of the host from the beginning of lists of commands to their submission. */
  readonly milliseconds: number;
}

interface Patched {
  readonly GPUComputePassEncoder: { readonly prototype: GPUComputePassEncoder };
  readonly GPUQueue: { readonly prototype: GPUQueue };
  readonly GPUDevice: { readonly prototype: GPUDevice };
}

/** Counts what `run` asks of devices. */
export const asked = async (run: () => Promise<unknown>): Promise<Asked> => {
  const { GPUComputePassEncoder, GPUQueue, GPUDevice } = globalThis as unknown as Patched; // of Dawn
  const [pass, queue, device] = [GPUComputePassEncoder.prototype, GPUQueue.prototype, GPUDevice.prototype];
  const { dispatchWorkgroups } = pass;
  const { submit } = queue;
  const { createCommandEncoder } = device;
  let [dispatches, submissions, milliseconds] = [0, 0, 0];
  let since: number | null = null;
  pass.dispatchWorkgroups = function counted(...workgroups) {
    dispatches++;
    return dispatchWorkgroups.apply(this, workgroups);
  };
  device.createCommandEncoder = function timed(...given) {
    since ??= performance.now();
    return createCommandEncoder.apply(this, given);
  };
  queue.submit = function counted(commands) {
    const result = submit.call(this, commands);
    submissions++;
    if (since !== null) milliseconds += performance.now() - since;
    since = null;
    return result;
  };
  try {
    await run();
  } finally {
    Object.assign(pass, { dispatchWorkgroups });
    Object.assign(queue, { submit });
    Object.assign(device, { createCommandEncoder });
  }
  return { dispatches, submissions, milliseconds };
};
