/**
 * Access modes of shader bindings. In one dispatch, the bindings to parts of one GPU buffer must either all be writable
 * or all be read-only. So arena buffers are always `read_write`. Inputs and constants are `read` unless they are
 * written, because one value may be passed for two inputs.
 */
import type { Buffer } from '../../dsl/compile/plan.js';

/** True if a buffer that the shader does not write is bound as read-only. */
export const isReadOnly = ({ storage }: Buffer): boolean => storage.kind === 'input' || storage.kind === 'constant';

/** Sets the access modes of the storage bindings that the code declares. */
export const withAccess = (code: string, accessOf: (binding: number) => 'read' | 'read_write'): string =>
  code.replace(
    /@binding\((\d+)\) var<storage, (?:read|read_write)>/g,
    (_, binding: string) => `@binding(${binding}) var<storage, ${accessOf(Number(binding))}>`,
  );
