/** Shaders of primitives that are neither regions nor anchors: one thread for each of some numbers. */
import type { Plan, View } from '../../../dsl/plan.js';
import { isReadAlone } from '../access.js';
import type { Binding, GpuKernel } from '../dispatch.js';

/** A kernel of one thread for each number below `threads`. */
export interface Threads {
  readonly threads: number;
  /** Statements of thread `i`, a `u32`, with the elements of views by `at`. */
  readonly body: string;
}

/** An element of a view by a number counted from the view's offset, as WGSL: `at(view, 'i + 1u')`. */
export type At = (view: View, index: string) => string;

const WORKGROUP = 64;

/** Numbers of workgroups along x and y, for so many in all. */
const grid = (workgroups: number, most: number): readonly [number, number, number] => {
  const rows = Math.ceil(workgroups / most);
  return [Math.ceil(workgroups / rows), rows, 1];
};

/** The kernel of a call: `write` says what each thread does. */
export const threadsKernel = (
  name: string,
  plan: Plan,
  limits: { readonly maxComputeWorkgroupsPerDimension: number },
  views: readonly View[],
  output: View,
  write: (at: At) => Threads,
): GpuKernel => {
  // the same buffer may be bound once only
  const buffers = [...new Set([...views, output].map(({ buffer }) => buffer))];
  const at: At = ({ buffer, offset }, index) =>
    `b${buffers.indexOf(buffer)}[${offset === 0 ? index : `${offset}u + ${index}`}]`;
  const { threads, body } = write(at);
  const bindings = buffers.map((buffer): Binding => ({
    resource: { kind: 'buffers', buffers: [buffer] },
    writable: buffer === output.buffer || !isReadAlone(plan.buffers[buffer]!),
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
