/** WebGPU in Node: one instance for everything in the bench, so that all use the same adapter. */

/** Installs `navigator.gpu`, before tfjs looks for it while it loads. Null if there is no adapter. */
export const offerWebGpu = async (): Promise<GPUAdapterInfo | null> => {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  return adapter?.info ?? null;
};

/** Counts of GPU commands on all devices. */
export interface Asked {
  readonly dispatches: number;
  readonly submissions: number;
  /** Host milliseconds from the start of command lists to their submission. */
  readonly milliseconds: number;
}

interface Patched {
  readonly GPUComputePassEncoder: { readonly prototype: GPUComputePassEncoder };
  readonly GPUQueue: { readonly prototype: GPUQueue };
  readonly GPUDevice: { readonly prototype: GPUDevice };
}

/** Counts the GPU commands of `run`. */
export const asked = async (run: () => Promise<unknown>): Promise<Asked> => {
  const { GPUComputePassEncoder, GPUQueue, GPUDevice } = globalThis as unknown as Patched; // from Dawn
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
  device.createCommandEncoder = function timed(...args) {
    since ??= performance.now();
    return createCommandEncoder.apply(this, args);
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
