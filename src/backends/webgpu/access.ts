/**
 * How bindings of a shader are declared. WebGPU allows that several bindings of one dispatch may write to parts of
 * a buffer, or that they all only read it: so what lies in the arena is `read_write`, and what a run is given, or
 * never changes, is `read`, as the same value may be given for two inputs.
 */
import type { Buffer } from '../../dsl/plan.js';

/** Whether memory of a buffer that is not written is bound for reading alone. */
export const isReadAlone = ({ storage }: Buffer): boolean =>
  storage.kind === 'input' || storage.kind === 'constant';

/** Code whose storage bindings are declared as `accessOf` says. */
export const declaring = (code: string, accessOf: (binding: number) => 'read' | 'read_write'): string =>
  code.replace(
    /@binding\((\d+)\) var<storage, (?:read|read_write)>/g,
    (_, binding: string) => `@binding(${binding}) var<storage, ${accessOf(Number(binding))}>`,
  );
