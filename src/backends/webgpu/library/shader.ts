/** Shaders with one thread per index `i`, for primitives that are neither regions nor anchors. */
import type { Plan, View } from '../../../dsl/compile/plan.js';
import { isReadOnly } from '../access.js';
import type { Binding, GpuKernel } from '../dispatch.js';

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

/** Arranges workgroups in two dimensions, with at most `most` in each. */
const grid = (workgroups: number, most: number): readonly [number, number, number] => {
  const rows = Math.ceil(workgroups / most);
  return [Math.ceil(workgroups / rows), rows, 1];
};

/** Makes the kernel of a call. `write` returns the code of a thread. */
export const threadsKernel = (
  name: string,
  plan: Plan,
  limits: { readonly maxComputeWorkgroupsPerDimension: number },
  views: readonly View[],
  output: View,
  write: (at: ElementAt) => Threads,
): GpuKernel => {
  // bind each buffer only once
  const buffers = [...new Set([...views, output].map(({ buffer }) => buffer))];
  const at: ElementAt = ({ buffer, offset }, index) =>
    `b${buffers.indexOf(buffer)}[${offset === 0 ? index : `${offset}u + ${index}`}]`;
  const { threads, body } = write(at);
  const bindings = buffers.map((buffer): Binding => ({
    resource: { kind: 'buffers', buffers: [buffer] },
    writable: buffer === output.buffer || !isReadOnly(plan.buffers[buffer]!),
  }));
  const declarations = buffers.map((buffer, binding) => {
    const type = plan.buffers[buffer]!.dtype === 'float32' ? 'f32' : 'i32';
    const access = bindings[binding]!.writable ? 'read_write' : 'read';
    return `@group(0) @binding(${binding}) var<storage, ${access}> b${binding}: array<${type}>;`;
  });
  const workgroups = grid(Math.ceil(threads / WORKGROUP), limits.maxComputeWorkgroupsPerDimension);
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
