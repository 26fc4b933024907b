/** The backend, in words. */
import type { WhyWasm } from '../shared/messages.js';
import type { Learning } from './learning.js';

const BACKENDS: Readonly<Record<string, string>> = { webgpu: 'on WebGPU', wasm: 'on WebAssembly' };

/** The reasons for WebAssembly in place of WebGPU. */
const REASONS: Readonly<Record<WhyWasm, string>> = {
  absent: 'Your browser has no usable GPU.',
  software: 'Your browser emulates its GPU in software, which is slower than its CPU.',
  failed: 'The GPU could not run the network.',
  lost: 'The GPU was lost twice.',
};

/** The words of the chip. */
export const backendOf = ({ backend, threads }: Learning): string => {
  if (backend === null) return 'Getting ready…';
  const name = BACKENDS[backend] ?? backend;
  return threads === null ? name : `${name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
};

/** An explanation of the backend: its device, and the reason for it. */
export const whyOf = ({ backend, threads, why }: Learning): string => {
  if (backend === null) return 'The page looks for a GPU.';
  if (threads === null) return 'All networks of this page run on your GPU, in WGSL that noisefold generates.';
  const one = threads > 1 ? '' : ' It has one thread, because the page is not isolated from others.';
  return `${why === null ? 'The URL asks for the CPU.' : REASONS[why]} noisefold generates WebAssembly for your CPU.${one}`;
};
