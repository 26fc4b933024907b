/** Shaders with one thread per index `i`, for primitives that are neither regions nor anchors. */
import type { Plan, View } from '../../../dsl/plan/plan.js';
import type { GpuKernel } from '../device/dispatch.js';
import { boundBuffers } from '../wgsl/access.js';
import { gridOf } from '../wgsl/code.js';
import type { ShaderLimits } from '../wgsl/shader.js';
import { elementOf } from '../wgsl/library/types.js';

/** The number of threads and the code of each one. */
export interface Threads {
  readonly threads: number;
  /** Statements of thread `i`, a `u32`. They access elements of views by `at`. */
  readonly body: string;
}

/**
 * Writes the WGSL expression for an element of a view: `at(view, 'i + 1u')`. The index counts from the view's offset.
 */
export type ElementAt = (view: View, index: string) => string;

const WORKGROUP = 64;

/** Makes the kernel of a call. `write` returns the code of a thread. */
export const threadsKernel = (
  name: string,
  plan: Plan,
  limits: ShaderLimits,
  views: readonly View[],
  output: View,
  write: (at: ElementAt) => Threads,
): GpuKernel => {
  const used = [...views, output].map(({ buffer }) => buffer);
  const { bindings, declarations, nameOf } = boundBuffers(used, output.buffer, plan.buffers, (buffer) =>
    elementOf(plan.buffers[buffer]!.dtype),
  );
  const at: ElementAt = ({ buffer, offset }, index) =>
    `${nameOf(buffer)}[${offset === 0 ? index : `${offset}u + ${index}`}]`;
  const { threads, body } = write(at);
  const workgroups = gridOf(Math.ceil(threads / WORKGROUP), limits);
  const code = `${declarations.join('\n')}
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + ${workgroups[0] * WORKGROUP}u * id.y;
  if (i >= ${threads}u) { return; }
${body}
}
`;
  return {
    name: `wgsl ${name}`,
    dispatches: threads === 0 ? [] : [{ code, bindings, workgroups }],
  };
};
