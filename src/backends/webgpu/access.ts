/**
 * How bindings of a shader are declared. WebGPU allows that several bindings of one dispatch may write to parts of
 * a buffer, or that they all only read it: so what lies in the arena is `read_write`, and what a run is given, or
 * never changes, is `read`, as the same value may be given for two inputs.
 */
import type { Buffer } from '../../dsl/plan.js';

/** Whether memory of a buffer that is not written is bound for reading alone. */
export const isReadAlone = ({ storage }: Buffer): boolean =>
  storage.kind === 'input' || storage.kind === 'constant';

/** Code with other declarations of the storage bindings that `accessOf` has an answer for. */
export const declaring = (
  code: string,
  accessOf: (binding: number) => 'read' | 'read_write' | null,
): string =>
  code.replace(/@binding\((\d+)\) var<storage, (?:read|read_write)>/g, (declaration, binding: string) => {
    const access = accessOf(Number(binding));
    return access === null ? declaration : `@binding(${binding}) var<storage, ${access}>`;
  });
